using Lockstep.Core.Aggregation.Functions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.PointInTime.Kernels;

/// <summary>first, last, first_n, last_n, lag: places in the sorted events themselves; nothing is kept.</summary>
internal sealed class OrderedKernel(WindowPlan plan, int state) : SweepKernel(plan, state)
{
    readonly bool _newest = ((OrderedSpec)plan.States[state].Spec).Newest;
    readonly ValidEvents _valid = new();
    SweepEvents _events = null!;
    Column _input = null!;
    byte[]? _passes;

    public override void Load(SweepEvents events) => (_events, _input, _passes) = (events, events.Input(State.Input), events.Passes(State.Input, State.Filter));

    public override void Begin(int start, int end)
    {
        _valid.Load(_passes, start, end);
        _valid.OrderTies(_events.Times, _input);
    }

    public override void Run(SweepLabels labels, int first, int end, SweepOutput to)
    {
        for (var f = 0; f < Features.Count; f++)
        {
            var output = (OrderedOutput)Features[f].Output;
            var low = labels.Low(Features[f].Window);
            var high = labels.High(Features[f].Window);
            var column = to.Columns[Places[f]];
            for (var label = first; label < end; label++)
            {
                var (from, count) = (_valid.Before(low[label]), _valid.Before(high[label]) - _valid.Before(low[label]));
                if (output.Many is not { } many) column.AppendFrom(_input, output.Place < count ? Event(from, count, output.Place) : -1);
                else if (count == 0) column.AppendNull();
                else
                {
                    var list = (ListColumn)column;
                    for (var i = 0; i < Math.Min(many, count); i++) list.Elements.AppendFrom(_input, Event(from, count, i));
                    list.EndRow();
                }
            }
        }
    }

    int Event(int from, int count, int place) => _valid[_newest ? from + count - 1 - place : from + place];

    protected override Accumulator At(int reading, int low, int high) => throw new NotSupportedException();
}

/// <summary>last_distinct_n: the different values so far in a list, that of the newest event first; a window ends where its events are older than it.</summary>
internal sealed class LastDistinctKernel(WindowPlan plan, int state) : SweepKernel(plan, state)
{
    sealed class Recent
    {
        public int[] Next = [], Previous = [], Latest = []; // by value; Latest is a place among valid events, -1 before the first
        public int Head, Done;
    }

    readonly ValidEvents _valid = new();
    readonly GroupValues _values = new(byHash: false);
    readonly Recent[] _recent = [.. Enumerable.Range(0, plan.Windows.Count).Select(_ => new Recent())];
    SweepEvents _events = null!;
    Column _input = null!;
    byte[]? _passes;

    public override void Load(SweepEvents events) => (_events, _input, _passes) = (events, events.Input(State.Input), events.Passes(State.Input, State.Filter));

    public override void Begin(int start, int end)
    {
        _valid.Load(_passes, start, end);
        _valid.OrderTies(_events.Times, _input);
        _values.Load(_input, _valid);
        for (var r = 0; r < Windows.Length; r++)
        {
            var recent = _recent[r];
            if (recent.Next.Length < _values.Count)
            {
                var size = Math.Max(_values.Count, 2 * recent.Next.Length);
                (recent.Next, recent.Previous, recent.Latest) = (new int[size], new int[size], new int[size]);
            }
            recent.Latest.AsSpan(0, _values.Count).Fill(-1);
            (recent.Head, recent.Done) = (-1, 0);
        }
    }

    public override void Run(SweepLabels labels, int first, int end, SweepOutput to)
    {
        for (var label = first; label < end; label++)
            for (var f = 0; f < Features.Count; f++)
            {
                var (recent, many, list) = (_recent[Readings[f]], ((OrderedOutput)Features[f].Output).Many!.Value, (ListColumn)to.Columns[Places[f]]);
                var (from, until) = (_valid.Before(labels.Low(Features[f].Window)[label]), _valid.Before(labels.High(Features[f].Window)[label]));
                for (; recent.Done < until; recent.Done++) ToFront(recent, _values[recent.Done], recent.Done);
                var before = list.Elements.Count;
                for (var value = recent.Head; value >= 0 && recent.Latest[value] >= from && list.Elements.Count - before < many; value = recent.Next[value])
                    list.Elements.AppendFrom(_input, _valid[recent.Latest[value]]);
                if (list.Elements.Count == before) list.AppendNull();
                else list.EndRow();
            }
    }

    static void ToFront(Recent recent, int value, int place)
    {
        if (recent.Latest[value] >= 0 && recent.Head != value)
        {
            var (previous, next) = (recent.Previous[value], recent.Next[value]);
            recent.Next[previous] = next;
            if (next >= 0) recent.Previous[next] = previous;
        }
        recent.Latest[value] = place;
        if (recent.Head == value) return;
        recent.Next[value] = recent.Head;
        if (recent.Head >= 0) recent.Previous[recent.Head] = value;
        recent.Head = value;
    }

    protected override Accumulator At(int reading, int low, int high) => throw new NotSupportedException();
}
