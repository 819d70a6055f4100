using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore.Delta;
using static Lockstep.Runtime.Tests.OfflineStore.Delta.TestTables;

namespace Lockstep.Runtime.Tests.OfflineStore.Delta;

public sealed class CheckpointTests(EngineFixture fixture) : IClassFixture<EngineFixture>, IDisposable
{
    readonly TempFolder _folder = new();
    readonly FixedClock _clock = new(new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero));

    public void Dispose() => _folder.Dispose();

    DeltaTable Open(IBatchEngine? engine = null) => new(_folder.Path, engine ?? fixture.Engine, _clock, "the table");

    string Log(string name) => _folder.At("_delta_log/" + name);

    static readonly TableMetadata Settings = Metadata() with
    {
        Name = "name \"ä\"",
        Configuration = new Dictionary<string, string> { ["delta.checkpointInterval"] = "4", ["k"] = "{\"x\": null}" },
        PartitionColumns = ["id"],
        CreatedTime = 5,
    };

    // A table of nine commits with everything that a state holds; the interval puts checkpoints at 4 and 8.
    void Fill(int seed)
    {
        var random = new Random(seed);
        var table = Open();
        for (var version = 0; version < 10; version++)
        {
            _clock.Now += TimeSpan.FromDays(1);
            var written = table.Commit(new() { TransactionId = $"app {version % 3}", TransactionNumber = version }, current =>
            {
                List<LogAction> actions = current is null ? [Settings] : [.. current.State.Files.Values.Where(_ => random.Next(4) == 0).Select(f => Gone(f.Path) with { Size = f.Size, PartitionValues = f.PartitionValues })];
                for (var i = 0; i < 3; i++)
                    actions.Add(File($"id={version}/f%20{i}") with
                    {
                        PartitionValues = new Dictionary<string, string?> { ["id"] = i == 0 ? null : $"{version}" },
                        Stats = i == 1 ? null : """{"numRecords":7,"minValues":{"id":"\"\\"}}""",
                        Tags = i == 2 ? new Dictionary<string, string?> { ["t"] = "'" } : null,
                        Size = (1L << 60) - i,
                    });
                return new("WRITE", actions);
            }, CancellationToken.None);
            Assert.Null(written.CheckpointProblem);
        }
    }

    static string Text(LogState state) => string.Join('\n', new LogAction[] { state.Protocol!, state.Metadata! }
        .Concat(state.Transactions.OrderBy(t => t.Key).Select(t => t.Value))
        .Concat(state.Files.OrderBy(f => f.Key).Select(f => f.Value with { DataChange = true }))
        .Concat(state.Removed.OrderBy(f => f.Key).Select(f => f.Value with { DataChange = true }))
        .Select(a => System.Text.Encoding.UTF8.GetString(ActionWriter.Write([a]))));

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void At_random_the_state_from_a_checkpoint_is_that_of_all_commits(int seed)
    {
        Fill(seed);
        Assert.Equal(["00000000000000000004.checkpoint.parquet", "00000000000000000008.checkpoint.parquet"], Directory.GetFiles(_folder.At("_delta_log"), "*.parquet").Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (var at in new[] { 4, 8 }) System.IO.File.Move(Log($"{at:D20}.checkpoint.parquet"), _folder.At($"{at}"));
        var whole = Text(Open().Snapshot(CancellationToken.None).State);

        System.IO.File.Move(_folder.At("8"), Log($"{8:D20}.checkpoint.parquet"));
        for (var version = 0; version <= 8; version++) System.IO.File.Delete(Log(LogListing.CommitName(version)));

        Assert.Equal(whole, Text(Open().Snapshot(CancellationToken.None).State));
        Assert.Contains("\"version\":8,", System.IO.File.ReadAllText(Log("_last_checkpoint")), StringComparison.Ordinal);
        Assert.Equal(8, Open().Snapshot(8, CancellationToken.None).Version);
        Assert.Contains("version 7 can no longer be read", Assert.ThrowsAny<LockstepException>(() => Open().Snapshot(7, CancellationToken.None)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_checkpoint_is_passed_over_where_the_log_is_whole()
    {
        Fill(1);
        var whole = Text(Open().Snapshot(CancellationToken.None).State);
        var bytes = System.IO.File.ReadAllBytes(Log($"{8:D20}.checkpoint.parquet"));
        System.IO.File.WriteAllBytes(Log($"{8:D20}.checkpoint.parquet"), bytes[..(bytes.Length / 2)]);

        Assert.Equal(whole, Text(Open().Snapshot(CancellationToken.None).State));

        System.IO.File.Delete(Log(LogListing.CommitName(0)));
        System.IO.File.Delete(Log($"{4:D20}.checkpoint.parquet"));
        var error = Assert.ThrowsAny<LockstepException>(() => Open().Snapshot(CancellationToken.None));
        Assert.Contains("00000000000000000008.checkpoint.parquet", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_commit_is_not_passed_over()
    {
        Fill(1);
        System.IO.File.WriteAllText(Log(LogListing.CommitName(9)), "{");

        Assert.Contains($"{LogListing.CommitName(9)}, line 1", Assert.ThrowsAny<LockstepException>(() => Open().Snapshot(CancellationToken.None)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_tells_removed_files_only_within_the_retention()
    {
        Fill(2);
        var removed = Open().Snapshot(CancellationToken.None).State.Removed.Count;
        _clock.Now += TimeSpan.FromDays(100);
        for (var version = 10; version <= 12; version++) Open().Commit(new(), _ => new("WRITE", [File($"g{version}")]), CancellationToken.None);
        for (var version = 0; version <= 12; version++) System.IO.File.Delete(Log(LogListing.CommitName(version)));

        var state = Open().Snapshot(CancellationToken.None).State;

        Assert.True(removed > 0);
        Assert.Empty(state.Removed);
        Assert.Equal(12, state.Version);
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_written_is_told_and_the_commit_stands()
    {
        var table = Open(new Failing(fixture.Engine));
        Commit(table);
        var problems = Enumerable.Range(1, 10).Select(i => table.Commit(new(), _ => new("WRITE", [File($"f{i}")]), CancellationToken.None).CheckpointProblem).ToList();

        Assert.All(problems[..9], Assert.Null);
        Assert.Contains("version 10 is committed; its checkpoint could not be written: no room", problems[9], StringComparison.Ordinal);
        Assert.Equal(10, Open().Snapshot(CancellationToken.None).FileCount);
        Assert.Empty(Directory.GetFiles(_folder.At("_delta_log"), ".*"));

        static void Commit(DeltaTable table) => table.Commit(new(), _ => new("WRITE", [Metadata() with { Configuration = new Dictionary<string, string>() }]), CancellationToken.None);
    }

    /// <summary>An engine without room for checkpoints.</summary>
    sealed class Failing(IBatchEngine inner) : IBatchEngine
    {
        public Schema ReadSchema(TableInput table, CancellationToken token) => inner.ReadSchema(table, token);
        public ScanReader Scan(ScanRequest request, CancellationToken token) => inner.Scan(request, token);
        public Schema DescribeQuery(QueryRequest request, CancellationToken token) => inner.DescribeQuery(request, token);
        public ScanReader Query(QueryRequest request, CancellationToken token) => inner.Query(request, token);
        public void WriteQuery(QueryRequest request, TableOutput output, CancellationToken token) => throw new LockstepException(ErrorKind.Failed, "no room");
        public BatchWriter CreateFile(TableOutput output, Schema schema, CancellationToken token) => inner.CreateFile(output, schema, token);
        public void Dispose() { }
    }

    [Fact]
    public void Of_a_checkpoint_in_parts_all_are_needed()
    {
        var from = Path.Combine(ConformanceTests.Root, "multipart_checkpoint", "table", "_delta_log");
        Directory.CreateDirectory(_folder.At("_delta_log"));
        foreach (var file in Directory.GetFiles(from)) System.IO.File.Copy(file, Log(Path.GetFileName(file)));
        Assert.Equal(12, Open().Snapshot(CancellationToken.None).Version);

        System.IO.File.Delete(Directory.GetFiles(_folder.At("_delta_log"), "*.0000000002.0000000003.parquet").Single());

        Assert.Contains("version 12", Assert.ThrowsAny<LockstepException>(() => Open().Snapshot(CancellationToken.None)).Message, StringComparison.Ordinal);
    }

    /// <summary>Rows that do not fit into memory come by the engine's sort; each day is still written once.</summary>
    [Theory, InlineData(1), InlineData(2)]
    public void At_random_rows_beyond_the_buffer_come_back_the_same(int seed)
    {
        var random = new Random(seed);
        var schema = new Schema([new("id", FeatureType.Int64), new("at \"x\"", FeatureType.Timestamp), new("name", FeatureType.String), new("list", FeatureType.List(FeatureType.Float32))]);
        Value[][] rows = [.. Enumerable.Range(0, 5000).Select(i => new[]
        {
            Value.Of((long)i), random.Next(20) == 0 ? Value.Null : Value.Timestamp(random.NextInt64(-3 * Instant.Day, 3 * Instant.Day)), Value.Of($"{i}"), random.Next(5) == 0 ? Value.Null : Value.List(Value.Of(random.NextSingle()), Value.Null),
        })];
        using var files = new DataFiles(fixture.Engine, _clock, _folder.Path, schema, new("at \"x\"", "day"), bufferBytes: 20_000);

        files.WriteAll(new Rows(schema, rows, 100), CancellationToken.None);

        var table = new TableInput { Name = "t", Format = TableFormat.Parquet, Files = [.. files.Added.Select(a => new TableFile(_folder.At(DeltaPath.Unescape(a.Path))))], Schema = schema };
        Assert.True(rows.Select(r => Rows.Text(r)).Order(StringComparer.Ordinal).SequenceEqual(Rows.Sorted(fixture.Engine, table)), $"seed {seed}");
        Assert.Equal((5000L, 7, 7), (files.Rows, files.Added.Count, files.Added.Select(a => a.PartitionValues["day"]).Distinct().Count()));
        Assert.Empty(Directory.GetFiles(_folder.Path));
        Assert.Equal(5000, files.Added.Sum(a => FileTimes.Records(a)));
    }
}
