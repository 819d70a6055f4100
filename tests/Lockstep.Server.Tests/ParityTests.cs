using System.Buffers;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Verification;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Lockstep.Server.Tests;

/// <summary>Every difference between online and offline is found, and called by its cause.</summary>
public sealed class ParityTests : IAsyncLifetime
{
    const string Rows = "airport,at,temp\nJFK,2026-11-01T09:00:00Z,1.5\nEWR,2026-11-01T09:00:00Z,2.5\nLGA,2026-11-01T09:00:00Z,\n";

    readonly TestProject _project = TestProject.Create("2026-11-01T12:00:00Z",
        ("lockstep.yaml", "project: parity\n"),
        ("raw/weather.csv", Rows),
        ("features/all.yaml", """
            kind: entity
            name: airport
            join_keys: { airport: string }
            ---
            kind: source
            name: weather
            table: { path: "raw/*.csv", timestamp: at }
            columns: { airport: string, at: timestamp, temp: float64 }
            ---
            kind: value_view
            name: weather
            entity: airport
            source: weather
            features: { temp: { type: float64, default: 10 } }
            ---
            kind: value_view
            name: by_sql
            entity: airport
            sql: select airport, "at", temp * 2 as twice from weather
            timestamp: at
            features: { twice: float64 }
            ---
            kind: aggregation_view
            name: heat
            entity: airport
            source: weather
            features:
              reports: { count: "*", windows: [24h] }
              total: { sum: temp, windows: [24h] }
              spread: { stddev_pop: temp, windows: [24h] }
            """));

    public async ValueTask InitializeAsync() => await _project.ApplyAsync();

    public ValueTask DisposeAsync() => _project.DisposeAsync();

    async Task<ViewParity> CheckAsync(long? at = null, int sample = 100)
        => Assert.Single((await _project.Host.Parity.RunAsync(new() { Catalog = await _project.Host.LoadCatalogAsync(CancellationToken.None), Views = ["weather"], At = at, Sample = sample }, null, CancellationToken.None)).Views);

    void Put(string file, string rows) => File.WriteAllText(Path.Combine(_project.Folder, "raw", file), "airport,at,temp\n" + rows);

    static (DifferenceCause, long)[] Causes(ViewParity view) => [.. view.Causes.Select(c => (c.Key, c.Value))];

    [Fact]
    public async Task S22_what_was_materialized_is_equal_and_what_was_not_is_said()
    {
        var before = await CheckAsync();
        Assert.Equal((3, 3L, 2L), (before.Keys, before.Values, before.Different)); // LGA has the default on both sides
        Assert.Equal([(DifferenceCause.NeverMaterialized, 2L)], Causes(before));
        await _project.MaterializeAsync();
        var after = await CheckAsync();
        Assert.Equal((3, 3L, 0L, 0), (after.Keys, after.Equal, after.Different, after.NotKept));
        Assert.Equal(2, (await CheckAsync(sample: 2)).Keys);
    }

    [Fact]
    public async Task S22_a_view_by_SQL_is_held_against_what_its_last_run_stored()
    {
        async Task<ViewParity> Sql() => (await _project.Host.Parity.RunAsync(new() { Catalog = await _project.Host.LoadCatalogAsync(CancellationToken.None), Views = ["by_sql@1.0.0"] }, null, CancellationToken.None)).Views[0];
        Assert.False((await Sql()).IsStored);
        await _project.MaterializeAsync();
        Put("more.csv", "JFK,2026-11-01T10:00:00Z,7\n"); // training reads what the last run stored, so nothing differs yet
        Assert.Equal((true, 3, 3L), (await Sql() is var found ? found.IsStored : false, found.Keys, found.Equal));
    }

    [Fact]
    public async Task S22_windows_are_held_against_the_sweep()
    {
        async Task<ViewParity> Windows() => (await _project.Host.Parity.RunAsync(new() { Catalog = await _project.Host.LoadCatalogAsync(CancellationToken.None), Views = ["heat"] }, null, CancellationToken.None)).Views[0];
        var before = await Windows();
        Assert.Equal([(DifferenceCause.NeverMaterialized, 7L)], Causes(before)); // three counts, and two values of each but LGA, which had only a null
        await _project.MaterializeAsync();
        Assert.Equal((3, 9L, 9L), (await Windows() is var equal ? equal.Keys : 0, equal.Values, equal.Equal));
        Put("more.csv", "JFK,2026-11-01T10:00:00Z,7\nBOS,2026-11-01T10:00:00Z,8\n");
        Assert.Equal([(DifferenceCause.HealingDue, 6L)], Causes(await Windows()));
        await _project.MaterializeAsync();
        Assert.Equal((4, 12L), (await Windows() is var healed ? healed.Keys : 0, healed.Equal));
        _project.Clock.Advance(TimeSpan.FromHours(22.5)); // the windows have moved on, without an event
        Assert.Equal(12, (await Windows()).Equal);
    }

