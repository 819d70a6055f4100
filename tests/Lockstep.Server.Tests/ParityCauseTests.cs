using System.Buffers;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Streaming.Log;
using Lockstep.Runtime.Verification;

namespace Lockstep.Server.Tests;

/// <summary>Each cause of a difference is made to happen, over a table, a stream, and both; none is taken for another.</summary>
public sealed class ParityCauseTests : IAsyncLifetime
{
    const string Definitions = """
        kind: entity
        name: user
        join_keys: { id: string }
        ---
        kind: source
        name: clicks
        stream: { push: {}, timestamp: at }
        columns: { id: string, at: timestamp, x: float64 }
        ---
        kind: source
        name: both
        table: { path: "raw/*.csv", timestamp: at }
        stream: { push: {} }
        columns: { id: string, at: timestamp, x: float64 }
        ---
        kind: value_view
        name: last
        entity: user
        source: clicks
        ttl: 1h
        features: { x: float64 }
        ---
        kind: aggregation_view
        name: sums
        entity: user
        source: clicks
        features: { total: { sum: x, windows: [1h] } }
        ---
        kind: value_view
        name: both_last
        entity: user
        source: both
        features: { x: float64 }
        ---
        kind: aggregation_view
        name: both_sums
        entity: user
        source: both
        features: { total: { sum: x, windows: [2d] } }
        """;

    readonly TestProject _project = TestProject.Create("2026-11-02T12:00:00Z", ("lockstep.yaml", "project: causes\nenvironments: { again: { registry: data/again.db } }\n"), ("features/all.yaml", Definitions),
        ("raw/one.csv", "id,at,x\na,2026-10-31T13:00:00Z,1\nb,2026-10-31T14:00:00Z,2\nz,2026-11-01T00:00:00Z,5\n"));

    public async ValueTask InitializeAsync()
    {
        await _project.ApplyAsync();
        await _project.Host.RecordFirstEndsAsync(CancellationToken.None);
    }

    public ValueTask DisposeAsync() => _project.DisposeAsync();

