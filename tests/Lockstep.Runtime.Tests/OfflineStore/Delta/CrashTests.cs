using System.Diagnostics;
using System.Globalization;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine;
using Lockstep.Runtime.OfflineStore.Delta;

namespace Lockstep.Runtime.Tests.OfflineStore.Delta;

/// <summary>Writers that die, by kill -9 or of a full disk, in a process of their own.</summary>
public sealed class CrashTests(EngineFixture fixture) : IClassFixture<EngineFixture>, IDisposable
{
    const string FolderVariable = "LOCKSTEP_TEST_CRASH_FOLDER";

    const string GrowthVariable = "LOCKSTEP_TEST_CRASH_GROWTH";

    readonly TempFolder _folder = new();

    static readonly Schema Events = new([new("id", FeatureType.Int64), new("at", FeatureType.Timestamp)]);

    public void Dispose() => _folder.Dispose();

    /// <summary>What the child does: appends rows and tells their last number, for ever or until a write fails.</summary>
    [Fact(Explicit = true)]
    public void Child_that_writes()
    {
        var folder = Environment.GetEnvironmentVariable(FolderVariable);
        if (folder is null) Assert.Skip("Run by the other tests of this class.");
        using var engine = new DuckDbEngine(new() { MemoryLimit = 1L << 28, Threads = 1 });
        var table = new DeltaTable(folder!, engine, TimeProvider.System);
        var first = table.Exists ? table.Snapshot(CancellationToken.None).Records!.Value : 0;
        var (id, count, growth) = (first, 1, int.Parse(Environment.GetEnvironmentVariable(GrowthVariable) ?? "1", CultureInfo.InvariantCulture));
        for (; ; id += count, count *= growth)
        {
            try
            {
                var rows = Enumerable.Range(0, count).Select(i => new[] { Value.Of(id + i), Value.Timestamp(id * Instant.Hour + (id + i) * 7919 % 100_000) }).ToList();
                table.Append(new Rows(Events, rows), new() { TimeColumn = "at" }, CancellationToken.None);
                File.AppendAllText(folder + ".told", string.Create(CultureInfo.InvariantCulture, $"{id + count - 1}\n"));
            }
            catch (LockstepException e)
            {
                Console.WriteLine("FAILED: " + e.Message);
                return;
            }
        }
    }

    Process Start(string before = "", int growth = 1)
    {
        var start = new ProcessStartInfo("bash", ["-c", $"{before}exec dotnet '{typeof(CrashTests).Assembly.Location}' -explicit only -method '{typeof(CrashTests).FullName}.{nameof(Child_that_writes)}' > '{_folder.At("output")}' 2>&1"]);
        start.Environment[FolderVariable] = _folder.At("t");
        start.Environment[GrowthVariable] = growth.ToString(CultureInfo.InvariantCulture);
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0"; // its memory is a file to the system, which a limit on files would forbid
        return Process.Start(start)!;
    }

    string[] Told => File.Exists(_folder.At("t.told")) ? File.ReadAllText(_folder.At("t.told")).Split('\n', StringSplitOptions.RemoveEmptyEntries) : [];

    long[] Content()
    {
        var table = new DeltaTable(_folder.At("t"), fixture.Engine, TimeProvider.System);
        return [.. Rows.Read(fixture.Engine, table.Snapshot(CancellationToken.None).Input("t"), "id").Select(r => r[0].AsInt64).Order()];
    }

    [Fact]
    public void A_writer_killed_at_any_instant_leaves_whole_commits_and_the_next_one_goes_on()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Needs bash.");
        var random = new Random(1);
        var told = 0;
        for (var round = 0; round < 3; round++)
        {
            using var child = Start();
            var goal = told + random.Next(3, 9);
            var watch = Stopwatch.StartNew();
            while (Told.Length < goal && !child.HasExited && watch.Elapsed < TimeSpan.FromMinutes(2)) child.WaitForExit(random.Next(1, 20));
            Assert.False(child.HasExited, File.ReadAllText(_folder.At("output")));
            child.Kill();
            child.WaitForExit();
            told = Told.Length;
            Assert.True(told >= goal, "the child did not come that far");

            var content = Content();

            Assert.Equal(Enumerable.Range(0, content.Length).Select(i => (long)i), content);
            Assert.True(content.Length >= told, $"round {round}: {told} were told as written, {content.Length} are there");
        }
        var table = new DeltaTable(_folder.At("t"), fixture.Engine, new FixedClock(DateTimeOffset.UtcNow.AddDays(8)));
        table.Vacuum(null, dryRun: false, CancellationToken.None);
        var live = table.Snapshot(CancellationToken.None).Files().Select(f => f.Path).Order(StringComparer.Ordinal);
        Assert.Equal(live, Directory.GetFiles(_folder.At("t"), "*", SearchOption.AllDirectories).Where(f => !f.Contains("_delta_log", StringComparison.Ordinal) || f.EndsWith(".tmp", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_full_disk_is_an_error_and_what_was_committed_stays()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Needs bash.");
        using var child = Start("trap '' XFSZ; ulimit -f 128; ", growth: 10); // no file greater than 128 KiB
        Assert.True(child.WaitForExit(TimeSpan.FromMinutes(2)));

        var output = File.ReadAllText(_folder.At("output"));
        Assert.Contains("FAILED: ", output, StringComparison.Ordinal);
        TestContext.Current.TestOutputHelper!.WriteLine(output);
        Assert.Contains("cannot be written", output, StringComparison.Ordinal);
        var last = long.Parse(Told[^1], CultureInfo.InvariantCulture);
        Assert.Equal(Enumerable.Range(0, (int)last + 1).Select(i => (long)i), Content());
        Assert.DoesNotContain(Directory.GetFiles(_folder.At("t"), "*", SearchOption.AllDirectories), f => f.EndsWith(".tmp", StringComparison.Ordinal));

        using var next = Start(growth: 10); // the disk has room again
        var watch = Stopwatch.StartNew();
        var told = Told.Length;
        while (Told.Length == told && !next.HasExited && watch.Elapsed < TimeSpan.FromMinutes(2)) next.WaitForExit(20);
        next.Kill();
        next.WaitForExit();
        Assert.True(Content().Length > last + 1);
    }
}
