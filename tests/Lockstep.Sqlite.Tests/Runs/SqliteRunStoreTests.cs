using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Expectations;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Sqlite.Runs;
using Microsoft.Data.Sqlite;

namespace Lockstep.Sqlite.Tests.Runs;

public sealed class SqliteRunStoreTests : IDisposable
{
    static readonly CancellationToken None = CancellationToken.None;
    readonly string _folder = Directory.CreateTempSubdirectory("lockstep-runs-").FullName;

    string File => Path.Combine(_folder, "data", "runs.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_run_comes_back_as_it_was_recorded_after_the_file_was_closed()
    {
        var start = Start("v@1.0.0") with { From = -5, To = 7, Full = true, Horizon = 99 };
        var end = new RunEnd { State = RunState.Finished, EndedAt = 20, Mode = RunMode.Keys, TakenUpTo = 99, LeftOut = 120, StoredVersion = 4, RowsRead = 1, Keys = 2, KeysRemoved = 3, RowsAhead = 5, RowsDropped = 6 };
        var (plain, delta) = (Plain("a.parquet", "b.parquet"), new TableState { Format = TableFormat.Delta, TakenAt = 3, DeltaTable = "id", DeltaVersion = 8 });
        long number;
        await using (var store = new SqliteRunStore(File))
        {
            number = await store.BeginAsync(start, None);
            await store.AddReadAsync(number, plain, None);
            await store.AddReadAsync(number, delta, None);
            await store.EndAsync(number, end, None);
        }
        await using var again = new SqliteRunStore(File);
        var run = await again.FindAsync(start.View, start.Store, start.Token, None);
        Assert.NotNull(run);
        Assert.Equal((number, start, RunState.Finished, end), (run.Number, run.Start, run.State, run.End));
        Assert.Equal([plain, delta], run.Reads);
        Assert.Null(await again.FindAsync(start.View, "another store", start.Token, None));
        Assert.Null(await again.FindAsync(start.View, start.Store, Guid.NewGuid(), None));
        Assert.Empty((await again.ListAsync(null, 10, None)).Single().Reads);
    }

    [Fact]
    public async Task A_run_that_never_ended_is_abandoned_when_the_next_begins()
    {
        await using var store = new SqliteRunStore(File);
        var dead = await store.BeginAsync(Start("v@1.0.0"), None);
        var others = await store.BeginAsync(Start("w@1.0.0"), None);
        var elsewhere = await store.BeginAsync(Start("v@1.0.0") with { Store = "prod" }, None);
        await store.AddReadAsync(dead, Plain("a"), None);
        var next = await store.BeginAsync(Start("v@1.0.0"), None);
        var states = (await store.ListAsync(null, 10, None)).ToDictionary(r => r.Number, r => r.State);
        Assert.Equal((RunState.Abandoned, RunState.Running, RunState.Running, RunState.Running), (states[dead], states[others], states[elsewhere], states[next]));
        Assert.Equal([dead, next], (await store.FromAsync("v@1.0.0", "embedded:x", dead, None)).Select(r => r.Number));
        Assert.Single((await store.FromAsync("v@1.0.0", "embedded:x", dead, None))[0].Reads);
    }

    [Fact]
    public async Task The_stored_version_is_that_of_the_last_run_that_finished()
    {
        await using var store = new SqliteRunStore(File);
        Assert.Null(await store.StoredVersionAsync("v@1.0.0", None));
        foreach (var (state, version) in new (RunState, long?)[] { (RunState.Finished, 1), (RunState.Finished, 2), (RunState.Finished, null), (RunState.Failed, 3) })
            await store.EndAsync(await store.BeginAsync(Start("v@1.0.0"), None), new() { State = state, EndedAt = 1, StoredVersion = version, Error = state == RunState.Failed ? "broken" : null }, None);
        await store.BeginAsync(Start("v@1.0.0"), None);
        Assert.Equal(2, await store.StoredVersionAsync("v@1.0.0", None));
        Assert.Equal("broken", (await store.ListAsync("v@1.0.0", 2, None))[1].End!.Error);
    }

    [Fact]
    public async Task What_old_runs_read_is_dropped_and_then_they_are_not_found()
    {
        await using var store = new SqliteRunStore(File);
        var first = Start("v@1.0.0");
        await store.AddReadAsync(await store.BeginAsync(first, None), Plain("a"), None);
        for (var i = 0; i < 49; i++) await store.BeginAsync(Start("v@1.0.0"), None);
        Assert.NotNull(await store.FindAsync(first.View, first.Store, first.Token, None));
        await store.BeginAsync(Start("v@1.0.0"), None);
        Assert.Null(await store.FindAsync(first.View, first.Store, first.Token, None));
        Assert.Equal(51, (await store.ListAsync("v@1.0.0", 100, None)).Count);
    }

    [Fact]
    public async Task Two_processes_record_side_by_side()
    {
        await using var store = new SqliteRunStore(File);
        await using var other = new SqliteRunStore(File);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(async () =>
        {
            for (var run = 0; run < 10; run++)
            {
                var number = await (i % 2 == 0 ? store : other).BeginAsync(Start($"v{i}@1.0.0"), None);
                await (i % 2 == 0 ? store : other).AddReadAsync(number, Plain($"{run}"), None);
            }
        })));
        Assert.Equal(40, (await other.ListAsync(null, 100, None)).Select(r => r.Number).Distinct().Count());
    }

    [Fact]
    public async Task A_file_of_a_newer_format_or_of_another_program_is_refused_and_stays_as_it_is()
    {
        await using (var store = new SqliteRunStore(File)) await store.BeginAsync(Start("v@1.0.0"), None);
        Sql("PRAGMA user_version=5");
        var before = await System.IO.File.ReadAllBytesAsync(File);
        Assert.Contains("has format 5; this program knows formats up to 4", Assert.Throws<LockstepException>(() => new SqliteRunStore(File)).Message, StringComparison.Ordinal);
        Assert.Equal(before, await System.IO.File.ReadAllBytesAsync(File));
        Sql("PRAGMA application_id=7");
        Assert.Contains("not a record of runs of Lockstep", Assert.Throws<LockstepException>(() => new SqliteRunStore(File)).Message, StringComparison.Ordinal);
        await System.IO.File.WriteAllTextAsync(File, new string('x', 10_000));
        Assert.Contains("is not a SQLite file", Assert.Throws<LockstepException>(() => new SqliteRunStore(File)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Results_of_expectations_come_back_as_they_were()
    {
        await using var store = new SqliteRunStore(File);
        var run = await store.BeginAsync(Start("v@1.0.0"), None);
        ExpectationResult result = new()
        {
            Of = "v@1.0.0",
            That = "x > 'ä'",
            Mostly = 0.99m,
            OnFailure = FailureAction.Block,
            Passed = 1,
            Failed = 2,
            Nulls = 3,
            Examples = [new OrderedDictionary<string, string> { ["z"] = "1", ["a"] = "null" }],
        };
        await store.EndAsync(run, new() { State = RunState.Failed, EndedAt = 20, Expectations = [result] }, None);
        var found = Assert.Single((await store.ListAsync(null, 1, None))[0].End!.Expectations);
        Assert.Equal(result with { Examples = [] }, found with { Examples = [] });
        Assert.Equal(["z=1", "a=null"], Assert.Single(found.Examples).Select(e => $"{e.Key}={e.Value}"));
    }

    [Fact]
    public async Task A_file_of_the_first_format_keeps_its_runs_and_gets_the_new_columns()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        Sql("""
            CREATE TABLE runs(number INTEGER PRIMARY KEY AUTOINCREMENT, view TEXT NOT NULL, fingerprint TEXT NOT NULL, store TEXT NOT NULL,
              token TEXT NOT NULL UNIQUE, lease INTEGER NOT NULL, owner TEXT NOT NULL, started INTEGER NOT NULL, from_time INTEGER, to_time INTEGER, is_full INTEGER NOT NULL,
              horizon INTEGER NOT NULL, state TEXT NOT NULL, ended INTEGER, mode TEXT, taken_up_to INTEGER, left_out INTEGER, stored_version INTEGER,
              rows_read INTEGER, keys INTEGER, keys_removed INTEGER, rows_ahead INTEGER, error TEXT, reads_dropped INTEGER NOT NULL DEFAULT 0);
            INSERT INTO runs VALUES(7, 'v@1.0.0', 'f', 's', '00000000000000000000000000000001', 1, 'me', 10, NULL, NULL, 0, 11, 'Finished', 20, 'Added', 5, NULL, NULL, 1, 2, 3, 4, NULL, 0);
            PRAGMA application_id=0x4C4B524E; PRAGMA user_version=1;
            """);
        for (var opened = 0; opened < 2; opened++)
        {
            await using var store = new SqliteRunStore(File);
            var run = Assert.Single(await store.ListAsync(null, 10, None));
            Assert.Equal((7L, 4L, 0L), (run.Number, run.End!.RowsAhead, run.End.RowsDropped));
        }
    }

    static RunStart Start(string view) => new() { View = view, Fingerprint = "f", Store = "embedded:x", Token = Guid.NewGuid(), Lease = 3, Owner = "me", StartedAt = 10, Horizon = 11 };

    [Fact]
    public async Task S25_ends_stand_once_their_run_has_finished()
    {
        await using var store = new SqliteRunStore(File);
        await store.RecordEndAsync("v@1.0.0", 10, 11, null, default);
        var run = await store.BeginAsync(Start("v@1.0.0"), default);
        await store.RecordEndAsync("v@1.0.0", 20, 21, run, default);
        await store.RecordEndAsync("v@1.0.0", 19, 22, run, default); // it was asleep
        Assert.Equal([new(10, 11, null, true), new(20, 21, run, false)], await store.EndsAsync("v@1.0.0", default));
        await store.EndAsync(run, new() { State = RunState.Finished, EndedAt = 22 }, default);
        Assert.Equal([true, true], (await store.EndsAsync("v@1.0.0", default)).Select(e => e.Stands));
        Assert.Empty(await store.EndsAsync("v@1.0.1", default));
    }

    /// <summary>Environments may share a registry, and so the record of runs: what an end says is what the cells of one online store were built with.</summary>
    [Fact]
    public async Task S25_each_online_store_has_ends_of_its_own()
    {
        await using SqliteRunStore dev = new(File, "embedded:dev.db"), prod = new(File, "embedded:prod.db");
        await dev.RecordEndAsync("v@1.0.0", 10, 11, null, default);
        Assert.Empty(await prod.EndsAsync("v@1.0.0", default));
        var run = await dev.BeginAsync(Start("v@1.0.0") with { Store = "embedded:dev.db" }, default);
        await dev.RecordEndAsync("v@1.0.0", 20, 21, run, default);
        await prod.RecordEndAsync("v@1.0.0", 15, 22, null, default);
        Assert.Equal([new(15, 22, null, true)], await prod.EndsAsync("v@1.0.0", default));
        Assert.Equal([10, 20], (await dev.EndsAsync("v@1.0.0", default)).Select(e => e.End));
    }

    [Fact]
    public async Task S25_ends_that_were_recorded_before_stores_were_told_apart_are_those_of_all()
    {
        await using (var before = new SqliteRunStore(File, "embedded:dev.db"))
        {
            await before.RecordEndAsync("v@1.0.0", 10, 11, null, default);
            Sql("ALTER TABLE ends DROP COLUMN store; PRAGMA user_version=3");
        }
        await using SqliteRunStore dev = new(File, "embedded:dev.db"), prod = new(File, "embedded:prod.db");
        foreach (var store in new[] { dev, prod })
        {
            await store.RecordEndAsync("v@1.0.0", 12, 13, null, default); // there is a first one
            Assert.Equal([new(10, 11, null, true)], await store.EndsAsync("v@1.0.0", default));
        }
    }

    static TableState Plain(params string[] paths) => new() { Format = TableFormat.Parquet, TakenAt = 2, Files = [.. paths.Select(p => new FileState(p, 1, 2, 3, "abc"))] };

    void Sql(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
