using System.Runtime.CompilerServices;
using Lockstep.Core.Aggregation.Functions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.PointInTime.Kernels;

// Exact sums up to each event of a group: a window is the difference of two of them, to the last bit, so a further window costs a
// subtraction a label. In groups that are too large for the cache the sums are kept at every 8th event, and the rest is added up.
internal sealed class MomentsKernel<T, TScale> : SweepKernel where TScale : IScale<T>
{
    const int Dense = 1 << 15;

    readonly MomentsAccumulator[] _states;
    readonly bool _squares;
    readonly (Moment Moment, int Place)[][]? _byReading; // null: some feature is no moment of one window
    T[] _values = [];
    byte[]? _passes;
    MomentsState[] _sums = [];
    int _start, _shift;

    public MomentsKernel(WindowPlan plan, int state) : base(plan, state)
    {
        _squares = ((MomentsSpec)State.Spec).Squares;
        _states = [.. Windows.Select(_ => new MomentsAccumulator(_squares))];
        var (places, readings) = (Places.ToArray(), Readings.ToArray());
        if (Features.All(f => f is { Over: < 0, Output: MomentOutput }))
            _byReading = [.. Windows.Select((_, r) => Enumerable.Range(0, places.Length).Where(f => readings[f] == r).Select(f => (((MomentOutput)Features[f].Output).Moment, places[f])).ToArray())];
    }

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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
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
        Between(low, high, out _states[reading].Writable);
        return _states[reading];
    }

    void Between(int low, int high, out MomentsState moments)
    {
        if (low == high)
        {
            moments = default;
            return;
        }
        if (_shift == 0)
        {
            moments = _sums[high - _start];
            moments.Subtract(_sums[low - _start], _squares);
            return;
        }
        moments = Upto(high);
        moments.Subtract(Upto(low), _squares);
    }

    // Window by window, so that the sums of a window are read by all its features at once; where a feature reads two windows, label by label.
    public override void Run(SweepLabels labels, int first, int end, SweepOutput to)
    {
        if (_byReading is null)
        {
            base.Run(labels, first, end, to);
            return;
        }
        var column = State.Spec.Column!;
        for (var r = 0; r < Windows.Length; r++)
        {
            var (low, high, features) = (labels.LowBuffer(Windows[r]), labels.HighBuffer(Windows[r]), _byReading[r]);
            for (var label = first; label < end; label++)
            {
                Between(low[label], high[label], out var moments);
                foreach (var (moment, place) in features)
                    if (Moments.AppendTo(moment, column, moments, to.Columns[place]) == AggregateStatus.OutOfRange) to.NoteOutOfRange(place);
            }
        }
    }

    MomentsState Upto(int end)
    {
        var kept = (end - _start) >> _shift;
        var sum = _sums[kept];
        Add(ref sum, _start + (kept << _shift), end);
        return sum;
    }
}
