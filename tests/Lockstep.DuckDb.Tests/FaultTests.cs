using System.Diagnostics;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Tests;

/// <summary>Bad files, full disks, cancelled work: the message names the file, and nothing half done remains.</summary>
public sealed class FaultTests : EngineTest
{
    static readonly Schema One = new([new("i", FeatureType.Int64)]);

    void AssertFault(string path, TableFormat format, string expected)
    {
        foreach (var act in new Action[] { () => Scan(Table(format, path), ("i", FeatureType.Int64)), () => Engine.ReadSchema(Table(format, path), None) })
        {
            var error = Assert.Throws<LockstepException>(act);
            Assert.Equal(ErrorKind.Failed, error.Kind);
            Assert.Contains(path, error.Message, StringComparison.Ordinal);
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
            Assert.StartsWith("source 'test'", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(TableFormat.Parquet), InlineData(TableFormat.Csv), InlineData(TableFormat.JsonLines)]
    public void A_missing_file_is_named(TableFormat format) => AssertFault(At("gone"), format, "is missing");

    [Fact]
    public void A_missing_file_among_others_is_named()
    {
        var there = Parquet("x.parquet", "select 1::bigint as i");
        var error = Assert.Throws<LockstepException>(() => Scan(Table(there, At("gone.parquet")), ("i", FeatureType.Int64)));
        Assert.Contains($"{At("gone.parquet")} is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_file_is_named()
    {
        File.WriteAllText(At("x.parquet"), "");
        File.WriteAllText(At("x.csv"), "");
        AssertFault(At("x.parquet"), TableFormat.Parquet, "is empty");
        AssertFault(At("x.csv"), TableFormat.Csv, "there is no header");
    }

    [Fact]
    public void A_folder_instead_of_a_file_is_named()
    {
        Directory.CreateDirectory(At("x.parquet"));
        AssertFault(At("x.parquet"), TableFormat.Parquet, "is a folder");
        AssertFault(At("x.parquet"), TableFormat.Csv, "is a folder");
    }

    [Fact]
    public void A_file_that_is_no_parquet_is_named()
    {
        File.WriteAllText(At("x.parquet"), "this is no parquet file at all");
        AssertFault(At("x.parquet"), TableFormat.Parquet, "is not Parquet");
    }

    [Theory, InlineData(3), InlineData(11), InlineData(500), InlineData(-1), InlineData(-9), InlineData(-200)]
    public void A_truncated_parquet_file_is_named(int length)
    {
        var bytes = File.ReadAllBytes(Parquet("whole.parquet", "select i from range(10000) t(i)"));
        File.WriteAllBytes(At("x.parquet"), bytes[..(length > 0 ? length : bytes.Length + length)]);
        AssertFault(At("x.parquet"), TableFormat.Parquet, "Parquet");
    }

    [Fact]
    public void A_file_that_is_damaged_inside_is_named_among_others()
    {
        var whole = Parquet("a.parquet", "select hash(i) as i from range(100000) t(i)");
        var bytes = File.ReadAllBytes(whole);
        Array.Fill(bytes, (byte)0xEE, 1000, bytes.Length - 3000);
        File.WriteAllBytes(At("b.parquet"), bytes);
        var error = Assert.Throws<LockstepException>(() => Scan(Table(whole, At("b.parquet")), ("i", FeatureType.Decimal(20, 0))));
        Assert.Contains("b.parquet", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TableFormat.Parquet), InlineData(TableFormat.Csv), InlineData(TableFormat.Json)]
    public void A_file_without_complete_leaves_nothing(TableFormat format)
    {
        Directory.CreateDirectory(At("out"));
        foreach (var rows in new[] { 0, 10, 300_000 })
        {
            using (var writer = Engine.CreateFile(new(At("out/x"), format), One, None)) writer.Write(Numbers(rows), None);
            Assert.Empty(Directory.EnumerateFileSystemEntries(At("out")));
        }
    }

    [Theory]
    [InlineData(TableFormat.Parquet), InlineData(TableFormat.Csv)]
    public void A_file_replaces_another_only_when_it_is_complete(TableFormat format)
    {
        using (var writer = Engine.CreateFile(new(At("x"), format), One, None))
        {
            writer.Write(Numbers(10), None);
            writer.Complete(None);
        }
        var before = File.ReadAllBytes(At("x"));
        using (var writer = Engine.CreateFile(new(At("x"), format), One, None)) writer.Write(Numbers(200_000), None);
        Assert.Equal(before, File.ReadAllBytes(At("x")));
        using (var writer = Engine.CreateFile(new(At("x"), format), One, None))
        {
            writer.Write(Numbers(7), None);
            writer.Complete(None);
        }
        Assert.Equal(7, Scan(Table(format, At("x")), ("i", FeatureType.Int64)).Count);
    }

    [Theory]
    [InlineData(TableFormat.Parquet), InlineData(TableFormat.JsonLines)]
    public void A_place_that_cannot_be_written_is_named(TableFormat format)
    {
        var missing = Assert.Throws<LockstepException>(() => Engine.CreateFile(new(At("no/such/x"), format), One, None));
        Assert.Contains($"{At("no/such/x")} cannot be written: there is no folder", missing.Message, StringComparison.Ordinal);
        Directory.CreateDirectory(At("folder"));
        var folder = Assert.Throws<LockstepException>(() => Engine.CreateFile(new(At("folder"), format), One, None));
        Assert.Contains("is a folder", folder.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TableFormat.Parquet, 1_000), InlineData(TableFormat.Parquet, 4_000_000), InlineData(TableFormat.Csv, 4_000_000)]
    public void A_full_disk_is_named_and_leaves_nothing(TableFormat format, int rows)
    {
        // /dev/full takes a file's name and no byte: what a full disk is to whoever writes.
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/dev/full") && TryMount(At("small")), "needs the right to mount a small file system");
        try
        {
            var error = Assert.Throws<LockstepException>(() =>
            {
                using var writer = Engine.CreateFile(new(At("small/x"), format), new([new("i", FeatureType.Int64), new("s", FeatureType.String)]), None);
                var batch = new ColumnBatch(writer.Schema);
                var random = new Random(1);
                for (var done = 0; done < rows; done += batch.Count)
                {
                    batch.Clear();
                    for (var i = 0; i < 10_000; i++) batch.AppendRow(Value.Of(random.NextInt64()), Value.Of(Guid.NewGuid().ToString()));
                    writer.Write(batch, None);
                }
                writer.Complete(None);
            });
            Assert.Contains($"{At("small/x")} cannot be written", error.Message, StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFileSystemEntries(At("small")));
        }
        finally
        {
            Run("umount", At("small"));
        }
    }

    static bool TryMount(string folder)
    {
        Directory.CreateDirectory(folder);
        return Run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder);
    }

    static bool Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    [Fact]
    public void Columns_that_differ_only_in_case_cannot_be_written()
    {
        var error = Assert.Throws<LockstepException>(() => Engine.CreateFile(new(At("x"), TableFormat.Parquet), new([new("a", FeatureType.Int64), new("A", FeatureType.Int64)]), None));
        Assert.Contains("'a' and 'A' differ only in case", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancelling_a_writer_that_waits_ends_it_and_leaves_nothing()
    {
        Directory.CreateDirectory(At("out"));
        using var cancel = new CancellationTokenSource();
        using (var writer = Engine.CreateFile(new(At("out/x"), TableFormat.Parquet), One, None))
        {
            var batch = Numbers(122_880);
            writer.Write(batch, cancel.Token);
            cancel.Cancel();
            Assert.ThrowsAny<OperationCanceledException>(() =>
            {
                for (var i = 0; i < 1000; i++) writer.Write(batch, cancel.Token);
            });
        }
        using (var writer = Engine.CreateFile(new(At("out/x"), TableFormat.Parquet), One, None))
        {
            writer.Write(Numbers(100), None);
            Assert.ThrowsAny<OperationCanceledException>(() => writer.Complete(cancel.Token));
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(At("out")));
    }

    [Fact]
    public async Task A_cancelled_query_ends_soon_and_its_connection_goes_on()
    {
        using var database = Database.Open(null, new(), At("s"));
        using var connection = database.Connect();
        using var cancel = new CancellationTokenSource();
        var started = new TaskCompletionSource();
        var query = Task.Run(() =>
        {
            started.SetResult();
            connection.Execute("select count(*) from range(10000000) a, range(10000000) b where a.range + b.range = -1", cancel.Token);
        }, None);
        await started.Task;
        await cancel.CancelAsync();
        // Without the interrupt it would run for hours: the test's own time limit would tell.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => query);
        using var rows = connection.Stream("select 1", None);
        Assert.True(rows.Next(None));
    }

    [Fact]
    public void A_cancelled_scan_ends_between_two_reads()
    {
        var path = Parquet("x.parquet", "select i from range(2000000) t(i)");
        using var cancel = new CancellationTokenSource();
        using var reader = Engine.Scan(Request(Table(path), ("i", FeatureType.Int64)), cancel.Token);
        var batch = new ColumnBatch(reader.Schema);
        Assert.True(reader.Read(batch, cancel.Token));
        cancel.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => reader.Read(batch, cancel.Token));
        Assert.Equal(2_000_000, Count(Engine.Scan(Request(Table(path), ("i", FeatureType.Int64)), None)));
    }

    [Fact]
    public void A_sort_beyond_the_memory_limit_spills_into_its_folder_and_cleans_it()
    {
        var path = Parquet("x.parquet", "select i, hash(i)::varchar || hash(i + 1)::varchar as s from range(2500000) t(i)");
        var spill = At("little");
        using (var engine = new DuckDbEngine(new() { MemoryLimit = 128 << 20, Threads = 1, SpillFolder = spill }))
        using (var reader = engine.Query(new() { Name = "view 'v'", Sql = "select s, i from t order by s", Tables = new Dictionary<string, TableInput> { ["t"] = Table(path) } }, None))
        {
            var spilled = Directory.EnumerateFiles(spill, "*", SearchOption.AllDirectories).Count(f => !f.EndsWith(".lock", StringComparison.Ordinal));
            Assert.True(spilled > 0, "nothing was spilled: the limit is too wide for this test");
            Assert.Equal(2_500_000, Count(reader));
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(spill));
    }

    static long Count(ScanReader reader)
    {
        using (reader)
        {
            long rows = 0;
            for (var batch = new ColumnBatch(reader.Schema); reader.Read(batch, None);) rows += batch.Count;
            return rows;
        }
    }

    static ColumnBatch Numbers(int rows)
    {
        var batch = new ColumnBatch(One);
        for (var i = 0; i < rows; i++) ((FixedColumn<long>)batch[0]).Append(i);
        return batch;
    }
}
