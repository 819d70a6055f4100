using Lockstep.Core.Definitions.Yaml;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>Columns to check against: those of a source or of a query, with what is known of them.</summary>
internal sealed record KnownColumns(string What, TableFormat Format, Schema? Data, IReadOnlyList<Field> Declared)
{
    readonly Dictionary<string, FeatureType> _declared = Declared.ToDictionary(f => f.Name, f => f.Type, StringComparer.Ordinal);

    /// <summary>What expressions see; null where there are none to see it.</summary>
    public RowColumns? Rows { get; init; }

    /// <summary>The types of computed columns; null for one whose inputs are not known.</summary>
    public IReadOnlyDictionary<string, FeatureType?> Derived { get; init; } = new Dictionary<string, FeatureType?>();

    /// <summary>What a column holds; null: nothing is known, so nothing can be wrong.</summary>
    public FeatureType? TypeOf(string column)
        => Data is null ? _declared.GetValueOrDefault(column) : Data.IndexOf(column) is var at and >= 0 ? Data[at].Type : null;

    /// <summary>In JSON a column that only later rows have is not seen: there the author's word counts.</summary>
    public bool Lacks(string column) => Data is not null && Data.IndexOf(column) < 0
        && !(Format is TableFormat.Json or TableFormat.JsonLines && _declared.ContainsKey(column));

    /// <summary>Checks that the column exists and can be read as the type; reports and returns false if not.</summary>
    public bool Check(string column, FeatureType type, string reader, Location? location, ProblemList problems)
    {
        if (Derived.TryGetValue(column, out var computed))
        {
            if (computed is null || RowConversion.Find(computed, type) is not null) return true;
            problems.Error(location, $"{reader} reads column '{column}' of {What} as {type}, but it is computed as {computed}. Declare it {computed}, or cast it in the column's expression.");
            return false;
        }
        if (Lacks(column))
        {
            problems.Error(location, $"{reader} reads column '{column}', which {What} does not have.{NearestName.Hint(column, Data!.Fields.Select(f => f.Name).Concat(Derived.Keys), "Columns")}");
            return false;
        }
        if (TypeOf(column) is not { } from || TypeConversions.Find(from, type, Format) != TypeConversion.Refused) return true;
        problems.Error(location, $"{reader} reads column '{column}' of {What} as {type}, but it is {from}, which does not convert without loss.{Advice(from, type)}");
        return false;
    }

    static string Advice(FeatureType from, FeatureType to) => to.Kind == TypeKind.Timestamp
        ? " A timestamp is read from timestamps, dates and texts like 2026-11-01T12:00:00Z; a sql view can convert."
        : from.IsFloat && to.Kind == TypeKind.Decimal ? " Binary fractions are rarely decimal ones: declare it float64, or cast it in a sql view."
        : $" Declare it {from}, or convert it in a sql view.";
}

/// <summary>Checks the table of a source against its data.</summary>
internal static class SourceBinder
{
    /// <summary>The columns of the source; null when the source has errors, so that views over it report nothing more.</summary>
    public static KnownColumns? Bind(Source source, Func<Source, Schema?> schemaOf, ProblemList problems)
    {
        var before = problems.Errors;
        NotYet.Check(source, problems);
        if (source.Incomplete || problems.Errors > before) return null;
        var what = $"source '{source.Name}'";
        if (source.Table is not { } table) return BindStream(source, what, problems);
        Schema? data;
        try
        {
            data = schemaOf(source);
        }
        catch (LockstepException unreadable)
        {
            problems.Error(source.At("table.path"), $"{MapReader.Upper(what)} cannot be read: {unreadable.Message}");
            return null;
        }
        if (data is null) problems.Warn(source.At("table.path"), $"The columns of {what} are not known, so what reads them is not checked.");
        KnownColumns columns = new(what, table.Format, data, source.Columns ?? []);
        columns.Check(table.Timestamp, FeatureType.Timestamp, "'timestamp'", source.At("table.timestamp"), problems);
        if (table.Created is { } created) columns.Check(created, FeatureType.Timestamp, "'created'", source.At("table.created"), problems);
        foreach (var declared in source.Columns ?? []) columns.Check(declared.Name, declared.Type, "'columns'", source.At($"columns.{declared.Name}"), problems);
        if (problems.Errors > before) return null;
        if (source.Stream is not null && !CheckStream(WithColumns(source, columns), table.Timestamp, table.Created, what, problems)) return null;
        return BindRows(source, columns, what, problems);
    }

    /// <summary>Of a source without a table the author's columns are all there is.</summary>
    static KnownColumns? BindStream(Source source, string what, ProblemList problems)
        => CheckStream(source, source.Stream!.Timestamp!, source.Stream.Created, what, problems)
            ? BindRows(source, new(what, TableFormat.Delta, new(source.Columns!), source.Columns!), what, problems) : null;

    // Events are logged as their columns say, once and for good.
    static bool CheckStream(Source source, string timestamp, string? created, string what, ProblemList problems)
    {
        var before = problems.Errors;
        if (source.Columns is null)
        {
            problems.Error(source.At("stream"), $"{MapReader.Upper(what)} has a stream, and the columns of its table are not known. Declare 'columns'.");
            return false;
        }
        foreach (var reserved in source.Columns.Where(c => LogNames.Contains(c.Name)))
            problems.Error(source.KeyAt($"columns.{reserved.Name}"), $"Column '{reserved.Name}' of {what} has the name of a column that every event in the log has. Rename it.");
        foreach (var (name, role) in new[] { (timestamp, "timestamp"), (created, "created") })
            if (name is not null && source.Columns.FirstOrDefault(c => c.Name == name) is var found && found?.Type != FeatureType.Timestamp)
                problems.Error(source.At($"stream.{role}") ?? source.At($"columns.{name}"), found is null
                    ? $"'{role}' of {what} is column '{name}', which its events do not have.{NearestName.Hint(name, source.Columns.Select(c => c.Name), "Columns")}"
                    : $"'{role}' of {what} is column '{name}', which is {found.Type}. Declare it under 'columns' as timestamp.");
        return problems.Errors == before;
    }

    static readonly string[] LogNames = ["_partition", "_place", "_ingested_at", "_ingested_date"];

    static KnownColumns? BindRows(Source source, KnownColumns columns, string what, ProblemList problems)
    {
        var (before, data) = (problems.Errors, columns.Data);
        var rows = RowColumns.Of(WithColumns(source, columns));
        columns = columns with { Rows = rows, Derived = RowBinder.Columns(source, rows, data, problems) };
        if (source.Where is { } where) RowBinder.Filter(rows, where, $"The filter of {what}", source.At("where"), data is null, problems);
        RowBinder.Expectations(source, source.Expect, rows, what, data is null, problems);
        return problems.Errors > before ? null : columns;
    }

    /// <summary>The source as it is registered: one with a stream says which columns its events have, whoever found them.</summary>
    public static Source Resolved(Source source, KnownColumns columns) => source.Stream is null ? source : WithColumns(source, columns);

    /// <summary>The source as a view version keeps it: all its columns, the declared ones with their declared types.</summary>
    public static Source WithColumns(Source source, KnownColumns columns)
    {
        if (columns.Data is null) return source;
        var declared = (source.Columns ?? []).ToDictionary(f => f.Name, StringComparer.Ordinal);
        return source with { Columns = [.. columns.Data.Fields.Select(f => declared.GetValueOrDefault(f.Name, f)), .. declared.Values.Where(f => columns.Data.IndexOf(f.Name) < 0)] };
    }
}
