using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Server;

namespace Lockstep.Cli.Evaluation;

/// <summary>An expression over the columns of a source, computed ones included: what filters and columns are made of.</summary>
internal static class SourceEvaluation
{
    public static Evaluated Run(string text, Source source, ProjectHost host, int rows, CancellationToken token)
    {
        var table = host.Tables.Source(source);
        var data = host.Engine.ReadSchema(table, token);
        var declared = (source.Columns ?? []).ToDictionary(f => f.Name, StringComparer.Ordinal);
        source = source with { Columns = [.. data.Fields.Select(f => declared.GetValueOrDefault(f.Name, f)), .. declared.Values.Where(f => data.IndexOf(f.Name) < 0)] };
        var columns = RowColumns.Of(source);
        var bound = columns.Bind(text);
        if (bound.Type is null) return new(bound, [], []);
        var inputs = bound.Inputs.Select(i => i.Name).ToList();
        var types = columns.Data.ToDictionary(f => f.Name, f => f.Type, StringComparer.Ordinal);
        var program = RowProgram.Compile(columns, [.. inputs.Select(i => new RowOutput(new($"input:{i}", types[i]), i)), RowOutput.Of(text, new("value", bound.Type))]);
        return new(bound, inputs, FirstRows.Of(host.Engine, table, program, rows, token));
    }
}

/// <summary>The first rows of a table, as a program yields them.</summary>
internal static class FirstRows
{
    public static List<Value[]> Of(IBatchEngine engine, TableInput table, RowProgram program, int count, CancellationToken token)
    {
        using var reader = engine.Scan(new() { Table = table, Columns = [.. program.Inputs.Select(i => new ScanColumn(i.Column, i.As))], KeepOrder = true }, token);
        var run = program.Open();
        List<Value[]> rows = [];
        while (rows.Count < count && reader.Read(run.Input, token))
        {
            run.Run();
            for (var row = 0; row < run.Output.Count && rows.Count < count; row++) rows.Add(run.Output.GetRow(row));
        }
        return rows;
    }

    /// <summary>Keys and event timestamps of the first rows of a value view.</summary>
    public static List<Value[]> Keys(ViewVersion version, Catalog catalog, ProjectHost host, int count, CancellationToken token)
    {
        if (version.View is not ValueView view) throw new LockstepException(ErrorKind.BadArguments, $"View '{version.Id}' has no rows of its own. Give its keys: name=value.");
        var source = view.Source is { } name && version.Sources.TryGetValue(name, out var found) ? found : null;
        var columns = source is null ? new RowColumns($"view '{version.Id}'", [], []) : RowColumns.Of(source);
        var timestamp = view.Timestamp ?? source!.TimestampColumn!;
        var program = RowProgram.Compile(columns,
            [.. version.Keys.Fields.Select(k => new RowOutput(new($"key:{k.Name}", k.Type), k.Name)), new(new("time", FeatureType.Timestamp), timestamp)], view.Where);
        return Of(host.Engine, host.Tables.View(version, catalog), program, count, token);
    }
}
