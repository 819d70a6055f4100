using System.Numerics;
using Lockstep.Core.Aggregation.Functions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.PointInTime.Kernels;

// A value is in a window when its newest event is: entering, an event counts when the value's newest before it is not in any more;
// leaving, when it is itself the newest. Groups with more than 1,024 values also count, for each register of a HyperLogLog, the values
// in the window at each place of the first one bit, so that the registers' histogram follows the window.
internal sealed class DistinctKernel(WindowPlan plan, int state) : SweepKernel(plan, state)
{
    sealed class Window
    {
        public int[] Newest = []; // by value: place of its newest event so far
        public int Head, Tail, Count;
        public Registers? Registers;
    }

    readonly ValidEvents _valid = new();
    readonly GroupValues _values = new(byHash: true);
    readonly Window[] _windows = [.. Enumerable.Range(0, plan.Windows.Count).Select(_ => new Window())];
    Column _input = null!;
    byte[]? _passes;
    bool _large;

    public override void Load(SweepEvents events) => (_input, _passes) = (events.Input(State.Input), events.Passes(State.Input, State.Filter));

    public override void Begin(int start, int end)
    {
        _valid.Load(_passes, start, end);
        _values.Load(_input, _valid);
        _large = _values.Count > DistinctAccumulator.ExactLimit;
        for (var r = 0; r < Windows.Length; r++)
        {
            var window = _windows[r];
            if (window.Newest.Length < _values.Count) window.Newest = new int[Math.Max(_values.Count, 2 * window.Newest.Length)];
            window.Newest.AsSpan(0, _values.Count).Fill(-1);
            (window.Head, window.Tail, window.Count) = (0, 0, 0);
            if (_large) (window.Registers ??= new()).Clear();
        }
    }

    public override void Run(SweepLabels labels, int first, int end, SweepOutput to)
    {
        for (var label = first; label < end; label++)
            for (var f = 0; f < Features.Count; f++)
            {
                var window = _windows[Readings[f]];
                Move(window, _valid.Before(labels.Low(Features[f].Window)[label]), _valid.Before(labels.High(Features[f].Window)[label]));
                ((FixedColumn<long>)to.Columns[Places[f]]).Append(window.Count <= DistinctAccumulator.ExactLimit ? window.Count : window.Registers!.Estimate());
            }
    }

    void Move(Window window, int low, int high)
    {
        for (; window.Head < high; window.Head++)
        {
            var value = _values[window.Head];
            if (window.Newest[value] < window.Tail)
            {
                window.Count++;
                if (_large) window.Registers!.Add(_values.HashOf(value), 1);
            }
            window.Newest[value] = window.Head;
        }
        for (; window.Tail < low; window.Tail++)
        {
            var value = _values[window.Tail];
            if (window.Newest[value] != window.Tail) continue;
            window.Count--;
            if (_large) window.Registers!.Add(_values.HashOf(value), -1);
        }
    }

    protected override Accumulator At(int reading, int low, int high) => throw new NotSupportedException();

    /// <summary>How many values have each place of the first one bit in each register, the greatest of which is the register.</summary>
    sealed class Registers
    {
        const int Places = 54;
        readonly int[] _counts = new int[HyperLogLog.Registers * Places];
        readonly byte[] _registers = new byte[HyperLogLog.Registers];
        readonly int[] _histogram = new int[Places];

        public void Clear()
        {
            _counts.AsSpan().Clear();
            _registers.AsSpan().Clear();
            _histogram.AsSpan().Clear();
            _histogram[0] = HyperLogLog.Registers;
        }

        public void Add(ulong hash, int times)
        {
            var (register, place) = ((int)(hash >> 52), Math.Min(BitOperations.LeadingZeroCount(hash << 12) + 1, Places - 1));
            var counts = _counts.AsSpan(register * Places, Places);
            counts[place] += times;
            var (before, now) = (_registers[register], _registers[register]);
            if (times > 0) now = Math.Max(now, (byte)place);
            else
                while (now > 0 && counts[now] == 0) now--;
            if (now == before) return;
            _histogram[before]--;
            _histogram[now]++;
            _registers[register] = now;
        }

        public long Estimate() => HyperLogLog.Estimate(_histogram);
    }
}