    [Fact]
    public async Task S22_a_source_that_has_moved_on_is_due_for_healing()
    {
        await _project.MaterializeAsync();
        Put("more.csv", "JFK,2026-11-01T10:00:00Z,7\nBOS,2026-11-01T10:00:00Z,8\n");
        var due = await CheckAsync();
        Assert.Equal((4, 2L), (due.Keys, due.Different));
        Assert.Equal([(DifferenceCause.HealingDue, 2L)], Causes(due));
        var boston = Assert.Single(due.Examples, e => e.Key[0].Value == Value.Of("BOS"));
        Assert.Equal(("temp", Value.Of(10.0), Value.Of(8.0)), (boston.Feature, boston.Online, boston.Offline));
        await _project.MaterializeAsync();
        Assert.Equal((4, 0L), (await CheckAsync() is var healed ? healed.Keys : 0, healed.Different));
    }

    [Fact]
    public async Task S14_a_row_whose_time_has_come_since_the_run_is_due_for_healing()
    {
        Put("ahead.csv", "JFK,2026-11-01T15:00:00Z,9\n");
        await _project.MaterializeAsync();
        Assert.Equal(0, (await CheckAsync()).Different);
        _project.Clock.Advance(TimeSpan.FromHours(4));
        Assert.Equal([(DifferenceCause.HealingDue, 1L)], Causes(await CheckAsync()));
        await _project.MaterializeAsync();
        Assert.Equal(0, (await CheckAsync()).Different);
    }

    [Fact]
    public async Task What_no_run_explains_is_called_so()
    {
        await _project.MaterializeAsync();
        var cells = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        await foreach (var (key, cell) in _project.Host.OnlineStore.ScanAsync("weather@1.0.0", CancellationToken.None))
            if (!MaterializationMark.IsMark(key)) cells.Add(EntityKey.Read(key)[0].AsString, cell);
        CellUpdates updates = new();
        updates.Add(Key("EWR"), default);
        updates.Add(Key("JFK"), cells["EWR"]);
        Assert.True(await _project.Host.OnlineStore.WriteAsync("weather@1.0.0", updates, new Tamper(), Fence.None, CancellationToken.None));
        var found = await CheckAsync();
        Assert.Equal([(DifferenceCause.MissingRow, 1L), (DifferenceCause.Unexplained, 1L)], Causes(found));
        Assert.Equal(Value.Of(2.5), Assert.Single(found.Examples, e => e.Cause == DifferenceCause.Unexplained).Online);

        static byte[] Key(string airport)
        {
            ArrayBufferWriter<byte> key = new();
            Assert.True(EntityKey.TryWrite([Value.Of(airport)], key));
            return key.WrittenSpan.ToArray();
        }
    }

    [Fact]
    public async Task An_earlier_instant_is_compared_where_the_store_still_has_its_row()
    {
        Put("more.csv", "JFK,2026-11-01T10:00:00Z,7\n");
        await _project.MaterializeAsync();
        var then = await CheckAsync(Instant.Parse("2026-11-01T09:30:00Z"));
        Assert.Equal((2, 1, 0L), (then.Keys, then.NotKept, then.Different));
        var ahead = await Assert.ThrowsAsync<LockstepException>(() => CheckAsync(Instant.Parse("2026-11-02T00:00:00Z")));
        Assert.Equal("2026-11-02T00:00:00Z is still to come: nothing is known of it. Leave --at out for now.", ahead.Message);
    }

    [Fact]
    public async Task S22_a_server_measures_it_again_and_again()
    {
        await _project.MaterializeAsync();
        await _project.ServeAsync(new() { VerifyEvery = Instant.Hour, VerifySample = 2 });
        var parity = Assert.Single(_project.Server.Services.GetServices<IHostedService>().OfType<ParityService>());
        Assert.DoesNotContain("lockstep_parity", (await _project.GetAsync("/metrics")).Body, StringComparison.Ordinal);
        await parity.RunAsync(CancellationToken.None);
        await parity.RunAsync(CancellationToken.None);
        var equal = (await _project.GetAsync("/metrics")).Body;
        Assert.Contains("lockstep_parity_values_total{view=\"weather@1.0.0\"} 4\n", equal, StringComparison.Ordinal);
        Assert.DoesNotContain("lockstep_parity_different_total{", equal, StringComparison.Ordinal);
        Put("more.csv", "JFK,2026-11-01T10:00:00Z,7\nEWR,2026-11-01T10:00:00Z,7\nLGA,2026-11-01T10:00:00Z,7\n");
        await parity.RunAsync(CancellationToken.None);
        Assert.Contains("lockstep_parity_different_total{view=\"weather@1.0.0\",cause=\"healing_due\"} 2\n", (await _project.GetAsync("/metrics")).Body, StringComparison.Ordinal);
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
