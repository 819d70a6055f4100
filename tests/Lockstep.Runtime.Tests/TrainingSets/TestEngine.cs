using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.Tests.TrainingSets;

/// <summary>The real engine, and its tables as values.</summary>
internal static class TestEngine
{
    public static IBatchEngine Create() => new DuckDbEngine();

    public static TableInput Table(string path, TableFormat format = TableFormat.Parquet) => new() { Name = $"'{Path.GetFileName(path)}'", Format = format, Files = [new(path)] };

    public static TableInput Write(IBatchEngine engine, string path, Schema schema, IEnumerable<Value[]> rows, TableFormat format = TableFormat.Parquet)
    {
        using var writer = engine.CreateFile(new(path, format), schema, CancellationToken.None);
        var batch = new ColumnBatch(schema);
        foreach (var row in rows) batch.AppendRow(row);
        if (batch.Count > 0) writer.Write(batch, CancellationToken.None);
        writer.Complete(CancellationToken.None);
        return Table(path, format);
    }

    public static List<Value[]> ReadAll(IBatchEngine engine, TableInput table, Schema schema)
    {
        List<Value[]> rows = [];
        Read(engine, table, schema, (batch, row) => rows.Add(batch.GetRow(row)));
        return rows;
    }

    /// <summary>Hands over every row in order.</summary>
    public static void Read(IBatchEngine engine, TableInput table, Schema schema, Action<ColumnBatch, int> see)
    {
        using var reader = engine.Scan(new() { Table = table, Columns = [.. schema.Fields.Select(f => new ScanColumn(f.Name, f))], KeepOrder = true }, CancellationToken.None);
        var batch = new ColumnBatch(schema);
        while (reader.Read(batch, CancellationToken.None))
            for (var row = 0; row < batch.Count; row++) see(batch, row);
    }
}

/// <summary>One engine for the tests of a class: opening one takes longer than most of them.</summary>
public sealed class EngineFixture : IDisposable
{
    internal IBatchEngine Engine { get; } = TestEngine.Create();
    public void Dispose() => Engine.Dispose();
}

/// <summary>Places of a clone.</summary>
internal static class TestData
{
    /// <summary>tests/data</summary>
    public static string Folder { get; } = Path.Combine(Root(), "tests", "data");

    /// <summary>Data that is not part of the repository: <c>LOCKSTEP_SHARED</c>, or the folder <c>shared</c> beside the clone; null where there is none.</summary>
    public static string? Shared { get; } = new[] { Environment.GetEnvironmentVariable("LOCKSTEP_SHARED"), Path.Combine(Root(), "..", "shared") }.FirstOrDefault(Directory.Exists);

    static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Lockstep.slnx"))) return folder.FullName;
        throw new InvalidOperationException($"No Lockstep.slnx above {AppContext.BaseDirectory}.");
    }
}
