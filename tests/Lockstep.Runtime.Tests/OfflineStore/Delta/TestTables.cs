using Lockstep.Runtime.OfflineStore.Delta;

namespace Lockstep.Runtime.Tests.OfflineStore.Delta;

/// <summary>Tables of which only the log matters: their files are names.</summary>
internal static class TestTables
{
    public const string OneColumn = """{"type":"struct","fields":[{"name":"id","type":"long","nullable":true,"metadata":{}}]}""";

    public static DeltaTable Open(string folder, TimeProvider? clock = null) => new(folder, null!, clock ?? TimeProvider.System, "the table");

    public static AddFile File(string path, bool dataChange = true) => new()
    {
        Path = path,
        PartitionValues = new Dictionary<string, string?>(),
        Size = 1,
        ModificationTime = 0,
        DataChange = dataChange,
    };

    public static RemoveFile Gone(string path, bool dataChange = true) => new() { Path = path, DataChange = dataChange };

    public static TableMetadata Metadata(string schema = OneColumn, string id = "id", params string[] partitionColumns)
        => new() { Id = id, SchemaJson = schema, PartitionColumns = partitionColumns, Configuration = NoCheckpoints };

    /// <summary>Checkpoints need an engine.</summary>
    static readonly Dictionary<string, string> NoCheckpoints = new() { ["delta.checkpointInterval"] = "1000000" };

    /// <summary>Commits actions over whatever is there.</summary>
    public static long Commit(DeltaTable table, params LogAction[] actions)
        => table.Commit(new(), current => new("TEST", current is null ? [Metadata(), .. actions] : actions), CancellationToken.None).Version;

    public static string[] Names(DeltaSnapshot snapshot) => [.. snapshot.Files().Select(f => Path.GetFileName(f.Path))];

    /// <summary>Writes a log by hand, a text a commit.</summary>
    public static void WriteLog(TempFolder folder, params string[] commits)
    {
        for (var version = 0; version < commits.Length; version++) folder.Write($"_delta_log/{version:D20}.json", commits[version]);
    }

    public const string Protocol = """{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}""" + "\n";

    public static string MetadataLine(string schema = OneColumn, string configuration = "{}", string partitionColumns = "[]")
        => """{"metaData":{"id":"id","format":{"provider":"parquet","options":{}},"schemaString":SCHEMA,"partitionColumns":PARTITIONS,"configuration":SETTINGS}}"""
            .Replace("SCHEMA", System.Text.Json.JsonSerializer.Serialize(schema), StringComparison.Ordinal)
            .Replace("PARTITIONS", partitionColumns, StringComparison.Ordinal).Replace("SETTINGS", configuration, StringComparison.Ordinal) + "\n";

    public static string AddLine(string path, string more = "")
        => """{"add":{"path":"PATH","partitionValues":{},"size":1,"modificationTime":0,"dataChange":trueMORE}}"""
            .Replace("PATH", path, StringComparison.Ordinal).Replace("MORE", more, StringComparison.Ordinal) + "\n";
}
