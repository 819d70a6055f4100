using Lockstep.Core.Definitions.Yaml;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>
/// What must hold of definitions by themselves, however they were written. <see cref="DefinitionReader"/> and the C# builder both
/// end here, so that neither lets through what the other refuses.
/// </summary>
internal static class DefinitionRules
{
    /// <summary>The same definitions, those with mistakes marked as incomplete.</summary>
    public static ProjectDefinitions Check(ProjectDefinitions definitions, ProblemList problems)
    {
        Unique(definitions.Entities, e => $"Entity '{e.Name}'", problems);
        Unique(definitions.Sources, s => $"Source '{s.Name}'", problems);
        Unique(definitions.Views, v => $"View '{v.Name}' version {v.Version}", problems);
        Unique(definitions.Transformations, t => $"Transformation '{t.Name}' version {t.Version}", problems);
        Unique(definitions.LookupTables, t => $"Lookup table '{t.Name}' version {t.Version}", problems);
        Unique(definitions.Services, s => $"Service '{s.Name}' version {s.Version}", problems);
        return definitions with
        {
            Entities = Each(definitions.Entities, problems, Entity),
            Sources = Each(definitions.Sources, problems, Source),
            Views = Each(definitions.Views, problems, ViewRules.Check),
            Transformations = Each(definitions.Transformations, problems, TransformationRules.Check),
            LookupTables = Each(definitions.LookupTables, problems, LookupTableRules.Check),
            Services = Each(definitions.Services, problems, ServiceRules.Check),
        };
    }

    static List<T> Each<T>(IReadOnlyList<T> all, ProblemList problems, Action<T, ProblemList> check) where T : Definition
    {
        List<T> result = [];
        foreach (var one in all)
        {
            var before = problems.Errors;
            Name(one.Name, $"the name of {DefinitionReader.Word(one.Kind)} '{one.Name}'", one.At("name"), problems);
            check(one, problems);
            result.Add(problems.Errors == before ? one : one with { Incomplete = true });
        }
        return result;
    }

    static void Unique<T>(IReadOnlyList<T> all, Func<T, string> what, ProblemList problems) where T : Definition
    {
        foreach (var group in all.GroupBy(what, StringComparer.Ordinal).Where(g => g.Count() > 1))
            foreach (var again in group.Skip(1))
                problems.Error(again.At("name"), $"{group.Key} is defined twice{(group.First().Location is { } first ? $", first at {first}" : "")}.");
    }

    static void Entity(Entity entity, ProblemList problems)
    {
        var what = $"entity '{entity.Name}'";
        if (entity.JoinKeys.Count == 0 && !entity.Incomplete) problems.Error(entity.At("join_keys"), $"{MapReader.Upper(what)} has no join keys. Name at least one column with its type, like {{ carrier: string }}.");
        foreach (var twice in Twice(entity.JoinKeys.Select(k => k.Name))) problems.Error(entity.Location, $"{MapReader.Upper(what)} names the join key '{twice}' twice.");
        foreach (var key in entity.JoinKeys)
        {
            Name(key.Name, $"the join key '{key.Name}' of {what}", entity.KeyAt($"join_keys.{key.Name}"), problems);
            if (Names.Reserved.Contains(key.Name)) problems.Error(entity.KeyAt($"join_keys.{key.Name}"), $"The join key '{key.Name}' of {what} has the name of a column of every training set. Choose another.");
            if (!key.Type.IsKey) problems.Error(entity.At($"join_keys.{key.Name}"), $"The join key '{key.Name}' of {what} is of type {key.Type}. Join keys are string, int32, int64, bytes or bool.");
        }
    }

    static void Source(Source source, ProblemList problems)
    {
        var what = $"source '{source.Name}'";
        if (source.Table is null && source.Stream is null && !source.Incomplete)
            problems.Error(source.Location, $"{MapReader.Upper(what)} has neither a table nor a stream.");
        if (source is { Table: null, Stream: { Timestamp: null } })
            problems.Error(source.At("stream"), $"{MapReader.Upper(what)} has no table to name the timestamp column. Add 'timestamp' to the stream.");
        if (source is { Table: null, Stream: not null, Columns: null })
            problems.Error(source.At("stream"), $"{MapReader.Upper(what)} has no table to read the columns from. Declare 'columns'.");
        if (source is { Table: not null, Stream: { } stream } && (stream.Timestamp ?? stream.Created) is not null)
            problems.Error(source.At("stream"), $"{MapReader.Upper(what)} has a table, which names the timestamp columns. Remove 'timestamp' and 'created' from the stream.");
        if (source.Stream is FileStreamSource files && !source.Incomplete) FileStreamRules.Check(source, files, what, problems);
        if (source.Stream is KafkaStreamSource kafka && !source.Incomplete) AvroRules.Check(source, kafka, what, problems);
        if (source.Table is { } table && table.Created == table.Timestamp)
            problems.Error(source.At("table.created"), $"{MapReader.Upper(what)} has '{table.Created}' both as timestamp and as created.");
        foreach (var column in source.Derived)
        {
            Name(column.Name, $"column '{column.Name}' of {what}", source.KeyAt($"columns.{column.Name}"), problems);
            if (string.IsNullOrWhiteSpace(column.Expression)) problems.Error(source.At($"columns.{column.Name}"), $"The expression of column '{column.Name}' of {what} is blank.");
            // Files are pruned and log places compared by them: they have to be there before anything is computed.
            if (column.Name == (source.Table?.Timestamp ?? source.Stream?.Timestamp) || column.Name == (source.Table?.Created ?? source.Stream?.Created))
                problems.Error(source.At($"columns.{column.Name}"), $"Column '{column.Name}' of {what} is computed, and its timestamp or created column. These must be columns of the data; a sql view can compute them.");
        }
        foreach (var twice in Twice((source.Columns ?? []).Select(c => c.Name).Concat(source.Derived.Select(d => d.Name)))) problems.Error(source.At("columns"), $"{MapReader.Upper(what)} declares the column '{twice}' twice.");
        if (source.Columns is { Count: 0 } && !source.Incomplete) problems.Error(source.At("columns"), $"'columns' of {what} is empty. Leave it out to have the columns read from the data.");
    }

    internal static void Name(string name, string what, Location? location, ProblemList problems)
    {
        if (Names.Mistake(name) is { } mistake)
            problems.Error(location, $"{MapReader.Upper(what)} is not a name: {mistake}. Names are letters, digits and single underscores, like carrier_delays.");
    }

    internal static IEnumerable<string> Twice(IEnumerable<string> names)
        => names.GroupBy(n => n, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => g.Key);

    /// <summary>A default stands in for a value, so it has to be one of the type, and finite (S3).</summary>
    internal static bool Fits(Value value, FeatureType type) => value.IsNull || (type.Kind == value.Kind && type.Kind switch
    {
        TypeKind.Float32 => float.IsFinite(value.AsFloat32) && !IsNegativeZero(value.AsFloat32),
        TypeKind.Float64 => double.IsFinite(value.AsFloat64) && !IsNegativeZero(value.AsFloat64),
        TypeKind.Decimal => value.DecimalScale == type.Scale && Value.TryParseDecimal(value.ToString(), type.Precision, type.Scale, out _),
        TypeKind.List => value.AsList.All(e => !e.IsNull && Fits(e, type.Element!)),
        _ => true,
    });

    static bool IsNegativeZero(double value) => value == 0 && double.IsNegative(value);
}
