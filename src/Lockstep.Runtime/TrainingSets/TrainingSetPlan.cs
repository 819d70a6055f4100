using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>Columns among the labels' that hold a key, and the types to convert them to. Lookups by the same columns and types share one.</summary>
internal sealed record KeyChoice(int[] Columns, FeatureType[] Types, string[] Purposes);

/// <summary>One pass over a view's table, for all lookups of that view.</summary>
internal sealed class ViewScan(ViewColumns columns, int[] lookups, int[] ordinals, bool asKnown)
{
    public ViewColumns Columns { get; } = columns;
    public int[] Lookups { get; } = lookups;

    /// <summary>Features that are read, ascending.</summary>
    public int[] Ordinals { get; private set; } = ordinals;

    /// <summary>What is known of a row is not what its created timestamp says: it may have been logged (S8).</summary>
    public bool HasKnown { get; } = asKnown && columns.HasLog;

    /// <summary>What is read, filtered and computed for them.</summary>
    public RowProgram Program => _program ??= Events is { } events ? events.RowsWith(HasKnown ? Engine.ScanColumn.KnownAt : Columns.Created) : Columns.Program(Ordinals, HasKnown);

    /// <summary>Of an aggregation view: what computes the features that are asked for.</summary>
    public EventProgram? Events { get; } = columns.Events is null ? null : EventProgram.For(columns.View, ordinals);

    RowProgram? _program;

    /// <summary>Reads from now on every feature up to the last one asked for: those after it cannot change what was asked for (S6).</summary>
    public void ReadFeaturesBetween() => (Ordinals, _program) = ([.. Enumerable.Range(0, Ordinals[^1] + 1)], null);
}

/// <summary>A request against its spine's columns: what to read, what comes out. Every mistake is found here, before anything is read.</summary>
internal sealed class TrainingSetPlan
{
    TrainingSetPlan(FeatureSet features, Schema spine, Schema output) => (Features, Spine, Output) = (features, spine, output);

    public FeatureSet Features { get; }

    /// <summary>The spine's columns as they come out.</summary>
    public Schema Spine { get; }

    /// <summary>The spine's columns, then the features in the order asked for (S18).</summary>
    public Schema Output { get; }

    /// <summary>Place of the timestamp in the spine.</summary>
    public required int Time { get; init; }

    /// <summary>Places in the spine of what is needed to answer a row: the timestamp first, then every column that holds a key.</summary>
    public required IReadOnlyList<int> LabelColumns { get; init; }

    /// <summary>The columns at these places.</summary>
    public Schema Labels => field ??= new(LabelColumns.Select(c => Spine[c]));

    public required IReadOnlyList<KeyChoice> Keys { get; init; }

    /// <summary>For each lookup its place in <see cref="Keys"/>.</summary>
    public required IReadOnlyList<int> KeyOf { get; init; }

    /// <summary>For each request field of <see cref="FeatureSet.OnDemand"/> the place in the spine of the column that holds it.</summary>
    public required IReadOnlyList<int> RequestColumns { get; init; }

    public required IReadOnlyList<ViewScan> Scans { get; init; }

