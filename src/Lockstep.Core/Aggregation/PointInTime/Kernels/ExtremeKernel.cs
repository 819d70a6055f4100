using Lockstep.Core.Aggregation.Functions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.PointInTime.Kernels;

// A deque a window: events that can still be the extreme, best first. A new event drops those behind which it is at least as good;
// those that the lower end has passed drop out at the front. Each event goes in and out once a window.
internal sealed class ExtremeKernel<TRows>(WindowPlan plan, int state) : SweepKernel(plan, state) where TRows : struct, IRows<TRows>
{
    struct Deque
    {
        public int[] Events;
        public int Head, Tail, Next;
    }

    readonly bool _greatest = ((ExtremeSpec)plan.States[state].Spec).Greatest;
    readonly Deque[] _deques = new Deque[plan.Windows.Count];
    Column _input = null!;
    TRows _rows;
    byte[]? _passes;

    public override void Load(SweepEvents events)
    {
        _input = events.Input(State.Input);
        _rows = TRows.Of(_input);
        _passes = events.Passes(State.Input, State.Filter);
    }

    public override void Begin(int start, int end)
    {
        for (var r = 0; r < Windows.Length; r++)
        {
            ref var deque = ref _deques[r];
            if (deque.Events is null || deque.Events.Length < end - start) deque.Events = new int[Math.Max(end - start, deque.Events is null ? 16 : 2 * deque.Events.Length)];
            (deque.Head, deque.Tail, deque.Next) = (0, 0, start);
        }
    }

    public override void Run(SweepLabels labels, int first, int end, SweepOutput to)
    {
        for (var label = first; label < end; label++)
            for (var f = 0; f < Features.Count; f++)
                to.Columns[Places[f]].AppendFrom(_input, Best(ref _deques[Readings[f]], labels.Low(Features[f].Window)[label], labels.High(Features[f].Window)[label]));
    }

    int Best(ref Deque deque, int low, int high)
    {
        var events = deque.Events;
        var rows = _rows;
        var (head, tail) = (deque.Head, deque.Tail);
        for (var i = deque.Next; i < high; i++)
        {
            if (_passes is not null && _passes[i] == 0) continue;
            while (tail > head && (_greatest ? rows.Compare(events[tail - 1], i) <= 0 : rows.Compare(events[tail - 1], i) >= 0)) tail--;
            events[tail++] = i;
        }
        while (head < tail && events[head] < low) head++;
        (deque.Head, deque.Tail, deque.Next) = (head, tail, Math.Max(deque.Next, high));
        return head < tail ? events[head] : -1;
    }

    protected override Accumulator At(int reading, int low, int high) => throw new NotSupportedException();
}
