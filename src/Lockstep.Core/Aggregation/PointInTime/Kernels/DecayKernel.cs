using Lockstep.Core.Aggregation.Functions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.PointInTime.Kernels;

// exp_decay_sum and exp_decay_count: the exact sums of each hop of the group, made once. A window's lower end lies between hops; its
// upper one may lie within a hop, whose sum up to there grows with the labels.
internal sealed class DecayKernel(WindowPlan plan, int state) : SweepKernel(plan, state)
{
    struct Partial
    {
        public int Hop, Next;
        public MomentsState Sums;
    }

    readonly DecaySpec _spec = (DecaySpec)plan.States[state].Spec;
    readonly DecayAccumulator[] _states = [.. Enumerable.Range(0, plan.Windows.Count).Select(_ => new DecayAccumulator((DecaySpec)plan.States[state].Spec))];
    readonly Partial[] _partials = new Partial[plan.Windows.Count];
    SweepEvents _events = null!;
    Column? _input;
    byte[]? _passes;
    long[] _starts = new long[16];
    int[] _firsts = new int[17]; // first event of each hop, and one more
    MomentsState[] _sums = new MomentsState[16];
    int _hops;

    public override void Load(SweepEvents events)
        => (_events, _input, _passes) = (events, State.Input < 0 ? null : events.Input(State.Input), events.Passes(State.Input, State.Filter));

    public override void Begin(int start, int end)
    {
        _hops = 0;
        var times = _events.Times;
        for (var i = start; i < end; i++)
        {
            var hop = Instant.Floor(times[i], _spec.Hop);
            if (_hops == 0 || _starts[_hops - 1] != hop)
            {
                if (_hops == _starts.Length)
                {
                    Array.Resize(ref _starts, 2 * _hops);
                    Array.Resize(ref _sums, 2 * _hops);
                    Array.Resize(ref _firsts, 2 * _hops + 1);
                }
                (_starts[_hops], _firsts[_hops], _sums[_hops]) = (hop, i, default);
                _hops++;
            }
            Add(ref _sums[_hops - 1], i);
        }
        _firsts[_hops] = end;
        for (var r = 0; r < Windows.Length; r++) _partials[r] = new() { Hop = -1 };
    }

    void Add(ref MomentsState sums, int at)
    {
        if (_passes is not null && _passes[at] == 0) return;
        if (!_spec.Values) sums.Count++;
        else if (ScaledNumber.TryOf(_input!, at, out var value)) sums.Add(value, false);
        else sums.Outside++;
    }

    protected override Accumulator At(int reading, int low, int high)
    {
        var state = _states[reading];
        state.Clear();
        if (low == high) return state;
        var hop = _firsts.AsSpan(0, _hops + 1).BinarySearch(low);
        if (hop < 0) throw new InvalidOperationException("A window begins within a hop.");
        for (; hop < _hops && _firsts[hop] < high; hop++)
        {
            if (_firsts[hop + 1] <= high) state.Append(_starts[hop], _sums[hop]);
            else
            {
                ref var partial = ref _partials[reading];
                if (partial.Hop != hop) partial = new() { Hop = hop, Next = _firsts[hop] };
                for (; partial.Next < high; partial.Next++) Add(ref partial.Sums, partial.Next);
                state.Append(_starts[hop], partial.Sums);
            }
        }
        return state;
    }
}