    public static TrainingSetPlan Create(TrainingSetRequest request, Schema found)
    {
        if (found.Count == 0) throw new LockstepException(ErrorKind.BadArguments, $"{request.Spine.Name} is empty: it has no columns. A spine has the join keys and a timestamp.");
        var features = request.Resolve();
        var spineName = request.Spine.Name;
        List<Problem> problems = [.. found.LeftOut.Select(c => new Problem(Severity.Error, null,
            $"{spineName}: column '{c}' has a type that a training set cannot carry ({FeatureType.KnownNames} can be). Convert it, or leave it out of the spine."))];
        var time = FindTimestamp(request, found, problems);
        var isText = request.Spine.Table is { Format: TableFormat.Csv or TableFormat.JsonLines or TableFormat.Json };
        List<int> labelColumns = [time];
        List<KeyChoice> keys = [];
        List<int> keyOf = [];
        var types = found.Fields.Select(f => f.Type).ToArray();
        if (time >= 0) types[time] = FeatureType.Timestamp;
        HashSet<int> claimed = [];
        foreach (var lookup in features.Lookups)
        {
            var columns = lookup.KeyColumns.Select(found.IndexOf).ToArray();
            for (var i = 0; i < columns.Length; i++)
            {
                var (key, type) = (lookup.View.Keys[i], lookup.View.Keys[i].Type);
                if (columns[i] < 0)
                    problems.Add(new(Severity.Error, null, $"{spineName} has no column '{lookup.KeyColumns[i]}', which holds the key '{key.Name}' of view '{lookup.View.Id}'.{NearestName.Hint(lookup.KeyColumns[i], found.Fields.Select(f => f.Name), "Columns")}"));
                else if (columns[i] == time)
                    problems.Add(new(Severity.Error, null, $"{spineName}: column '{lookup.KeyColumns[i]}' is the timestamp; it cannot hold the key '{key.Name}' of view '{lookup.View.Id}' too."));
                else if (isText) types[columns[i]] = claimed.Add(columns[i]) || types[columns[i]] == type ? type : FeatureType.String; // text is read as what it is needed as: 007 stays 007
                else if (!ColumnConversion.CanConvert(types[columns[i]], type))
                    problems.Add(new(Severity.Error, null, $"{spineName}: column '{lookup.KeyColumns[i]}' is {types[columns[i]]}; the key '{key.Name}' of view '{lookup.View.Id}' is {type}."));
            }
            for (var i = 0; i < columns.Length; i++)
            {
                if (!labelColumns.Contains(columns[i])) labelColumns.Add(columns[i]);
                columns[i] = labelColumns.IndexOf(columns[i]);
            }
            var choice = keys.FindIndex(k => k.Columns.SequenceEqual(columns) && k.Types.SequenceEqual(lookup.View.Keys.Fields.Select(f => f.Type)));
            if (choice < 0)
            {
                choice = keys.Count;
                keys.Add(new(columns, [.. lookup.View.Keys.Fields.Select(f => f.Type)], [.. lookup.View.Keys.Fields.Select(f => $"the key '{f.Name}' of view '{lookup.View.Id}'")]));
            }
            keyOf.Add(choice);
        }
        List<int> requestColumns = [];
        foreach (var field in features.OnDemand?.RequestFields ?? [])
        {
            var column = found.IndexOf(field.Name);
            requestColumns.Add(column);
            if (column < 0)
                problems.Add(new(Severity.Error, null, $"{spineName} has no column '{field.Name}', a request field ({field.Type}) of the on-demand features asked for.{NearestName.Hint(field.Name, found.Fields.Select(f => f.Name), "Columns")}"));
            else if (isText && column != time) types[column] = claimed.Add(column) || types[column] == field.Type ? field.Type : FeatureType.String;
            else if (!ColumnConversion.CanConvert(types[column], field.Type))
                problems.Add(new(Severity.Error, null, $"{spineName}: column '{field.Name}' is {types[column]}; as a request field of the on-demand features asked for it is {field.Type}."));
        }
        foreach (var output in features.Outputs.Where(o => found.IndexOf(o.Name) >= 0))
            problems.Add(new(Severity.Error, null, $"The name '{output.Name}' occurs twice: as a column of {spineName} and as a feature of view '{output.View.Id}'. Ask for full names (view__feature), give the view an alias, or rename the column."));
        if (problems.Count > 0) throw new LockstepException(ErrorKind.BadArguments, problems);
        var spine = new Schema(found.Fields.Select((f, i) => f with { Type = types[i] }));
        return new(features, spine, new(spine.Fields.Concat(features.Outputs.Select(o => new Field(o.Name, o.Type)))))
        {
            Time = time,
            LabelColumns = labelColumns,
            Keys = keys,
            KeyOf = keyOf,
            RequestColumns = requestColumns,
            Scans = [.. features.Lookups.Index().GroupBy(l => l.Item.View.Id, StringComparer.Ordinal).Select(g => new ViewScan(
                ViewColumns.Of(g.First().Item.View, request.Catalog), [.. g.Select(l => l.Index)], [.. g.SelectMany(l => l.Item.Ordinals).Distinct().Order()], request.KnownOnly))],
        };
    }

    static int FindTimestamp(TrainingSetRequest request, Schema found, List<Problem> problems)
    {
        var name = request.TimestampColumn;
        var place = found.IndexOf(name);
        if (place < 0)
        {
            var candidates = found.Fields.Where(f => f.Type.Kind == TypeKind.Timestamp).Select(f => f.Name).ToList();
            problems.Add(new(Severity.Error, null, $"{request.Spine.Name} has no timestamp column '{name}'. {(candidates.Count > 0
                ? $"Its columns of that type: {string.Join(", ", candidates)}. Name one with --timestamp."
                : $"Its columns: {string.Join(", ", found.Fields.Select(f => f.Name))}. Name the one that holds the instant of each row with --timestamp.")}"));
        }
        else if (!ColumnConversion.CanConvert(found[place].Type, FeatureType.Timestamp))
        {
            problems.Add(new(Severity.Error, null, $"{request.Spine.Name}: the timestamp column '{name}' is {found[place].Type}. It has to hold instants, dates or text like 2026-11-01T12:00:00Z."));
        }
        return place;
    }
}