    /// <summary>Pushes and waits until the events are online; then nobody follows the log any more.</summary>
    async Task PushAsync(string source, params (string Id, string At, double X)[] events)
    {
        await using var streams = _project.Host.OpenStreams();
        await streams.UpdateAsync(await _project.Host.LoadCatalogAsync(CancellationToken.None), CancellationToken.None);
        await streams.StartAsync(CancellationToken.None);
        var feed = streams.Find(source);
        var lines = System.Text.Encoding.UTF8.GetBytes(string.Concat(events.Select(e => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{{\"id\":\"{e.Id}\",\"at\":\"{e.At}\",\"x\":{e.X}}}\n"))));
        var answer = await feed.PushAsync(feed.Decode("push", (decoder, rows, now) => decoder.Lines(lines, rows, now)), null, CancellationToken.None);
        await feed.DrainAsync(CancellationToken.None); // however long it takes here
        Assert.True(answer.Refused == 0);
    }

    /// <summary>Logs without anybody there to apply.</summary>
    async Task LogAsync(string source, params (string Id, string At, double X)[] events)
    {
        var definition = (await _project.Host.LoadCatalogAsync(CancellationToken.None)).Sources[source];
        await using var writer = _project.Host.OfflineStore.Logs.Of(definition).OpenPushWriter(CancellationToken.None);
        ColumnBatch rows = new(LogColumns.Of(definition));
        foreach (var (id, at, x) in events) rows.AppendRow(Value.Of(id), Value.Timestamp(Instant.Parse(at)), Value.Of(x));
        await writer.AppendAsync(new() { Rows = rows }, CancellationToken.None);
    }

    async Task<ParityReport> ReportAsync(long? at = null, params string[] views)
        => await _project.Host.Parity.RunAsync(new() { Catalog = await _project.Host.LoadCatalogAsync(CancellationToken.None), Views = views, At = at }, null, CancellationToken.None);

    /// <summary>For each view the causes of what differs: <c>last: 1 Behind</c>.</summary>
    async Task<string> CausesAsync(long? at = null, params string[] views)
        => string.Join("; ", (await ReportAsync(at, views)).Views.Where(v => v.Different > 0).Select(v => $"{v.View[..v.View.IndexOf('@', StringComparison.Ordinal)]}: {string.Join(", ", v.Causes.Select(c => $"{c.Value} {c.Key}"))}"));

    [Fact]
    public async Task S22_pushed_events_are_equal_once_they_are_applied_without_any_run()
    {
        await PushAsync("clicks", ("a", "2026-11-02T11:59:00Z", 1), ("b", "2026-11-02T11:58:00Z", 2), ("a", "2026-11-02T11:57:00Z", 4));
        var report = await ReportAsync(null, "last", "sums");
        Assert.True(report.IsEqual);
        Assert.Equal([2, 2], report.Views.Select(v => v.Keys));
    }

    [Fact]
    public async Task S22_events_that_are_logged_and_not_applied_are_behind()
    {
        await PushAsync("clicks", ("a", "2026-11-02T11:00:00Z", 1));
        await LogAsync("clicks", ("a", "2026-11-02T11:59:00Z", 2), ("c", "2026-11-02T11:59:00Z", 3));
        _project.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("last: 2 Behind; sums: 2 Behind", await CausesAsync(null, "last", "sums"));
        Assert.False((await ReportAsync(null, "last")).IsEqual);
        await PushAsync("clicks", ("d", "2026-11-02T11:59:00Z", 3)); // whoever comes next applies what was left
        Assert.Equal("", await CausesAsync(null, "last", "sums"));
    }

    [Fact]
    public async Task S22_events_that_came_after_the_instant_are_late_and_no_failure()
    {
        await PushAsync("clicks", ("a", "2026-11-02T11:00:00Z", 1));
        _project.Clock.Advance(TimeSpan.FromSeconds(3));
        await LogAsync("clicks", ("a", "2026-11-02T11:59:00Z", 2), ("c", "2026-11-02T11:59:00Z", 3));
        var at = Instant.Parse("2026-11-02T12:00:02Z");
        Assert.Equal("last: 2 LateEvent; sums: 2 LateEvent", await CausesAsync(at, "last", "sums"));
        Assert.True((await ReportAsync(at, "last", "sums")).IsEqual);
        Assert.Equal("last: 2 LateEvent", await CausesAsync(Instant.Parse("2026-11-02T12:00:03Z"), "last")); // at the instant itself is not before it
    }

    [Fact]
    public async Task S22_events_that_the_log_has_lost_are_told()
    {
        await PushAsync("clicks", ("a", "2026-11-02T11:59:00Z", 1));
        Directory.Delete(Path.Combine(_project.Folder, "data", "offline", "events"), recursive: true);
        Assert.Equal("last: 1 NotInLog; sums: 1 NotInLog", await CausesAsync(null, "last", "sums"));
    }

    [Fact]
    public async Task S22_S25_a_table_and_a_stream_differ_each_by_its_own_cause()
    {
        Assert.Equal("both_last: 3 NeverMaterialized; both_sums: 2 NeverMaterialized", await CausesAsync(null, "both_last", "both_sums"));
        await _project.MaterializeAsync("both_last", "both_sums");
        await PushAsync("both", ("a", "2026-11-02T11:00:00Z", 4));
        Assert.Equal("", await CausesAsync(null, "both_last", "both_sums"));

        await LogAsync("both", ("b", "2026-11-02T11:00:00Z", 8));
        await File.WriteAllTextAsync(Path.Combine(_project.Folder, "raw", "late.csv"), "id,at,x\na,2026-10-31T13:30:00Z,16\nc,2026-10-31T23:00:00Z,32\n"); // a row that came late, which nobody has taken
        _project.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("both_last: 1 HealingDue, 1 Behind; both_sums: 2 HealingDue, 1 Behind", await CausesAsync(null, "both_last", "both_sums"));
        await PushAsync("both", ("d", "2026-11-02T11:00:00Z", 3));
        await _project.MaterializeAsync("both_last", "both_sums");
        Assert.Equal("", await CausesAsync(null, "both_last", "both_sums"));
    }

    [Fact]
    public async Task S23_rows_of_another_meaning_under_the_same_version_are_of_an_older_version()
    {
        await _project.MaterializeAsync("both_last");
        // A registry that was made anew knows nothing of what the version meant before.
        var file = Path.Combine(_project.Folder, "features", "all.yaml");
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace("name: both_last", "name: both_last\nwhere: x > 1", StringComparison.Ordinal));
        await using var again = ProjectHost.Open(_project.Folder, "again", _ => null, _project.Clock);
        var read = again.Folder.ReadDefinitions();
        await again.RegistryService.ApplyAsync(await again.RegistryService.PlanAsync(read.Definitions, read.Problems, again.Schemas(CancellationToken.None), CancellationToken.None), "test", "", CancellationToken.None);
        var report = await again.Parity.RunAsync(new() { Catalog = await again.LoadCatalogAsync(CancellationToken.None), Views = ["both_last"] }, null, CancellationToken.None);
        Assert.Equal([KeyValuePair.Create(DifferenceCause.OlderVersion, 1L)], report.Views[0].Causes);
    }

