using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.OfflineStore.Delta;
using static Lockstep.Runtime.Tests.OfflineStore.Delta.TestTables;

namespace Lockstep.Runtime.Tests.OfflineStore.Delta;

public sealed class DeltaCommitTests : IDisposable
{
    readonly TempFolder _folder = new();
    readonly FixedClock _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(1_000_000));

    public void Dispose() => _folder.Dispose();

    /// <summary>Writers at random against the list of what they committed, in the order of their versions.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5)]
    public async Task Concurrent_writers_agree_with_the_list_of_their_commits(int seed)
    {
        const int writers = 4, each = 6; // below the first checkpoint, which needs an engine
        var committed = new Dictionary<long, (char Kind, string[] Files)>();
        Commit(Open(_folder.Path));
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(() =>
        {
            var random = new Random(seed * 100 + writer);
            var table = Open(_folder.Path); // a handle of its own, as in another process
            for (var i = 0; i < each; i++)
            {
                var kind = "aaarod"[random.Next(6)];
                string[] files = [.. Enumerable.Range(0, random.Next(1, 3)).Select(n => $"{writer}-{i}-{n}")];
                var letter = $"{random.Next(writers)}-";
                var done = table.Commit(new(), current => kind switch
                {
                    'a' => new("WRITE", [.. files.Select(f => File(f))]),
                    'o' => new("WRITE", [.. current!.State.Files.Values.Select(f => Gone(f.Path)), .. files.Select(f => File(f))]),
                    'r' => new("COMPACT", [.. current!.State.Files.Values.Where(f => f.Path.StartsWith(letter, StringComparison.Ordinal)).Select(f => Gone(f.Path, false)), File(files[0], false)]),
                    _ => new("DELETE", [.. current!.State.Files.Values.Where(f => f.Path.StartsWith(letter, StringComparison.Ordinal)).Select(f => Gone(f.Path))]),
                }, CancellationToken.None);
                lock (committed) committed.Add(done.Version, (kind, kind == 'd' ? [letter] : kind == 'r' ? [letter, files[0]] : files));
            }
        })));

        SortedSet<string> judge = new(StringComparer.Ordinal);
        Assert.Equal(Enumerable.Range(1, writers * each).Select(v => (long)v), committed.Keys.Order());
        foreach (var (version, (kind, files)) in committed.OrderBy(c => c.Key))
        {
            if (kind == 'o') judge.Clear();
            if (kind is 'd' or 'r') judge.RemoveWhere(f => f.StartsWith(files[0], StringComparison.Ordinal));
            judge.UnionWith(kind switch { 'd' => [], 'r' => files[1..], _ => files });
            Assert.True(judge.SequenceEqual(Names(Open(_folder.Path).Snapshot(version, CancellationToken.None))), $"seed {seed}, version {version}");
        }
        Assert.Empty(Directory.GetFiles(_folder.At("_delta_log"), ".*"));
    }

    [Fact]
    public void Only_one_of_many_creates_a_file()
    {
        var path = _folder.At("x");
        var won = 0;

        Parallel.For(0, 32, i => { if (DurableFile.TryCreate(path, [(byte)i])) Interlocked.Increment(ref won); });

        Assert.Equal((1, 1L), (won, new FileInfo(path).Length));
    }

    [Fact]
    public void A_write_over_another_version_than_the_caller_saw_is_a_conflict()
    {
        var table = Open(_folder.Path);
        Commit(table, File("a"));
        Commit(table, File("b"));

        var error = Assert.Throws<LockstepException>(() => table.Commit(new() { OnlyAfter = 0 }, _ => new("WRITE", [File("c")]), CancellationToken.None));

        Assert.Equal((ErrorKind.Conflict, true), (error.Kind, error.Message.Contains("at version 1, not at 0", StringComparison.Ordinal)));
        Assert.True(table.Commit(new() { OnlyAfter = 1 }, _ => new("WRITE", [File("c")]), CancellationToken.None).Written);
    }

    [Fact]
    public void S15_a_write_with_a_number_is_made_once()
    {
        var table = Open(_folder.Path);
        Commit(table);
        var write = new DeltaWrite { TransactionId = "log 3", TransactionNumber = 7 };

        Assert.True(table.Commit(write, _ => new("WRITE", [File("a")]), CancellationToken.None).Written);
        Assert.False(Open(_folder.Path).Commit(write, _ => new("WRITE", [File("b")]), CancellationToken.None).Written);
        Assert.True(table.Commit(write with { TransactionNumber = 8 }, _ => new("WRITE", [File("c")]), CancellationToken.None).Written);

        Assert.Equal(["a", "c"], Names(table.Snapshot(CancellationToken.None)));
    }

    [Fact]
    public void Commit_times_grow_although_the_clock_goes_back_and_travel_follows_them()
    {
        var table = Open(_folder.Path, _clock);
        Commit(table, File("a"));
        _clock.Now -= TimeSpan.FromSeconds(10);
        Commit(table, File("b"));
        _clock.Now += TimeSpan.FromSeconds(20);
        Commit(table, File("c"));

        Assert.Equal(["1000000", "1000001", "1010000"], Enumerable.Range(0, 3).Select(v => System.Text.RegularExpressions.Regex.Match(System.IO.File.ReadAllText(_folder.At($"_delta_log/{v:D20}.json")), "\"timestamp\":(\\d+)").Groups[1].Value));
        Assert.Equal([1_000_000_000, 1_000_001_000, 1_010_000_000], table.History(CancellationToken.None).Select(c => c.At));
        Assert.Equal([0, 0, 1, 1, 2], new long[] { 1_000_000_000, 1_000_000_999, 1_000_001_000, 1_009_999_999, 1_010_000_000 }.Select(t => table.VersionAt(t, CancellationToken.None)));
        var error = Assert.Throws<LockstepException>(() => table.VersionAt(999_999_999, CancellationToken.None));
        Assert.Equal((ErrorKind.NotFound, true), (error.Kind, error.Message.Contains("first commit that can be told is version 0 of 1970-01-01T00:16:40Z", StringComparison.Ordinal)));
    }

    [Fact]
    public void Commits_of_writers_whose_clocks_go_back_are_told_apart_all_the_same()
    {
        WriteLog(_folder, Protocol + MetadataLine() + CommitAt(5), CommitAt(3), CommitAt(3), CommitAt(9));

        Assert.Equal([5_000, 6_000, 7_000, 9_000], Open(_folder.Path).History(CancellationToken.None).Select(c => c.At));
        Assert.Equal(2, Open(_folder.Path).VersionAt(8_000, CancellationToken.None));

        static string CommitAt(long milliseconds) => "{\"commitInfo\":{\"timestamp\":" + milliseconds + "}}\n";
    }

    [Fact]
    public void Without_a_time_in_the_commit_its_file_tells()
    {
        WriteLog(_folder, Protocol + MetadataLine(), AddLine("a"));
        for (var version = 0; version < 2; version++) System.IO.File.SetLastWriteTimeUtc(_folder.At($"_delta_log/{version:D20}.json"), DateTime.UnixEpoch.AddSeconds(version + 1));

        Assert.Equal([0, 0, 1], new long[] { 1_000_000, 1_999_999, 2_000_000 }.Select(t => Open(_folder.Path).VersionAt(t, CancellationToken.None)));
    }

    [Fact]
    public void A_handle_sees_what_others_commit_and_a_table_made_anew()
    {
        var table = Open(_folder.Path);
        Commit(table, File("a"));
        Assert.Equal(["a"], Names(table.Snapshot(CancellationToken.None)));
        Commit(Open(_folder.Path), File("b"));
        Assert.Equal(["a", "b"], Names(table.Snapshot(CancellationToken.None)));

        Directory.Delete(_folder.At("_delta_log"), true);
        Commit(Open(_folder.Path), File("x"));
        Commit(Open(_folder.Path), File("y"));

        Assert.Equal(["x", "y"], Names(table.Snapshot(CancellationToken.None)));
    }

    [Fact]
    public void A_read_only_folder_is_an_error_that_leaves_the_table_as_it_was()
    {
        if (OperatingSystem.IsWindows() || Environment.UserName == "root")
        {
            Assert.Skip("The system's administrator may write everywhere.");
            return;
        }
        var table = Open(_folder.Path);
        Commit(table, File("a"));
        System.IO.File.SetUnixFileMode(_folder.At("_delta_log"), UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var error = Assert.Throws<LockstepException>(() => Commit(table, File("b")));

        System.IO.File.SetUnixFileMode(_folder.At("_delta_log"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Contains("version 1 could not be committed", error.Message, StringComparison.Ordinal);
        Assert.Equal(["a"], Names(Open(_folder.Path).Snapshot(CancellationToken.None)));
    }

    [Fact]
    public void A_log_folder_that_is_a_file_is_an_error_that_names_it()
    {
        _folder.Write("_delta_log", "in the way");

        var error = Assert.Throws<LockstepException>(() => Commit(Open(_folder.Path), File("b")));

        Assert.Contains("version 0 could not be committed", error.Message, StringComparison.Ordinal);
        Assert.Equal("in the way", System.IO.File.ReadAllText(_folder.At("_delta_log")));
    }

    /// <summary>What changed between two versions, against the rows that each file stands for.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(8)]
    public void S7_changes_between_versions_bring_the_old_rows_to_the_new_ones(int seed)
    {
        var random = new Random(seed);
        var table = Open(_folder.Path);
        Commit(table);
        Dictionary<string, HashSet<int>> rowsOf = []; // file -> its rows, for ever
        List<HashSet<int>> rowsAt = [[]];
        HashSet<string> live = [];
        for (var version = 1; version < 10; version++) // below the first checkpoint
        {
            var name = $"f{version}";
            System.IO.File.WriteAllText(_folder.At(name), "x");
            var chosen = live.Where(_ => random.Next(2) == 0).ToList();
            switch (random.Next(3))
            {
                case 0: // append
                    rowsOf[name] = [version * 10, version * 10 + 1];
                    Commit(table, File(name));
                    live.Add(name);
                    break;
                case 1: // compaction
                    rowsOf[name] = [.. chosen.SelectMany(f => rowsOf[f])];
                    Commit(table, [.. chosen.Select(f => Gone(f, false)), File(name, false)]);
                    live.ExceptWith(chosen);
                    live.Add(name);
                    break;
                default: // some rows deleted: their files written anew
                    rowsOf[name] = [.. chosen.SelectMany(f => rowsOf[f]).Where(_ => random.Next(2) == 0)];
                    Commit(table, [.. chosen.Select(f => Gone(f)), File(name)]);
                    live.ExceptWith(chosen);
                    live.Add(name);
                    break;
            }
            rowsAt.Add([.. live.SelectMany(f => rowsOf[f])]);
        }
        var now = table.Snapshot(CancellationToken.None);
        for (var from = 0; from < 10; from++)
        {
            var change = table.ChangesSince(from, now, CancellationToken.None)!;
            var added = change.Added.SelectMany(f => rowsOf[Path.GetFileName(f.Path)]).ToHashSet();
            var removed = change.Removed.SelectMany(f => rowsOf[Path.GetFileName(f.Path)]).ToHashSet();

            // Rows that are new came by added files; rows that are gone are in removed ones; and where only files were added, nothing else changed.
            Assert.True(rowsAt[9].Except(rowsAt[from]).All(added.Contains), $"seed {seed}, from {from}: new rows");
            Assert.True(rowsAt[from].Except(rowsAt[9]).All(removed.Contains), $"seed {seed}, from {from}: gone rows");
            Assert.True(added.Except(rowsAt[9]).All(removed.Contains), $"seed {seed}, from {from}: rows of added files that are gone again");
            if (change.OnlyAdded) Assert.True(rowsAt[9].SetEquals(rowsAt[from].Union(added)), $"seed {seed}, from {from}: only added");
        }
        Assert.True(table.ChangesSince(9, now, CancellationToken.None)!.IsEmpty);
    }

    [Fact]
    public void S7_a_compaction_is_no_change()
    {
        var table = Open(_folder.Path);
        Commit(table, File("a"), File("b"));
        Commit(table, Gone("a", false), Gone("b", false), File("c", false));

        Assert.True(table.ChangesSince(0, table.Snapshot(CancellationToken.None), CancellationToken.None)!.IsEmpty);
    }

    [Fact]
    public void S7_a_table_made_anew_in_the_same_place_is_taken_whole()
    {
        var table = Open(_folder.Path);
        _folder.Write("a", "x");
        _folder.Write("b", "x");
        Commit(table, File("a"));
        var first = DeltaLook.Take(table, "t", null, null, 5, CancellationToken.None);
        Directory.Delete(_folder.At("_delta_log"), true);
        table.Commit(new(), _ => new("WRITE", [Metadata(id: "other"), File("b")]), CancellationToken.None);

        var look = DeltaLook.Take(table, "t", null, first.State, 5, CancellationToken.None);

        Assert.Equal((true, "it is another table than before, in the same place"), (look.Change.Whole, look.Change.Reason));
        Assert.Equal([_folder.At("b")], look.Change.Added.Select(f => f.Path));
        Assert.Equal(ErrorKind.Conflict, Assert.Throws<LockstepException>(() => DeltaLook.Reopen(table, "t", null, first.State, CancellationToken.None)).Kind);
    }

    [Fact]
    public void Files_are_left_out_by_their_times()
    {
        static string Stats(string least, string greatest, int nulls = 0)
            => ",\"stats\":" + System.Text.Json.JsonSerializer.Serialize($$$"""{"numRecords":2,"minValues":{{{{least}}}},"maxValues":{{{{greatest}}}},"nullCount":{"at":{{{nulls}}}}}""");
        const string schema = """{"type":"struct","fields":[{"name":"at","type":"timestamp","nullable":true,"metadata":{}}]}""";
        WriteLog(_folder, Protocol + MetadataLine(schema)
            + AddLine("early", Stats("\"at\":\"2026-01-01T00:00:00.000Z\"", "\"at\":\"2026-01-01T12:00:00.000Z\""))
            + AddLine("late", Stats("\"at\":\"2026-01-02T00:00:00.000Z\"", "\"at\":\"2026-01-02T12:00:00.000Z\""))
            + AddLine("unknown") + AddLine("damaged", ",\"stats\":\"{\"") + AddLine("empty", Stats("", "", nulls: 2)) + AddLine("half", Stats("\"at\":\"2026-01-03T00:00:00Z\"", "")));
        var snapshot = Open(_folder.Path).Snapshot(CancellationToken.None);
        string[] Between(string from, string to) => [.. snapshot.Files("at", Instant.Parse(from), Instant.Parse(to)).Select(f => Path.GetFileName(f.Path))];

        Assert.Equal(["damaged", "early", "half", "late", "unknown"], Between("2026-01-01", "2026-01-02"));
        Assert.Equal(["damaged", "early", "half", "unknown"], Between("2025-01-01", "2026-01-01T23:59:59.998"));
        Assert.Equal(["damaged", "half", "late", "unknown"], Between("2026-01-01T12:00:00.001", "2030-01-01"));
        Assert.Equal(["damaged", "early", "half", "unknown"], Between("2026-01-01T12:00:00.000999", "2026-01-01T12:00:00.000999")); // cut to milliseconds by the writer
        Assert.Equal(6, snapshot.Files().Count);
        Assert.Equal(6, snapshot.Files("at").Count);
    }
}
