using System.Runtime.CompilerServices;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

// What a version of an aggregation view does, compiled once: training, runs, streams, serving and tools share it.
//   rows of the source -> Rows (filters, computed columns) -> events: keys, time, inputs, a bool for each feature's filter -> Plan
// The plan's features are the view's, in schema order: an ordinal is a place in both.
/// <summary>A version of an aggregation view, compiled.</summary>
public sealed class EventProgram
{
    static readonly ConditionalWeakTable<ViewVersion, EventProgram> Compiled = [];

    readonly AggregationView _view;
    readonly RowColumns _columns;

    EventProgram(ViewVersion view, IReadOnlyList<int>? ordinals = null)
    {
        View = view;
        _view = view.View as AggregationView ?? throw new ArgumentException($"View '{view.Id}' is no aggregation view.", nameof(view));
        Source = SourceOf(view);
        if (AggregateCatalog.Missing(_view, view.Id) is { } missing) throw new LockstepException(ErrorKind.NotFound, missing);
        _columns = RowColumns.Of(Source);
        WindowPlanBuilder builder = new([.. view.Keys.Fields.Select(k => k.Type)], _view.Delay);
        var ordinal = 0;
        foreach (var feature in _view.Features)
            foreach (var window in feature.Windows)
                if (ordinals is null || ordinals.Contains(ordinal++)) builder.Add($"{feature.Name}_{window.Name}", feature.Function, feature.Column is { } column ? new(column, TypeOf(column)) : null, window, feature.Parameters, feature.Where);
        Plan = builder.Build();
        Layout = new(Plan);
        Rows = Program(null);
    }

    public static EventProgram Of(ViewVersion view) => Compiled.GetValue(view, static v => new(v));

    /// <summary>Some features of a view, by their ordinals, ascending: the plan holds these alone, in this order.</summary>
    public static EventProgram For(ViewVersion view, IReadOnlyList<int> ordinals) => new(view, ordinals);

    /// <summary>The source of a view's events, as the version keeps it; asked of a view whose functions this process may not know.</summary>
    public static Source SourceOf(ViewVersion view)
        => view?.View is AggregationView aggregation && view.Sources.TryGetValue(aggregation.Source, out var source) ? source
            : throw new LockstepException(ErrorKind.NotFound, $"View '{view?.Id}' reads source '{(view?.View as AggregationView)?.Source}', which is not there.");

    public ViewVersion View { get; }

    /// <summary>The source as the version keeps it.</summary>
    public Source Source { get; }

    public WindowPlan Plan { get; }

    /// <summary>What is kept of each key online.</summary>
    public TileLayout Layout { get; }

    /// <summary>From rows of the source to events.</summary>
    public RowProgram Rows { get; }

    /// <summary>The column of the source's data that holds an event's time.</summary>
    public string Timestamp => Source.Table?.Timestamp ?? Source.Stream?.Timestamp ?? throw new LockstepException(ErrorKind.DefinitionsInvalid, $"Source '{Source.Name}' names no timestamp column.");

    public string? Created => Source.Table is { } table ? table.Created : Source.Stream?.Created;

    /// <summary>The same with a further timestamp column, the last one: when an event was known (S8).</summary>
    public RowProgram RowsWithKnown(string known) => Program(known);

    /// <summary>The same, where there is such a column.</summary>
    public RowProgram RowsWith(string? known) => known is null ? Rows : Program(known);

    /// <summary>All rows, also those that the filters of the source and the view leave out: behind the columns of <see cref="Rows"/> a bool for each of these filters.</summary>
    public RowProgram AllRows() => RowProgram.CompileAll(_columns, [.. Outputs], _view.Where);

    /// <summary>The keys alone, of all rows.</summary>
    public RowProgram KeyRows() => RowProgram.Compile(new(_columns.What, _columns.Data, _columns.Computed), [.. Keys]);

    /// <summary>The keys and the time, of all rows: which tiles a file touches.</summary>
    public RowProgram TouchedRows() => RowProgram.Compile(new(_columns.What, _columns.Data, _columns.Computed), [.. Keys, new(new("time", FeatureType.Timestamp), Timestamp)]);

    // Names are prefixed: a function may read a key or the timestamp, and a schema holds a name once.
    IEnumerable<RowOutput> Keys => View.Keys.Fields.Select(k => new RowOutput(new($"key:{k.Name}", k.Type), k.Name));

    IEnumerable<RowOutput> Outputs =>
    [
        .. Keys,
        new(new("time", FeatureType.Timestamp), Timestamp),
        .. Plan.Inputs.Fields.Select(f => new RowOutput(new($"input:{f.Name}", f.Type), f.Name)),
        .. Plan.Filters.Select((text, i) => RowOutput.Of(text, new($"filter:{i}", FeatureType.Bool))),
    ];

    RowProgram Program(string? known) => RowProgram.Compile(_columns,
    [
        .. Outputs,
        .. known is null ? Array.Empty<RowOutput>() : [new(new(known == Created ? "created" : "known", FeatureType.Timestamp), known)],
    ], _view.Where);

    FeatureType TypeOf(string column) => _columns.TypeOf(column)
        ?? throw new LockstepException(ErrorKind.DefinitionsInvalid, $"View '{View.Id}' reads column '{column}' of source '{Source.Name}', whose type is not known.");
}
