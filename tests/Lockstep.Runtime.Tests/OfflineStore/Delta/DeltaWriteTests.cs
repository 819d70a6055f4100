using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore.Delta;

namespace Lockstep.Runtime.Tests.OfflineStore.Delta;

public sealed class DeltaWriteTests(EngineFixture fixture) : IClassFixture<EngineFixture>, IDisposable
{
    readonly TempFolder _folder = new();
    readonly FixedClock _clock = new(new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero));

    static readonly Schema Events = new([new("id", FeatureType.Int64), new("at", FeatureType.Timestamp), new("name", FeatureType.String)]);
    static readonly DeltaWrite ByDay = new() { TimeColumn = "at", Project = "flights", Run = "17" };

    public void Dispose() => _folder.Dispose();

    DeltaTable Open() => new(_folder.At("t"), fixture.Engine, _clock, "the table");

    static Value[] Event(long id, string? at, string? name = null)
        => [Value.Of(id), at is null ? Value.Null : Value.Timestamp(Instant.Parse(at)), name is null ? Value.Null : Value.Of(name)];

    string[] Content(DeltaSnapshot snapshot) => Rows.Sorted(fixture.Engine, snapshot.Input("t", "at"), [.. snapshot.Schema.Fields.Select(f => f.Name).Where(n => !snapshot.PartitionColumns.Contains(n))]);

    static string[] Texts(params Value[][] rows) => [.. rows.Select(r => Rows.Text(r)).Order(StringComparer.Ordinal)];

    [Fact]
    public void Rows_come_back_from_a_folder_for_each_day()
    {
        Value[][] rows = [Event(1, "2026-01-01T23:59:59.999999", "a"), Event(2, "2026-01-02"), Event(3, "1969-12-31T23:59:59.999999", "c"), Event(4, null, "d")];

        var written = Open().Append(new Rows(Events, rows), ByDay, CancellationToken.None);

        Assert.Equal((0L, true, 4L, 4), (written.Version, written.Written, written.Rows, written.FilesAdded));
        var snapshot = Open().Snapshot(CancellationToken.None);
        Assert.Equal(Texts(rows), Content(snapshot));
        Assert.Equal(["event_date=1969-12-31", "event_date=2026-01-01", "event_date=2026-01-02", "event_date=__HIVE_DEFAULT_PARTITION__"],
            Directory.GetDirectories(_folder.At("t"), "event_date=*").Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(["1969-12-31", "2026-01-01", "2026-01-02", null], snapshot.Files().Select(f => f.Partition["event_date"]));
        Assert.Equal((4L, "event_date"), (snapshot.Records, Assert.Single(snapshot.PartitionColumns)));
    }

    [Fact]
    public void A_commit_names_run_and_project()
    {
        Open().Append(new Rows(Events, [Event(1, "2026-01-01")]), ByDay, CancellationToken.None);

        var commit = Assert.Single(Open().History(CancellationToken.None));

        Assert.Equal((0L, 1_793_491_200_000_000L, "WRITE", "flights", "17", "Append", 1), (commit.Version, commit.At, commit.Operation, commit.Project, commit.Run, commit.Parameters["mode"], commit.FilesAdded));
    }

    [Fact]
    public void S19_an_overwrite_replaces_all_and_older_versions_stay()
    {
        Open().Append(new Rows(Events, [Event(1, "2026-01-01"), Event(2, "2026-01-02")]), ByDay, CancellationToken.None);
        _clock.Now += TimeSpan.FromHours(1);
        var written = Open().Overwrite(new Rows(Events, [Event(3, "2026-01-01")]), ByDay, CancellationToken.None);
        _clock.Now += TimeSpan.FromHours(1);
        Open().Overwrite(new Rows(Events, []), ByDay, CancellationToken.None);

        Assert.Equal((1L, 1, 2), (written.Version, written.FilesAdded, written.FilesRemoved));
        Assert.Equal(Texts(Event(1, "2026-01-01"), Event(2, "2026-01-02")), Content(Open().Snapshot(0, CancellationToken.None)));
        Assert.Equal(Texts(Event(3, "2026-01-01")), Content(Open().SnapshotAsOf(Instant.Parse("2026-11-01T01:59:59"), CancellationToken.None)));
        Assert.Empty(Content(Open().Snapshot(CancellationToken.None)));
    }

    [Fact]
    public void Columns_can_be_added_and_left_out()
    {
        var wider = new Schema([.. Events.Fields, new("score", FeatureType.Float64), new("tags", FeatureType.List(FeatureType.String))]);
        var narrower = new Schema([new("at", FeatureType.Timestamp), new("id", FeatureType.Int64)]);
        Open().Append(new Rows(Events, [Event(1, "2026-01-01", "a")]), ByDay, CancellationToken.None);
        Open().Append(new Rows(wider, [[.. Event(2, "2026-01-02", "b"), Value.Of(0.5), Value.List(Value.Of("x"), Value.Null)]]), ByDay, CancellationToken.None);
        Open().Append(new Rows(narrower, [[Value.Timestamp(0), Value.Of(3L)]]), ByDay, CancellationToken.None);

        var snapshot = Open().Snapshot(CancellationToken.None);

        Assert.Equal("id int64, at timestamp, name string, event_date date, score float64, tags list<string>", snapshot.Schema.ToString());
        Assert.Equal(Texts([.. Event(1, "2026-01-01", "a"), Value.Null, Value.Null], [.. Event(2, "2026-01-02", "b"), Value.Of(0.5), Value.List(Value.Of("x"), Value.Null)],
            [Value.Of(3L), Value.Timestamp(0), Value.Null, Value.Null, Value.Null]), Content(snapshot));
        Assert.Equal(4, Open().Snapshot(0, CancellationToken.None).Schema.Count);
    }

    [Theory]
    [InlineData("id", "float64", "column 'id' is long in the table and float64 in the rows")]
    [InlineData("ID", "int64", "'ID' differs from the table's 'id' only in case")]
    [InlineData("event_date", "date", "has the name of the table's own partition column")]
    public void Rows_that_do_not_fit_are_a_conflict_and_leave_nothing(string column, string type, string expected)
    {
        Open().Append(new Rows(Events, [Event(1, "2026-01-01")]), ByDay, CancellationToken.None);
        var files = Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories);
        var schema = new Schema([new("at", FeatureType.Timestamp), new(column, FeatureType.Parse(type))]);

        var error = Assert.Throws<LockstepException>(() => Open().Append(new Rows(schema, [[Value.Timestamp(0), Value.Null]]), ByDay, CancellationToken.None));

        Assert.Equal((ErrorKind.Conflict, true), (error.Kind, error.Message.Contains(expected, StringComparison.Ordinal)));
        Assert.Equal(files, Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void An_overwrite_may_bring_other_columns_and_a_partition_column_that_is_free()
    {
        Open().Append(new Rows(Events, [Event(1, "2026-01-01")]), ByDay, CancellationToken.None);
        var other = new Schema([new("when", FeatureType.Date), new("Event_Date", FeatureType.String)]);

        Open().Overwrite(new Rows(other, [[Value.Date(1), Value.Of("x")]]), ByDay with { TimeColumn = "when" }, CancellationToken.None);

        var snapshot = Open().Snapshot(CancellationToken.None);
        Assert.Equal(("when date, Event_Date string, event_date_2 date", "event_date_2"), (snapshot.Schema.ToString(), snapshot.PartitionColumns[0]));
        Assert.Equal(Texts([Value.Date(1), Value.Of("x")]), Content(snapshot));
        Assert.Equal(Texts(Event(1, "2026-01-01")), Content(Open().Snapshot(0, CancellationToken.None)));
        Assert.Equal(snapshot.TableId, Open().Snapshot(0, CancellationToken.None).TableId);
    }

    [Theory]
    [InlineData("when", "no column 'when'")]
    [InlineData("id", "It is int64")]
    public void A_time_column_that_is_none_is_refused(string column, string expected)
    {
        var error = Assert.Throws<LockstepException>(() => Open().Append(new Rows(Events, []), new() { TimeColumn = column }, CancellationToken.None));

        Assert.Equal((ErrorKind.BadArguments, true), (error.Kind, error.Message.Contains(expected, StringComparison.Ordinal)));
        Assert.False(Directory.Exists(_folder.At("t")));
    }

    [Fact]
    public void A_table_without_a_time_column_is_not_partitioned_and_rows_of_no_file_are_no_commit()
    {
        var table = Open();
        table.Append(new Rows(Events, [Event(1, null), Event(2, "2026-01-01")]), new(), CancellationToken.None);

        Assert.False(table.Append(new Rows(Events, []), new(), CancellationToken.None).Written);
        Assert.Empty(table.Snapshot(CancellationToken.None).PartitionColumns);
        Assert.Equal(Texts(Event(1, null), Event(2, "2026-01-01")), Content(table.Snapshot(CancellationToken.None)));
    }

    [Fact]
    public void Whole_days_can_be_removed()
    {
        var table = Open();
        table.Append(new Rows(Events, [Event(1, "2026-01-01"), Event(2, "2026-01-02"), Event(3, "2026-01-03")]), ByDay, CancellationToken.None);

        var removed = table.Remove(f => f.Times!.Value.Last < Instant.Parse("2026-01-02T12:00"), ByDay, CancellationToken.None);
        var nothing = table.Remove(_ => false, ByDay, CancellationToken.None);

        Assert.Equal((2, false), (removed.FilesRemoved, nothing.Written));
        Assert.Equal(Texts(Event(3, "2026-01-03")), Content(table.Snapshot(CancellationToken.None)));
    }

    /// <summary>Every type at its edges, through a file and its statistics, and back.</summary>
    [Theory, InlineData(1), InlineData(2)]
    public void At_random_all_types_come_back_bit_for_bit(int seed)
    {
        var random = new Random(seed);
        var schema = new Schema([new("at", FeatureType.Timestamp), new("b", FeatureType.Bool), new("i", FeatureType.Int32), new("l", FeatureType.Int64), new("f", FeatureType.Float32),
            new("d", FeatureType.Float64), new("m", FeatureType.Decimal(20, 3)), new("s", FeatureType.String), new("y", FeatureType.Bytes), new("t", FeatureType.Date), new("e", FeatureType.List(FeatureType.Float32))]);
        var rows = Enumerable.Range(0, 500).Select(_ => schema.Fields.Select(f => random.Next(8) == 0 ? Value.Null : Any(random, f.Type)).ToArray()).ToArray();

        Open().Append(new Rows(schema, rows, 37), new() { TimeColumn = "at" }, CancellationToken.None);

        Assert.True(Texts(rows).SequenceEqual(Content(Open().Snapshot(CancellationToken.None))), $"seed {seed}");
    }

    static Value Any(Random random, FeatureType type) => type.Kind switch
    {
        TypeKind.Bool => Value.Of(random.Next(2) == 0),
        TypeKind.Int32 => Value.Of(random.Next(4) == 0 ? int.MinValue : random.Next()),
        TypeKind.Int64 => Value.Of(random.Next(4) == 0 ? long.MaxValue : random.NextInt64()),
        TypeKind.Float32 => Value.Of(random.NextSingle() - 0.5f),
        TypeKind.Float64 => Value.Of(random.Next(4) == 0 ? double.MaxValue : random.NextDouble() - 0.5),
        TypeKind.Decimal => Value.Decimal(random.NextInt64(-1_000_000, 1_000_000) * (Int128)1_000_000_000, 3),
        TypeKind.String => Value.Of(new string((char)random.Next(32, 1000), random.Next(50))),
        TypeKind.Bytes => Value.Of(new byte[random.Next(5)]),
        TypeKind.Timestamp => Value.Timestamp(random.NextInt64(-3, 3) * Instant.Day + random.Next(-1, 2)),
        TypeKind.Date => Value.Date(random.Next(-100_000, 100_000)),
        _ => Value.List([.. Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(5) == 0 ? Value.Null : Value.Of(random.NextSingle()))]),
    };

    /// <summary>Pruned and unpruned reading agree, and files are really left out.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void At_random_pruning_changes_nothing_but_the_files_read(int seed)
    {
        var random = new Random(seed);
        var table = Open();
        for (var commit = 0; commit < 4; commit++)
        {
            var day = random.Next(0, 3);
            var rows = Enumerable.Range(0, 20).Select(i => new[] { Value.Of((long)i), random.Next(10) == 0 ? Value.Null : Value.Timestamp(day * Instant.Day + random.NextInt64(-5, 5) * (random.Next(2) == 0 ? 1 : Instant.Hour)), Value.Null }).ToArray();
            table.Append(new Rows(Events, rows), seed % 2 == 0 ? ByDay : new(), CancellationToken.None);
        }
        var snapshot = table.Snapshot(CancellationToken.None);
        var input = snapshot.Input("t", "at");
        var columns = Events.Fields.Select(f => new ScanColumn(f.Name, f)).ToArray();
        var all = Rows.Read(fixture.Engine, input);
        var leftOut = 0;
        for (var i = 0; i < 40; i++)
        {
            var from = random.NextInt64(-1, 4) * Instant.Day + random.NextInt64(-3, 3);
            var to = from + random.NextInt64(0, 2) * Instant.Day + random.NextInt64(0, 3);
            var files = snapshot.Files("at", from, to);
            leftOut += input.Files.Count - files.Count;

            var pruned = files.Count == 0 ? [] : Rows.Read(fixture.Engine, new ScanRequest { Table = input with { Files = files }, Columns = columns, TimeColumn = "at", NotBefore = from, NotAfter = to });

            Assert.True(Texts([.. all.Where(r => !r[1].IsNull && r[1].AsInt64 >= from && r[1].AsInt64 <= to).Select(r => r[..3])]).SequenceEqual(Texts([.. pruned])), $"seed {seed}, {from} to {to}");
            Assert.Equal(files.Select(f => f.Path), input.FilesBetween("at", from, to).Select(f => f.Path));
        }
        Assert.True(leftOut > 40, $"seed {seed}: only {leftOut} files were left out");
    }

    [Fact]
    public void A_scan_does_not_open_files_outside_its_bounds()
    {
        Open().Append(new Rows(Events, [Event(1, "2026-01-01"), Event(2, "2026-01-02"), Event(3, "2026-01-03")]), ByDay, CancellationToken.None);
        var input = Open().Snapshot(CancellationToken.None).Input("t", "at");
        System.IO.File.Delete(input.Files[0].Path);
        System.IO.File.Delete(input.Files[2].Path);
        var scan = new ScanRequest { Table = input, Columns = [new("id", Events[0])], TimeColumn = "at", NotBefore = Instant.Parse("2026-01-01T12:00"), NotAfter = Instant.Parse("2026-01-02T12:00") };

        Assert.Equal([Value.Of(2L)], Assert.Single(Rows.Read(fixture.Engine, scan)));
        Assert.Empty(Rows.Read(fixture.Engine, scan with { NotBefore = Instant.Parse("2026-02-01"), NotAfter = long.MaxValue }));
        Assert.Throws<LockstepException>(() => Rows.Read(fixture.Engine, scan with { NotBefore = 0 }));
    }

    /// <summary>Writers of rows at random, each in a handle of its own, against the list of what they wrote.</summary>
    [Theory, InlineData(1), InlineData(2)]
    public async Task Concurrent_writers_of_rows_agree_with_the_list_of_their_writes(int seed)
    {
        List<(long Version, bool Replace, Value[][] Rows)> writes = [];
        await Task.WhenAll(Enumerable.Range(0, 3).Select(writer => Task.Run(() =>
        {
            var random = new Random(seed * 10 + writer);
            var table = Open();
            for (var i = 0; i < 3; i++)
            {
                Value[][] rows = [.. Enumerable.Range(0, random.Next(1, 5)).Select(n => Event(writer * 100 + i * 10 + n, $"2026-01-0{random.Next(1, 4)}"))];
                var replace = random.Next(4) == 0;
                var written = replace ? table.Overwrite(new Rows(Events, rows), ByDay, CancellationToken.None) : table.Append(new Rows(Events, rows), ByDay, CancellationToken.None);
                lock (writes) writes.Add((written.Version, replace, rows));
            }
        })));

        List<Value[]> judge = [];
        foreach (var (version, replace, rows) in writes.OrderBy(w => w.Version))
        {
            if (replace) judge.Clear();
            judge.AddRange(rows);
            Assert.True(Texts([.. judge]).SequenceEqual(Content(Open().Snapshot(version, CancellationToken.None))), $"seed {seed}, version {version}");
        }
        Assert.Equal(Enumerable.Range(0, 9).Select(v => (long)v), writes.Select(w => w.Version).Order());
    }

    [Theory]
    [InlineData("long", false, "must not be null")]
    [InlineData("short", true, "is short in the table and int64 in the rows")]
    public void A_table_of_others_whose_columns_we_cannot_keep_to_is_not_written(string type, bool nullable, string expected)
    {
        var schema = "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"TYPE\",\"nullable\":NULLABLE,\"metadata\":{}}]}"
            .Replace("TYPE", type, StringComparison.Ordinal).Replace("NULLABLE", nullable ? "true" : "false", StringComparison.Ordinal);
        _folder.Write("t/_delta_log/00000000000000000000.json", TestTables.Protocol + TestTables.MetadataLine(schema));

        var error = Assert.Throws<LockstepException>(() => Open().Append(new Rows(new([new("id", FeatureType.Int64)]), [[Value.Null]]), new(), CancellationToken.None));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Equal(0, Open().Snapshot(CancellationToken.None).Version);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_an_error_that_names_it()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("Needs a folder that not even the administrator may write.");
        var table = new DeltaTable("/proc/lockstep/t", fixture.Engine, _clock, "the table");

        var error = Assert.Throws<LockstepException>(() => table.Append(new Rows(Events, [Event(1, "2026-01-01")]), ByDay, CancellationToken.None));

        Assert.Contains("the table: the rows could not be written: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("/proc/lockstep", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reader_that_fails_midway_leaves_nothing()
    {
        Open().Append(new Rows(Events, [Event(1, "2026-01-01")]), ByDay, CancellationToken.None);
        var files = Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories);

        var error = Assert.Throws<LockstepException>(() => Open().Append(new Failing(Events), ByDay, CancellationToken.None));

        Assert.Contains("the rows could not be written: the disk is gone. The table is as it was.", error.Message, StringComparison.Ordinal);
        Assert.Equal(files, Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories));
        Assert.Equal(0, Open().Snapshot(CancellationToken.None).Version);
    }

    sealed class Failing(Schema schema) : BatchReader
    {
        int _reads;
        public override Schema Schema { get; } = schema;

        public override bool Read(ColumnBatch batch, CancellationToken token)
        {
            if (_reads++ > 2) throw new IOException("the disk is gone");
            batch.Clear();
            batch.AppendRow(Event(_reads, $"2026-01-0{_reads}"));
            return true;
        }
    }

    [Fact]
    public void Statistics_are_in_the_log_as_other_readers_expect_them()
    {
        Open().Append(new Rows(Events, [Event(1, "2026-01-01T12:00:00.0001", "a"), Event(5, "2026-01-01T13:00", null)]), ByDay, CancellationToken.None);

        var line = System.IO.File.ReadAllLines(_folder.At("t/_delta_log/00000000000000000000.json")).Single(l => l.StartsWith("""{"add":""", StringComparison.Ordinal));
        var add = JsonDocument.Parse(line).RootElement.GetProperty("add");

        Assert.Equal("""{"numRecords":2,"minValues":{"id":1,"at":"2026-01-01T12:00:00.000Z","name":"a"},"maxValues":{"id":5,"at":"2026-01-01T13:00:00.000Z","name":"a"},"nullCount":{"id":0,"at":0,"name":1}}""",
            add.GetProperty("stats").GetString());
        Assert.Equal("""{"event_date":"2026-01-01"}""", add.GetProperty("partitionValues").GetRawText());
        Assert.Equal(new FileInfo(_folder.At("t/" + add.GetProperty("path").GetString())).Length, add.GetProperty("size").GetInt64());
        Assert.EndsWith(".zstd.parquet", add.GetProperty("path").GetString(), StringComparison.Ordinal);
    }
}
