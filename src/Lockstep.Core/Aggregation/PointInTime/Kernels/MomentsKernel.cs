using Lockstep.Core.Aggregation.Functions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.PointInTime.Kernels;

// Exact sums up to each event of a group: a window is the difference of two of them, to the last bit, so a further window costs a
// subtraction a label. In groups that are too large for the cache the sums are kept at every 8th event, and the rest is added up.
internal sealed class MomentsKernel<T, TScale>(WindowPlan plan, int state) : SweepKernel(plan, state) where T : unmanaged, IComparable<T> where TScale : IScale<T>
{
    const int Dense = 1 << 15;

    readonly MomentsAccumulator[] _states = [.. Enumerable.Range(0, plan.Windows.Count).Select(_ => new MomentsAccumulator(((MomentsSpec)plan.States[state].Spec).Squares))];
    readonly bool _squares = ((MomentsSpec)plan.States[state].Spec).Squares;
    T[] _values = [];
    byte[]? _passes;
    MomentsState[] _sums = [];
    int _start, _shift;

    public override void Load(SweepEvents events)
    {
        _values = ((FixedColumn<T>)events.Input(State.Input)).Buffer;
        _passes = events.Passes(State.Input, State.Filter);
    }

    public override void Begin(int start, int end)
    {
        var count = end - start;
        (_start, _shift) = (start, count <= Dense ? 0 : 3);
        var kept = (count >> _shift) + 1;
        if (_sums.Length < kept) _sums = new MomentsState[Math.Max(kept, Math.Min(2 * _sums.Length, Dense + 1))];
        MomentsState sum = default;
        var step = 1 << _shift;
        for (var k = 0; k < kept; k++)
        {
            _sums[k] = sum;
            var first = start + (k << _shift);
            Add(ref sum, first, Math.Min(end, first + step));
        }
    }

    void Add(ref MomentsState sum, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            if (_passes is not null && _passes[i] == 0) continue;
            if (TScale.TryScale(_values[i], out var scaled)) sum.Add(scaled, _squares);
            else sum.Outside++;
        }
    }

    protected override Accumulator At(int reading, int low, int high)
    {
        var state = _states[reading];
        if (low == high)
        {
            state.Clear();
            return state;
        }
        ref var moments = ref state.Writable;
        if (_shift == 0)
        {
            moments = _sums[high - _start];
            moments.Subtract(_sums[low - _start], _squares);
            return state;
        }
        moments = Upto(high);
        moments.Subtract(Upto(low), _squares);
        return state;
    }

    MomentsState Upto(int end)
    {
        var kept = (end - _start) >> _shift;
        var sum = _sums[kept];
        Add(ref sum, _start + (kept << _shift), end);
        return sum;
    }
}