    [Fact]
    public async Task S20_features_that_a_clock_ahead_has_cleaned_away_are_told_by_their_ttl()
    {
        await PushAsync("clicks", ("a", "2026-11-02T11:59:00Z", 1));
        var now = _project.Clock.Now;
        _project.Clock.Advance(TimeSpan.FromHours(30));
        await OnlineUpkeep.RunAsync(_project.Host.OnlineStore, await _project.Host.LoadCatalogAsync(CancellationToken.None), _project.Clock, CancellationToken.None, ["last"]);
        _project.Clock.Now = now;
        Assert.Equal("last: 1 Ttl", await CausesAsync(null, "last"));
    }

    [Theory, InlineData("both_last"), InlineData("both_sums")]
    public async Task What_a_hand_has_changed_in_the_store_is_told(string name)
    {
        var view = name + "@1.0.0";
        await _project.MaterializeAsync(name);
        var cells = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        await foreach (var (key, cell) in _project.Host.OnlineStore.ScanAsync(view, CancellationToken.None))
            if (!MaterializationMark.IsMark(key)) cells.Add(EntityKey.Read(key)[0].AsString, cell);
        CellUpdates updates = new();
        updates.Add(Key("a"), cells["b"]);
        updates.Add(Key("b"), default);
        Assert.True(await _project.Host.OnlineStore.WriteAsync(view, updates, new Tamper(), Fence.None, CancellationToken.None));
        Assert.Equal($"{name}: 1 MissingRow, 1 Unexplained", await CausesAsync(null, name));
        Assert.Equal((Value.Of("a"), Value.Of(2.0), Value.Of(1.0)), (await ReportAsync(null, name)).Views[0].Examples.Where(e => e.Cause == DifferenceCause.Unexplained).Select(e => (e.Key[0].Value, e.Online, e.Offline)).Single());
        var report = await _project.Host.Materializer.RunAsync(new() { Catalog = await _project.Host.LoadCatalogAsync(CancellationToken.None), Views = [name], Full = true }, null, CancellationToken.None);
        Assert.True(report.Succeeded);
        Assert.Equal("", await CausesAsync(null, name));

        static byte[] Key(string id)
        {
            ArrayBufferWriter<byte> key = new();
            Assert.True(EntityKey.TryWrite([Value.Of(id)], key));
            return key.WrittenSpan.ToArray();
        }
    }

    [Fact]
    public async Task S22_windows_of_an_earlier_instant_are_compared_where_nothing_was_written_since()
    {
        await PushAsync("clicks", ("a", "2026-11-02T11:30:00Z", 1), ("b", "2026-11-02T11:30:00Z", 1));
        _project.Clock.Advance(TimeSpan.FromMinutes(10));
        await PushAsync("clicks", ("b", "2026-11-02T12:05:00Z", 2));
        _project.Clock.Advance(TimeSpan.FromMinutes(10));
        var then = (await ReportAsync(Instant.Parse("2026-11-02T12:05:00Z"), "sums")).Views[0];
        Assert.Equal((1, 1, 0L), (then.Keys, then.NotKept, then.Different));
        Assert.Equal((2, 0, 0L), (await ReportAsync(Instant.Parse("2026-11-02T12:12:00Z"), "sums")).Views.Select(v => (v.Keys, v.NotKept, v.Different)).Single());
    }

    sealed class Tamper : ICellMerge
    {
        public bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
        {
            merged.Write(update);
            return true;
        }
    }
}
