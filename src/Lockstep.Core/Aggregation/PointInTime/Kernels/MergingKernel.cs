using System.Buffers;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.PointInTime.Kernels;

// Any state, own aggregates too: the hops of a group are made into states once, and each window goes over them with two stacks. The
// front holds, for each hop from the window's lower end on, the state from there to the middle; the back one state from the middle on.
// When the lower end passes the middle, the front is made anew from the hops: each is merged at most three times a window.
internal sealed class MergingKernel : SweepKernel
{
    sealed class Window(AccumulatorSpec spec, long hop)
    {
        public readonly long Hop = hop;
        public readonly Accumulator Back = spec.Create(), Value = spec.Create();
        public readonly ArrayBufferWriter<byte> Hops = new(), Front = new(); // the front: the last hop first
        public int[] Firsts = new int[16];   // first event of each hop, and one more
        public int[] HopEnds = new int[16], FrontEnds = new int[16]; // where their bytes end
        public int Count, Middle, End;       // hops in all; first hop of the back; behind its last
    }

    readonly Window[] _windows;
    readonly Accumulator _one;
    SweepEvents _events = null!;
    Column? _input;
    byte[]? _passes;
    int[] _rows = new int[64];

    public MergingKernel(WindowPlan plan, int state) : base(plan, state)
    {
        _windows = [.. Windows.Select(w => new Window(State.Spec, plan.Windows[w].Hop))];
        _one = State.Spec.Create();
    }

    public override void Load(SweepEvents events)
        => (_events, _input, _passes) = (events, State.Input < 0 ? null : events.Input(State.Input), events.Passes(State.Input, State.Filter));

    public override void Begin(int start, int end)
    {
        foreach (var window in _windows)
        {
            (window.Count, window.Middle, window.End) = (0, 0, 0);
            window.Back.Clear();
            window.Hops.Clear();
            window.Front.Clear();
            for (var i = start; i < end;)
            {
                var (first, hop) = (i, Instant.Floor(_events.Times[i], window.Hop));
                while (i < end && Instant.Floor(_events.Times[i], window.Hop) == hop) i++;
                _one.Clear();
                Add(_one, first, i);
                _one.Write(window.Hops);
                if (window.Count + 2 > window.Firsts.Length)
                {
                    Array.Resize(ref window.Firsts, 2 * window.Firsts.Length);
                    Array.Resize(ref window.HopEnds, 2 * window.HopEnds.Length);
                    Array.Resize(ref window.FrontEnds, 2 * window.FrontEnds.Length);
                }
                window.Firsts[window.Count] = first;
                window.HopEnds[window.Count++] = window.Hops.WrittenCount;
            }
            window.Firsts[window.Count] = end;
        }
    }

    void Add(Accumulator to, int start, int end)
    {
        var count = 0;
        for (var i = start; i < end; i++)
        {
            if (_passes is not null && _passes[i] == 0) continue;
            if (count == _rows.Length)
            {
                to.Add(_input, _events.Times, _rows);
                count = 0;
            }
            _rows[count++] = i;
        }
        if (count > 0) to.Add(_input, _events.Times, _rows.AsSpan(0, count));
    }

    protected override Accumulator At(int reading, int low, int high)
    {
        var window = _windows[reading];
        var firsts = window.Firsts.AsSpan(0, window.Count + 1);
        var value = window.Value;
        value.Clear();
        if (low == high) return value;
        var from = firsts.BinarySearch(low);
        if (from < 0) throw new InvalidOperationException("A window begins within a hop.");
        // Whole hops: those whose last event is before the upper end.
        while (window.End < window.Count && firsts[window.End + 1] <= high) window.Back.Merge(HopBytes(window, window.End++));
        if (from >= window.Middle) Turn(window, from);
        if (from < window.Middle) value.Merge(FrontBytes(window, window.Middle - 1 - from));
        value.MergeFrom(window.Back);
        Add(value, Math.Max(low, firsts[Math.Max(window.End, from)]), high);
        return value;
    }

    void Turn(Window window, int from)
    {
        window.Front.Clear();
        window.Back.Clear();
        window.End = Math.Max(window.End, from);
        window.Middle = window.End;
        _one.Clear();
        for (var hop = window.End - 1; hop >= from; hop--)
        {
            _one.Merge(HopBytes(window, hop));
            _one.Write(window.Front);
            window.FrontEnds[window.End - 1 - hop] = window.Front.WrittenCount;
        }
    }

    static ReadOnlySpan<byte> HopBytes(Window window, int hop) => Between(window.Hops, window.HopEnds, hop);
    static ReadOnlySpan<byte> FrontBytes(Window window, int place) => Between(window.Front, window.FrontEnds, place);

    static ReadOnlySpan<byte> Between(ArrayBufferWriter<byte> bytes, int[] ends, int place)
    {
        var start = place == 0 ? 0 : ends[place - 1];
        return bytes.WrittenSpan[start..ends[place]];
    }
}
