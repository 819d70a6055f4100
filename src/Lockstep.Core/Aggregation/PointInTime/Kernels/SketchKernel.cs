using Lockstep.Core.Aggregation.Functions;

namespace Lockstep.Core.Aggregation.PointInTime.Kernels;

/// <summary>percentile: counts by bucket, added at one end and taken away at the other. Buckets are merged only when read, so taking away is exact.</summary>
internal sealed class SketchKernel(WindowPlan plan, int state) : SweepKernel(plan, state)
{
    readonly SketchAccumulator[] _states = [.. Enumerable.Range(0, plan.Windows.Count).Select(_ => new SketchAccumulator())];
    readonly (int Head, int Tail)[] _ends = new (int, int)[plan.Windows.Count];
    int[] _buckets = [];
    sbyte[] _signs = [];
    byte[]? _passes;

    public override void Load(SweepEvents events)
    {
        var input = events.Input(State.Input);
        _passes = events.Passes(State.Input, State.Filter);
        if (_buckets.Length < events.Count) (_buckets, _signs) = (new int[events.Count], new sbyte[events.Count]);
        for (var i = 0; i < events.Count; i++)
        {
            if (_passes is not null && _passes[i] == 0) continue;
            var value = Sketch.NumberOf(input, i);
            _signs[i] = (sbyte)Math.Sign(value);
            if (value != 0) _buckets[i] = Sketch.BucketOf(Math.Abs(value));
        }
    }

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
        var sketch = _states[reading].Sketch;
        ref var ends = ref _ends[reading];
        // What entered and left between two labels is never added.
        if (ends.Head < low) Remove(sketch, ref ends, ends.Head);
        if (ends.Head < low) (ends.Head, ends.Tail) = (low, low);
        for (; ends.Head < high; ends.Head++)
            if (_passes is null || _passes[ends.Head] != 0) sketch.Add(_signs[ends.Head], _buckets[ends.Head], 1);
        Remove(sketch, ref ends, low);
        return _states[reading];
    }

    void Remove(Sketch sketch, ref (int Head, int Tail) ends, int low)
    {
        for (; ends.Tail < low; ends.Tail++)
            if (_passes is null || _passes[ends.Tail] != 0) sketch.Add(_signs[ends.Tail], _buckets[ends.Tail], -1);
    }
}
