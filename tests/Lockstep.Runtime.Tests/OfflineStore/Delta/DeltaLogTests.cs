using Lockstep.Core;
using Lockstep.Runtime.OfflineStore.Delta;
using static Lockstep.Runtime.Tests.OfflineStore.Delta.TestTables;

namespace Lockstep.Runtime.Tests.OfflineStore.Delta;

public sealed class DeltaLogTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    DeltaSnapshot Snapshot(long? version = null) => version is { } v ? Open(_folder.Path).Snapshot(v, CancellationToken.None) : Open(_folder.Path).Snapshot(CancellationToken.None);

    LockstepException Refused(long? version = null) => Assert.ThrowsAny<LockstepException>(() => Snapshot(version));

    [Fact]
    public void Added_and_removed_files_add_up()
    {
        WriteLog(_folder, Protocol + MetadataLine() + AddLine("a") + AddLine("b"), """{"remove":{"path":"a","dataChange":true}}""" + "\n" + AddLine("c"));

        Assert.Equal(["a", "b"], Names(Snapshot(0)));
        Assert.Equal(["b", "c"], Names(Snapshot()));
        Assert.Equal(1, Snapshot().Version);
    }

    [Fact]
    public void Kinds_and_fields_that_are_not_known_are_passed_over()
    {
        WriteLog(_folder, Protocol + MetadataLine() + """{"somethingNew":{"a":1}}""" + "\n\n" + AddLine("a", ""","new":{"x":[1]}""")
            + """{"cdc":{"path":"c","partitionValues":{},"size":1,"dataChange":false}}""" + "\n" + """{"add":null,"commitInfo":{"operationMetrics":{"n":5},"timestamp":7}}""");

        Assert.Equal(["a"], Names(Snapshot()));
    }

    [Theory]
    [InlineData("""{"add":{"path":"b","partitionValues":{},"size":1,"modif""", "00000000000000000001.json, line 2 is not a whole action")]
    [InlineData("""{"add":{"path":"b","partitionValues":{},"modificationTime":0}}""", "'size' is missing")]
    [InlineData("""{"add":{"path":"b","partitionValues":{},"size":"1","modificationTime":0}}""", "'size' is \"1\", not a whole number")]
    [InlineData("""{"add":{"path":"b","partitionValues":{"k":5},"size":1,"modificationTime":0}}""", "'partitionValues.k' is 5, not text")]
    [InlineData("""{"add":[]}""", "content is a JSON object")]
    [InlineData("""[1]""", "an action is a JSON object")]
    [InlineData("\0\0\0\0", "line 2 is not a whole action")]
    [InlineData("""{"add":{"path":"../b","partitionValues":{},"size":1,"modificationTime":0}}""", "leads out of its folder")]
    [InlineData("""{"add":{"path":"s3://bucket/b","partitionValues":{},"size":1,"modificationTime":0}}""", "is not on this machine")]
    [InlineData("""{"protocol":{"minReaderVersion":99999999999,"minWriterVersion":2}}""", "line 2 is not a whole action")]
    public void A_damaged_commit_is_named_with_its_line_and_older_versions_stay_readable(string line, string expected)
    {
        WriteLog(_folder, Protocol + MetadataLine() + AddLine("a"), """{"commitInfo":{}}""" + "\n" + line);

        var error = Refused();

        Assert.Contains("00000000000000000001.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Equal(["a"], Names(Snapshot(0)));
    }

    [Theory, InlineData(""), InlineData("\n \n")]
    public void An_empty_commit_is_damaged(string text)
    {
        WriteLog(_folder, Protocol + MetadataLine(), text);

        Assert.Contains("00000000000000000001.json is empty", Refused().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gap_is_named()
    {
        WriteLog(_folder, Protocol + MetadataLine(), AddLine("a"), AddLine("b"), AddLine("c"));
        System.IO.File.Delete(_folder.At("_delta_log/00000000000000000002.json"));

        Assert.Contains("version 2 (00000000000000000002.json) is missing", Refused().Message, StringComparison.Ordinal);
        Assert.Equal(["a"], Names(Snapshot(1)));
    }

    [Fact]
    public void A_version_that_never_was_and_a_folder_without_a_table_are_not_found()
    {
        Assert.Equal((ErrorKind.NotFound, true), (Refused().Kind, Refused().Message.Contains("holds no Delta table", StringComparison.Ordinal)));
        WriteLog(_folder, Protocol + MetadataLine());

        Assert.Equal((ErrorKind.NotFound, true), (Refused(7).Kind, Refused(7).Message.Contains("no version 7; its newest is 0", StringComparison.Ordinal)));
        Assert.Equal(ErrorKind.NotFound, Refused(-1).Kind);
    }

    [Fact]
    public void A_log_without_protocol_or_metadata_is_no_table()
    {
        WriteLog(_folder, Protocol + AddLine("a"));
        Assert.Contains("holds no metaData", Refused().Message, StringComparison.Ordinal);
        WriteLog(_folder, MetadataLine() + AddLine("a"));
        Assert.Contains("holds no protocol", Refused().Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"protocol":{"minReaderVersion":4,"minWriterVersion":7}}""", "{}", "reader version 4")]
    [InlineData("""{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["timestampNtz","fancy"],"writerFeatures":[]}}""", "{}", "'fancy'")]
    [InlineData("""{"protocol":{"minReaderVersion":2,"minWriterVersion":5}}""", """{"delta.columnMapping.mode":"name"}""", "columnMapping")]
    [InlineData("""{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}""", """{"delta.columnMapping.mode":"id"}""", "columnMapping")]
    [InlineData("""{"protocol":{"minReaderVersion":2,"minWriterVersion":5}}""", """{"delta.columnMapping.mode":"none"}""", null)]
    [InlineData("""{"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["anything"]}}""", "{}", null)]
    public void What_a_table_needs_and_is_not_known_is_refused_by_name(string protocol, string configuration, string? named)
    {
        WriteLog(_folder, protocol + "\n" + MetadataLine(configuration: configuration) + AddLine("a"));

        if (named is null) Assert.Equal(["a"], Names(Snapshot()));
        else Assert.Contains(named, Refused().Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["rowTracking"]}}""", "{}", "'rowTracking'")]
    [InlineData("""{"protocol":{"minReaderVersion":1,"minWriterVersion":4}}""", "{}", "writer version 4")]
    [InlineData("""{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}""", """{"delta.appendOnly":"true"}""", "delta.appendOnly")]
    [InlineData("""{"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["appendOnly","invariants"]}}""", "{}", null)]
    public void A_table_that_needs_more_of_writers_is_not_written(string protocol, string configuration, string? named)
    {
        WriteLog(_folder, protocol + "\n" + MetadataLine(configuration: configuration) + AddLine("a"));
        var table = Open(_folder.Path);

        if (named is null) Assert.Equal(1, Commit(table, Gone("a")));
        else Assert.Contains(named, Assert.ThrowsAny<LockstepException>(() => Commit(table, Gone("a"))).Message, StringComparison.Ordinal);
        Assert.Equal(named is null ? 1 : 0, table.Snapshot(CancellationToken.None).Version);
    }

    [Theory]
    [InlineData("integer", "long", true)]
    [InlineData("byte", "short", true)]
    [InlineData("float", "double", true)]
    [InlineData("decimal(6,2)", "decimal(12,4)", true)]
    [InlineData("decimal(6,2)", "decimal(7,4)", false)]
    [InlineData("integer", "double", false)]
    [InlineData("integer", "decimal(12,0)", false)]
    [InlineData("date", "timestamp_ntz", false)]
    public void Of_widened_columns_those_that_keep_their_values_are_read(string from, string to, bool read)
    {
        var schema = "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"TO\",\"nullable\":true,\"metadata\":{\"delta.typeChanges\":[{\"toType\":\"TO\",\"fromType\":\"FROM\"}]}}]}"
            .Replace("TO", to, StringComparison.Ordinal).Replace("FROM", from, StringComparison.Ordinal);
        WriteLog(_folder, Protocol + MetadataLine(schema) + AddLine("a"));

        if (read) Assert.Equal(["a"], Names(Snapshot()));
        else Assert.Contains("typeWidening", Refused().Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("k=100%2525/a%20b.parquet", "k=100%25/a b.parquet")]
    [InlineData("k=c%253Ad/%C3%BC.parquet", "k=c%3Ad/ü.parquet")]
    [InlineData("plus+sign.parquet", "plus+sign.parquet")]
    [InlineData("k=../n=1/a", "k=../n=1/a")]
    [InlineData("file:///data/a%20b", "/data/a b")]
    [InlineData("k=c:d/a", "k=c:d/a")]
    public void Paths_are_unescaped_once(string logged, string onDisk) => Assert.Equal(onDisk, DeltaPath.Unescape(logged));

    [Fact]
    public void Our_own_commits_read_back_as_they_were()
    {
        LogAction[] actions =
        [
            new CommitInfo { Timestamp = 5, Operation = "WRITE", OperationParameters = new Dictionary<string, string> { ["mode"] = "Append" }, EngineInfo = "x", IsBlindAppend = true, Project = "p \"ä\"", Run = "7" },
            ProtocolCheck.Ours,
            Metadata(id: "i", partitionColumns: "day") with { Name = "n", Description = "d", Configuration = new Dictionary<string, string> { ["k"] = "v" }, CreatedTime = 3 },
            File("a%20b") with { PartitionValues = new Dictionary<string, string?> { ["day"] = null }, Stats = """{"numRecords":1}""", Tags = new Dictionary<string, string?> { ["t"] = "u" } },
            Gone("c", dataChange: false) with { DeletionTimestamp = 9, Size = 4, PartitionValues = new Dictionary<string, string?> { ["day"] = "2026-01-01" } },
            new ApplicationTransaction("app", 12) { LastUpdated = 8 },
        ];
        var bytes = ActionWriter.Write(actions);

        var read = new DeltaLog(_folder.Path, "t", null!).ReadLines(bytes, "f");

        Assert.Equal(System.Text.Encoding.UTF8.GetString(bytes), System.Text.Encoding.UTF8.GetString(ActionWriter.Write(read)));
        Assert.Equal(actions.Select(a => a.GetType()), read.Select(a => a.GetType()));
        var add = Assert.IsType<AddFile>(read[3]);
        Assert.Equal(("a%20b", 1L, null, """{"numRecords":1}""", "u"), (add.Path, add.Size, add.PartitionValues["day"], add.Stats, add.Tags!["t"]));
        Assert.Equal(("p \"ä\"", "7"), (((CommitInfo)read[0]).Project, ((CommitInfo)read[0]).Run));
    }
}
