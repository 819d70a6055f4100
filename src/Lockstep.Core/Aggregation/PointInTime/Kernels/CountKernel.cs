using Lockstep.Core.Aggregation.Functions;

namespace Lockstep.Core.Aggregation.PointInTime.Kernels;

/// <summary>The distance of both ends, or of the counts there of events that pass.</summary>
internal sealed class CountKernel(WindowPlan plan, int state) : SweepKernel(plan, state)
{
    readonly CountAccumulator[] _states = [.. Enumerable.Range(0, plan.Windows.Count).Select(_ => new CountAccumulator())];
    byte[]? _passes;
    int[] _before = []; // events that pass before each event of the group
    int _start;

    public override void Load(SweepEvents events) => _passes = events.Passes(State.Input, State.Filter);

    public override void Begin(int start, int end)
    {
        if (_passes is null) return;
        _start = start;
        if (_before.Length <= end - start) _before = new int[Math.Max(2 * _before.Length, end - start + 1)];
        var count = 0;
        for (var i = start; i < end; i++)
        {
            _before[i - start] = count;
            count += _passes[i];
        }
        _before[end - start] = count;
    }

    protected override Accumulator At(int reading, int low, int high)
    {
        _states[reading].Count = _passes is null ? high - low : _before[high - _start] - _before[low - _start];
        return _states[reading];
    }
}
