using Lockstep.Core.Aggregation.Functions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.PointInTime.Kernels;

// How a state is swept over the events of a group. A kernel is made once a thread and state, loads each partition's events, and for each
// group yields the features of its state label by label. Labels ascend, and both ends of each window with them, so a kernel that keeps
// what is in a window moves forward only.
internal abstract class SweepKernel
{
    readonly PlannedFeature[] _features;
    readonly int[] _places;
    readonly int[] _readings;
    readonly int[] _overReadings;
    readonly Accumulator[] _values;

    protected SweepKernel(WindowPlan plan, int state)
    {
        State = plan.States[state];
        _places = [.. Enumerable.Range(0, plan.Features.Count).Where(f => plan.Features[f].State == state)];
        _features = [.. _places.Select(f => plan.Features[f])];
        Windows = [.. _features.SelectMany(f => f.Over < 0 ? [f.Window] : new[] { f.Window, f.Over }).Distinct()];
        _readings = [.. _features.Select(f => Array.IndexOf(Windows, f.Window))];
        _overReadings = [.. _features.Select(f => f.Over < 0 ? 0 : Array.IndexOf(Windows, f.Over))];
        _values = new Accumulator[Windows.Length];
        if (_features.Any(f => f.Over >= 0 && f.OverState != state)) throw new NotSupportedException("A ratio of two different states.");
    }

    public PlannedState State { get; }

    /// <summary>The windows that are read, each by its place in the plan.</summary>
    protected int[] Windows { get; }

    protected IReadOnlyList<PlannedFeature> Features => _features;

    /// <summary>Places of <see cref="Features"/> in the plan.</summary>
    protected ReadOnlySpan<int> Places => _places;

    /// <summary>Windows of <see cref="Features"/>, by their places in <see cref="Windows"/>.</summary>
    protected ReadOnlySpan<int> Readings => _readings;

    /// <summary>Takes the events of a partition.</summary>
    public abstract void Load(SweepEvents events);

    /// <summary>Begins with the events of a group.</summary>
    public abstract void Begin(int start, int end);

    /// <summary>The state of a window that holds these events, to be read before the next is asked for.</summary>
    /// <param name="reading">Place in <see cref="Windows"/>.</param>
    /// <param name="low">First event.</param>
    /// <param name="high">Behind the last; neither end is ever before the one of the label before.</param>
    protected abstract Accumulator At(int reading, int low, int high);

    /// <summary>Appends the features of labels, by their places in the group.</summary>
    public virtual void Run(SweepLabels labels, int first, int end, SweepOutput to)
    {
        for (var label = first; label < end; label++)
        {
            for (var r = 0; r < Windows.Length; r++) _values[r] = At(r, labels.Low(Windows[r])[label], labels.High(Windows[r])[label]);
            for (var f = 0; f < _features.Length; f++)
            {
                var (r, o) = (_readings[f], _overReadings[f]);
                var status = _features[f].AppendTo(_values[r], labels.Bounds(Windows[r])[label], _values[o], labels.Bounds(Windows[o])[label], to.Columns[_places[f]]);
                if (status == AggregateStatus.OutOfRange) to.NoteOutOfRange(_places[f]);
            }
        }
    }

    public static SweepKernel For(WindowPlan plan, int state) => plan.States[state].Spec switch
    {
        CountSpec => new CountKernel(plan, state),
        MomentsSpec { Column.Kind: TypeKind.Float64 } => new MomentsKernel<double, OfDouble>(plan, state),
        MomentsSpec { Column.Kind: TypeKind.Float32 } => new MomentsKernel<float, OfFloat>(plan, state),
        MomentsSpec { Column.Kind: TypeKind.Int64 } => new MomentsKernel<long, OfLong>(plan, state),
        MomentsSpec { Column.Kind: TypeKind.Int32 } => new MomentsKernel<int, OfInt>(plan, state),
        MomentsSpec => new MomentsKernel<Int128, OfDecimal>(plan, state),
        ExtremeSpec { Column.Kind: TypeKind.Bool } => new ExtremeKernel<FixedRows<byte>>(plan, state),
        ExtremeSpec { Column.Kind: TypeKind.Int32 or TypeKind.Date } => new ExtremeKernel<FixedRows<int>>(plan, state),
        ExtremeSpec { Column.Kind: TypeKind.Int64 or TypeKind.Timestamp } => new ExtremeKernel<FixedRows<long>>(plan, state),
        ExtremeSpec { Column.Kind: TypeKind.Float32 } => new ExtremeKernel<FixedRows<float>>(plan, state),
        ExtremeSpec { Column.Kind: TypeKind.Float64 } => new ExtremeKernel<FixedRows<double>>(plan, state),
        ExtremeSpec { Column.Kind: TypeKind.Decimal } => new ExtremeKernel<FixedRows<Int128>>(plan, state),
        ExtremeSpec => new ExtremeKernel<AnyRows>(plan, state),
        OrderedSpec { Distinct: false } => new OrderedKernel(plan, state),
        OrderedSpec => new LastDistinctKernel(plan, state),
        DistinctSpec => new DistinctKernel(plan, state),
        SketchSpec => new SketchKernel(plan, state),
        FrequencySpec => new FrequencyKernel(plan, state),
        EventTimeSpec => new EventTimeKernel(plan, state),
        TrendSpec => new TrendKernel(plan, state),
        DecaySpec => new DecayKernel(plan, state),
        _ => new MergingKernel(plan, state),
    };
}

/// <summary>The features of a partition's labels, in the order of the labels.</summary>
internal sealed class SweepOutput(WindowPlan plan)
{
    public Column[] Columns { get; } = [.. plan.Features.Select(f => Column.Create(f.Type))];

    /// <summary>For each feature the rows that are OUT_OF_RANGE, ascending; null: none.</summary>
    public List<int>?[] OutOfRange { get; } = new List<int>?[plan.Features.Count];

    /// <summary>The row appended last is out of range.</summary>
    public void NoteOutOfRange(int feature) => (OutOfRange[feature] ??= []).Add(Columns[feature].Count - 1);
}

/// <summary>Which row of a sorted column is greater.</summary>
internal interface IRows<TSelf> where TSelf : struct
{
    static abstract TSelf Of(Column column);
    int Compare(int a, int b);
}

internal readonly struct FixedRows<T>(T[] values) : IRows<FixedRows<T>>
{
    public static FixedRows<T> Of(Column column) => new(((FixedColumn<T>)column).Buffer);
    public int Compare(int a, int b) => Comparer<T>.Default.Compare(values[a], values[b]);
}

internal readonly struct AnyRows(Column column) : IRows<AnyRows>
{
    public static AnyRows Of(Column column) => new(column);
    public int Compare(int a, int b) => column.Compare(a, column, b);
}
