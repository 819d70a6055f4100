using Lockstep.Core.Aggregation.Functions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.PointInTime.Kernels;

/// <summary>trend: exact sums, added at one end and taken away at the other.</summary>
internal sealed class TrendKernel(WindowPlan plan, int state) : SweepKernel(plan, state)
{
    readonly TrendAccumulator[] _states = [.. Enumerable.Range(0, plan.Windows.Count).Select(_ => new TrendAccumulator())];
    readonly (int Head, int Tail)[] _ends = new (int, int)[plan.Windows.Count];
    SweepEvents _events = null!;
    Column _input = null!;
    byte[]? _passes;

    public override void Load(SweepEvents events) => (_events, _input, _passes) = (events, events.Input(State.Input), events.Passes(State.Input, State.Filter));

    public override void Begin(int start, int end)
    {
        for (var r = 0; r < Windows.Length; r++)
        {
            _states[r].Clear();
            _ends[r] = (start, start);
        }
    }

    protected override Accumulator At(int reading, int low, int high)
    {
        ref var sums = ref _states[reading].Writable;
        ref var ends = ref _ends[reading];
        for (; ends.Head < high; ends.Head++)
            if (_passes is null || _passes[ends.Head] != 0) sums.Add(One(ends.Head));
        for (; ends.Tail < low; ends.Tail++)
            if (_passes is null || _passes[ends.Tail] != 0) sums.Subtract(One(ends.Tail));
        return _states[reading];
    }

    TrendState One(int at)
    {
        TrendState one = default;
        if (ScaledNumber.TryOf(_input, at, out var value)) one.Add(_events.Times[at], value);
        else one.Outside = 1;
        return one;
    }
}

/// <summary>time_since_first and time_since_last: the times of the first and the last event that counts.</summary>
internal sealed class EventTimeKernel(WindowPlan plan, int state) : SweepKernel(plan, state)
{
    readonly EventTimeAccumulator[] _states = [.. Enumerable.Range(0, plan.Windows.Count).Select(_ => new EventTimeAccumulator(((EventTimeSpec)plan.States[state].Spec).Newest))];
    readonly bool _newest = ((EventTimeSpec)plan.States[state].Spec).Newest;
    readonly ValidEvents _valid = new();
    SweepEvents _events = null!;
    byte[]? _passes;

    public override void Load(SweepEvents events) => (_events, _passes) = (events, events.Passes(State.Input, State.Filter));
    public override void Begin(int start, int end) => _valid.Load(_passes, start, end);

    protected override Accumulator At(int reading, int low, int high)
    {
        var (from, until) = (_valid.Before(low), _valid.Before(high));
        _states[reading].Clear();
        if (until > from) _states[reading].Offer(_events.Times[_valid[_newest ? until - 1 : from]]);
        return _states[reading];
    }
}
