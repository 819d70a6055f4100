using Lockstep.Core;
using Lockstep.Runtime.OfflineStore.Delta;
using static Lockstep.Runtime.Tests.OfflineStore.Delta.TestTables;

namespace Lockstep.Runtime.Tests.OfflineStore.Delta;

public sealed class VacuumTests : IDisposable
{
    readonly TempFolder _folder = new();
    readonly FixedClock _clock = new(new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero));
    readonly DeltaTable _table;

    public VacuumTests() => _table = Open(_folder.Path, _clock);

    public void Dispose() => _folder.Dispose();

    string Written(string name)
    {
        System.IO.File.SetLastWriteTimeUtc(_folder.Write(name, "12345"), _clock.Now.UtcDateTime);
        return name;
    }

    [Fact]
    public void What_no_version_within_the_retention_needs_is_deleted_and_nothing_else()
    {
        Commit(_table, File(Written("old")), File(Written("live")), File(Written("day=2026-01-01/live")));
        Written("orphan");
        Written("day=2026-01-01/orphan");
        Written(".hidden");
        Written("_other/file");
        Written("_delta_log/.x.1.tmp");
        Written("day=2026-01-01/.y.2.tmp");
        Commit(_table, Gone("old") with { DeletionTimestamp = _clock.Now.ToUnixTimeMilliseconds() });
        _clock.Now += TimeSpan.FromDays(3);
        Written("young orphan");
        Commit(_table, Gone("live") with { DeletionTimestamp = _clock.Now.ToUnixTimeMilliseconds() });
        _clock.Now += TimeSpan.FromDays(4.5);
        string[] expected = ["_delta_log/.x.1.tmp", "day=2026-01-01/.y.2.tmp", "day=2026-01-01/orphan", "old", "orphan"];
        var all = Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories);

        var told = _table.Vacuum(null, dryRun: true, CancellationToken.None);
        Assert.Equal(all, Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories));
        var done = _table.Vacuum(null, dryRun: false, CancellationToken.None);

        Assert.Equal(expected, told.Files);
        Assert.Equal(expected, done.Files);
        Assert.Equal(25, done.Bytes);
        Assert.Equal(expected, all.Except(Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories)).Select(p => Path.GetRelativePath(_folder.Path, p)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_version_whose_files_are_gone_is_refused_by_the_file_and_newer_ones_are_read()
    {
        Commit(_table, File(Written("a")) with { Size = 5 });
        Commit(_table, Gone("a") with { DeletionTimestamp = _clock.Now.ToUnixTimeMilliseconds() }, File(Written("b")) with { Size = 5 });
        _clock.Now += TimeSpan.FromDays(8);
        _table.Vacuum(null, dryRun: false, CancellationToken.None);

        var error = Assert.Throws<LockstepException>(() => _table.Snapshot(0, CancellationToken.None).Input("t"));

        Assert.Equal((ErrorKind.NotFound, true), (error.Kind, error.Message.Contains("version 0: the file a is missing", StringComparison.Ordinal)));
        Assert.Single(_table.Snapshot(1, CancellationToken.None).Input("t").Files);
    }

    [Fact]
    public void A_file_that_was_cut_short_is_named()
    {
        Commit(_table, File(Written("a")) with { Size = 9 });

        var error = Assert.Throws<LockstepException>(() => _table.Snapshot(CancellationToken.None).Input("t"));

        Assert.Contains("the file a has 5 bytes where the log says 9", error.Message, StringComparison.Ordinal);
    }

    /// <summary>However files come and go, what a version within the retention needs is there.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void At_random_nothing_needed_is_deleted(int seed)
    {
        var random = new Random(seed);
        List<(DateTimeOffset Until, string[] Files)> versions = [];
        for (var i = 0; i < 9; i++)
        {
            var live = i == 0 ? [] : Names(_table.Snapshot(CancellationToken.None));
            if (i > 0) versions[^1] = (_clock.Now, versions[^1].Files);
            Commit(_table, [.. live.Where(_ => random.Next(2) == 0).Select(f => Gone(f) with { DeletionTimestamp = _clock.Now.ToUnixTimeMilliseconds() }), File(Written($"f{i}"))]);
            versions.Add((DateTimeOffset.MaxValue, Names(_table.Snapshot(CancellationToken.None))));
            _clock.Now += TimeSpan.FromHours(random.Next(1, 60));
            if (random.Next(3) == 0) _table.Vacuum(null, dryRun: false, CancellationToken.None);
            foreach (var (until, files) in versions.Where(v => v.Until >= _clock.Now - DeltaTable.DefaultRetention))
                Assert.True(files.All(f => System.IO.File.Exists(_folder.At(f))), $"seed {seed}, step {i}, a version that was current until {until:u}");
        }
        _clock.Now += TimeSpan.FromDays(30);
        _table.Vacuum(null, dryRun: false, CancellationToken.None);
        Assert.Equal(Names(_table.Snapshot(CancellationToken.None)), Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("interval 1 week", 7 * 24)]
    [InlineData("interval 30 days", 30 * 24)]
    [InlineData("INTERVAL 5 HOURS", 5)]
    [InlineData("1 week", null)]
    [InlineData("interval x days", null)]
    [InlineData("interval 1 fortnight", null)]
    public void Retentions_are_read_as_Spark_writes_them(string text, int? hours)
        => Assert.Equal(hours is { } h ? TimeSpan.FromHours(h) : null, DeltaTable.TryReadInterval(text, out var interval) ? interval : (TimeSpan?)null);
}
