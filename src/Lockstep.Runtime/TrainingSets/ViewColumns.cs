using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>The columns of a view's table: keys, event timestamp, created timestamp where there is one, features.</summary>
/// <param name="View">The version.</param>
/// <param name="Definition">What its author wrote.</param>
/// <param name="Timestamp">The column of the data.</param>
/// <param name="Created">The column of the data; null: there is none.</param>
/// <param name="TableName">How messages call the table.</param>
/// <param name="Rows">The columns of its source, and those that are computed of them.</param>
internal sealed record ViewColumns(ViewVersion View, ValueView Definition, string Timestamp, string? Created, string TableName, RowColumns Rows)
{
    /// <summary>What its source expects of its rows.</summary>
    public IReadOnlyList<Expectation> SourceExpect { get; init; } = [];

    public static ViewColumns Of(ViewVersion view, Catalog catalog)
    {
        if (view.View is AggregationView aggregation)
        {
            var events = EventProgram.Of(view);
            ValueView asRows = new() { Name = aggregation.Name, Version = aggregation.Version, Source = aggregation.Source, Where = aggregation.Where, Features = [] };
            return new(view, asRows, events.Timestamp, events.Created, $"source '{events.Source.Name}'", RowColumns.Of(events.Source)) { HasLog = events.Source.Stream is not null, IsLogAlone = events.Source.Table is null, SourceExpect = events.Source.Expect, Events = events };
        }
        if (view.View is not ValueView definition)
            throw new LockstepException(ErrorKind.Failed, $"View '{view.Id}' is an {view.View.Kind.Replace('_', ' ')}: it has no table.");
        if (definition.Sql is not null)
            return new(view, definition, definition.Timestamp ?? throw new LockstepException(ErrorKind.DefinitionsInvalid, $"View '{view.Id}' does not name the timestamp column of its SQL."), definition.Created, $"view '{view.Id}'", new($"view '{view.Id}'", [], []));
        var name = definition.Source ?? throw new LockstepException(ErrorKind.DefinitionsInvalid, $"View '{view.Id}' has neither a source nor SQL.");
        if (!view.Sources.TryGetValue(name, out var source) && !catalog.Sources.TryGetValue(name, out source))
            throw new LockstepException(ErrorKind.NotFound, $"View '{view.Id}' reads source '{name}', which is not there.");
        return new(view, definition, LogColumns.TimestampOf(source), LogColumns.CreatedOf(source), $"source '{name}'", RowColumns.Of(source)) { HasLog = source.Stream is not null, IsLogAlone = source.Table is null, SourceExpect = source.Expect };
    }

    public bool HasCreated => Created is not null;

    /// <summary>Rows come from a log of events, too: they were known from their ingestion on (S8).</summary>
    public bool HasLog { get; init; }

    /// <summary>And from nothing else.</summary>
    public bool IsLogAlone { get; init; }

    /// <summary>Of an aggregation view: from rows to events; null for rows of values.</summary>
    public EventProgram? Events { get; init; }

    /// <summary>Keys, timestamps and these features, by their ordinals, of the rows that the filters keep: in the layout that a sweep takes.</summary>
    /// <param name="ordinals">Of the features.</param>
    /// <param name="known">After the timestamps comes when the row was known.</param>
    /// <param name="also">Further outputs, behind the features.</param>
    public RowProgram Program(IEnumerable<int> ordinals, bool known = false, IReadOnlyList<RowOutput>? also = null) => Events is { } events ? events.RowsWith(known ? ScanColumn.KnownAt : Created) : RowProgram.Compile(Rows,
        [.. Outputs, .. known ? new RowOutput[] { new(new("known", FeatureType.Timestamp), ScanColumn.KnownAt) } : [], .. ordinals.Select(Feature), .. also ?? []], Definition.Where);

    /// <summary>Keys, timestamps and all features of all rows, also of those that the filters leave out: behind them a bool for each filter.</summary>
    public RowProgram AllRows() => RowProgram.CompileAll(Rows, [.. Outputs, .. Enumerable.Range(0, View.Features.Count).Select(Feature)], Definition.Where);

    /// <summary>The keys alone, of all rows.</summary>
    public RowProgram KeyProgram() => RowProgram.Compile(new(Rows.What, Rows.Data, Rows.Computed), [.. Keys]);

    /// <summary>What a scan has to read for a program.</summary>
    public static IReadOnlyList<ScanColumn> Scan(RowProgram program) => [.. program.Inputs.Select(i => new ScanColumn(i.Column, i.As))];

    // Names are prefixed: a feature may be read from a key or timestamp column, and a schema holds a name once.
    IEnumerable<RowOutput> Keys => View.Keys.Fields.Select(k => new RowOutput(new($"key:{k.Name}", k.Type), k.Name));

    IEnumerable<RowOutput> Outputs =>
    [
        .. Keys,
        new(new("time", FeatureType.Timestamp), Timestamp),
        .. Created is null ? Array.Empty<RowOutput>() : [new(new("created", FeatureType.Timestamp), Created)],
    ];

    RowOutput Feature(int ordinal)
    {
        var (name, type) = View.Features[ordinal];
        var feature = Definition.Features.FirstOrDefault(f => f.Name == name);
        return new(new($"feature:{name}", type), feature?.Column ?? name, feature?.Expression);
    }
}
