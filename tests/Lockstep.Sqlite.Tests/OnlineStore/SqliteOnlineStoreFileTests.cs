using System.Text;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Core;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Sqlite.OnlineStore;
using Microsoft.Data.Sqlite;

namespace Lockstep.Sqlite.Tests.OnlineStore;

/// <summary>The file: what is refused, with which words, and that nothing is lost by it.</summary>
public sealed class SqliteOnlineStoreFileTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("lockstep-online-").FullName;
    readonly ManualClock _clock = new(DateTimeOffset.UnixEpoch);

    string Path => System.IO.Path.Combine(_folder, "data", "online.db");

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        foreach (var folder in Directory.GetDirectories(_folder)) Writable(folder);
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_file_of_a_newer_format_is_refused_by_name_and_stays_as_it_is()
    {
        await using (var store = Open()) await PutAsync(store, "a", "1");
        Sql("PRAGMA user_version=3");
        var before = await File.ReadAllBytesAsync(Path);
        var error = Assert.Throws<LockstepException>(Open);
        Assert.Contains("has format 3; this program knows formats up to 2", error.Message, StringComparison.Ordinal);
        Assert.Contains(Path, error.Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(Path));
    }

    [Fact]
    public async Task A_file_of_the_first_format_is_gone_on_with()
    {
        await using (var store = Open()) await PutAsync(store, "a", "1");
        Sql("ALTER TABLE cells_1 DROP COLUMN parted; DROP TABLE bodies_1; PRAGMA user_version=1"); // what it looked like
        for (var round = 0; round < 2; round++)
        {
            await using var store = Open();
            Assert.Equal(round == 0 ? "1" : "2", await GetAsync(store, "a"));
            await PutAsync(store, "a", "2");
            await PutAsync(store, "b", "3");
            Assert.Equal("3", await GetAsync(store, "b"));
        }
    }

    [Fact]
    public async Task Another_programs_database_is_refused_and_stays_as_it_is()
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        Sql("CREATE TABLE mine(a); INSERT INTO mine VALUES(1)");
        var before = await File.ReadAllBytesAsync(Path);
        Assert.Contains("not an online store of Lockstep", Assert.Throws<LockstepException>(Open).Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(Path));
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused_and_stays_as_it_is()
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        var text = string.Concat(Enumerable.Repeat("carrier,delay\n", 2_000));
        File.WriteAllText(Path, text);
        Assert.Contains("is not a SQLite file", Assert.Throws<LockstepException>(Open).Message, StringComparison.Ordinal);
        Assert.Equal(text, File.ReadAllText(Path));
    }

    [Fact]
    public async Task A_damaged_page_is_an_error_that_names_the_file()
    {
        await using (var store = Open())
            for (var i = 0; i < 3_000; i++) await PutAsync(store, $"key {i:D5}", new string('x', 200));
        await using (var file = File.OpenWrite(Path))
        {
            file.Position = 8192 * 5;
            var garbage = new byte[8192 * 40];
            new Random(1).NextBytes(garbage);
            file.Write(garbage);
        }
        await using var damaged = Open();
        var error = await Assert.ThrowsAsync<LockstepException>(async () => { await foreach (var _ in damaged.ScanAsync("t", default)) { } });
        Assert.Contains($"'{Path}' is damaged", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_said()
    {
        var folder = System.IO.Path.GetDirectoryName(Path)!;
        Directory.CreateDirectory(folder);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            File.WriteAllText(System.IO.Path.Combine(folder, "probe"), "");
            Assert.Skip("This user may write everywhere.");
        }
        catch (UnauthorizedAccessException)
        {
        }
        Assert.Contains("cannot be opened", Assert.Throws<LockstepException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_where_the_folder_should_be_is_said()
    {
        File.WriteAllText(System.IO.Path.GetDirectoryName(Path)!, "");
        Assert.Contains("cannot be made", Assert.Throws<LockstepException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_disk_loses_nothing_that_was_acknowledged()
    {
        await using var store = Open();
        await PutAsync(store, "a", "1");
        store.LimitPages(40);
        var error = await Assert.ThrowsAsync<LockstepException>(async () =>
        {
            for (var i = 0; i < 1_000; i++) await PutAsync(store, $"{i}", new string('x', 10_000));
        });
        Assert.Contains("the disk is full", error.Message, StringComparison.Ordinal);
        Assert.Equal("1", await GetAsync(store, "a"));
        store.LimitPages(100_000);
        await PutAsync(store, "a", "2");
        Assert.Equal("2", await GetAsync(store, "a"));
    }

    [Fact]
    public async Task A_key_twice_in_a_write_is_refused_whole()
    {
        await using var store = Open();
        var updates = new CellUpdates();
        foreach (var key in new[] { "b", "a", "b" }) updates.Add(Encoding.UTF8.GetBytes(key), "1"u8);
        await Assert.ThrowsAsync<ArgumentException>(async () => await store.WriteAsync("t", updates, new TakeUpdate(), Fence.None, default));
        Assert.Equal("", await GetAsync(store, "a"));
    }

    [Fact]
    public async Task Another_process_that_commits_before_the_first_has_looked_is_noticed()
    {
        await using var store = Open();
        await using var other = Open();
        await PutAsync(store, "a", "1");
        await PutAsync(store, "b", "1");
        Assert.Equal("1", await GetAsync(store, "b")); // b is cached
        store.Committed = () =>
        {
            store.Committed = null;
            PutAsync(other, "b", "2").GetAwaiter().GetResult();
        };
        await PutAsync(store, "a", "2");
        Assert.Equal("2", await GetAsync(store, "b"));
    }

    [Fact]
    public async Task Many_may_make_the_file_at_once()
    {
        for (var round = 0; round < 5; round++)
        {
            using var start = new Barrier(6);
            var stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Factory.StartNew(() =>
            {
                start.SignalAndWait();
                return Open();
            }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
            for (var i = 0; i < stores.Length; i++) await PutAsync(stores[i], $"{i}", $"{round}");
            for (var i = 0; i < stores.Length; i++) Assert.Equal($"{round}", await GetAsync(stores[^1], $"{i}"));
            foreach (var store in stores) await store.DisposeAsync();
            Assert.Equal(6, (await ListAsync()).Cells);
            File.Delete(Path);
        }

        async Task<OnlineTable> ListAsync()
        {
            await using var store = Open();
            return (await store.ListAsync(default)).Single();
        }
    }

    [Fact]
    public async Task A_store_that_is_closed_says_so()
    {
        var store = Open();
        await PutAsync(store, "a", "1");
        await store.DisposeAsync();
        await store.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await GetAsync(store, "a"));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await PutAsync(store, "a", "1"));
    }

    [Fact]
    public async Task Closing_waits_for_readers_and_leaves_no_log_behind()
    {
        var store = Open();
        await PutAsync(store, "a", new string('x', 5_000));
        var readers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            var reads = 0;
            try
            {
                for (; ; reads++) Assert.Equal(5_000, (await GetAsync(store, "a")).Length);
            }
            catch (ObjectDisposedException)
            {
                return reads;
            }
        })).ToArray();
        await PutAsync(store, "b", "1");
        await store.DisposeAsync();
        await Task.WhenAll(readers);
        Assert.Equal(["online.db"], Directory.GetFiles(System.IO.Path.GetDirectoryName(Path)!).Select(System.IO.Path.GetFileName));
    }

    [Fact]
    public async Task The_log_of_the_file_stays_short_however_much_is_written()
    {
        const int pages = 64, writes = 300, bytes = 100_000;
        await using var store = Open();
        store.LogPages = pages;
        var longest = 0L;
        for (var i = 0; i < writes; i++)
        {
            await PutAsync(store, $"{i % 7}", $"{i:D5}" + new string('x', bytes));
            longest = Math.Max(longest, new FileInfo(Path + "-wal").Length);
        }
        Assert.InRange(longest, pages * 8192, (4 * pages + 2 * bytes / 8192 + 20) * 8300L); // of 30 MB that were written
        for (var key = 0; key < 7; key++) Assert.StartsWith($"{Enumerable.Range(0, writes).Last(i => i % 7 == key):D5}", await GetAsync(store, $"{key}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_that_is_being_brought_into_the_file_does_not_keep_the_store_from_closing()
    {
        var store = Open();
        store.LogPages = 1;
        for (var i = 0; i < 50; i++) await PutAsync(store, $"{i}", "x");
        await store.DisposeAsync();
        Assert.False(File.Exists(Path + "-wal")); // all of it is in the file
        await using var again = Open();
        for (var i = 0; i < 50; i++) Assert.Equal("x", await GetAsync(again, $"{i}"));
    }

    SqliteOnlineStore Open() => new(new() { Path = Path, BusyTimeout = TimeSpan.FromSeconds(5) }, _clock);

    static async Task PutAsync(SqliteOnlineStore store, string key, string cell)
    {
        var updates = new CellUpdates();
        updates.Add(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(cell));
        Assert.True(await store.WriteAsync("t", updates, new TakeUpdate(), Fence.None, default));
    }

    static async Task<string> GetAsync(SqliteOnlineStore store, string key)
    {
        var batch = new OnlineReadBatch();
        Encoding.UTF8.GetBytes(key, batch.KeyBuffer);
        batch.Add("t");
        await store.ReadAsync(batch, default);
        return Encoding.UTF8.GetString(batch.Cell(0).Span);
    }

    void Sql(string sql)
    {
        SqliteRuntime.Init();
        using var connection = new SqliteConnection($"Data Source={Path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    static void Writable(string folder)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
