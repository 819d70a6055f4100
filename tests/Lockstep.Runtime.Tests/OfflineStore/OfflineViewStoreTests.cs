using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.Tests.OfflineStore.Delta;

namespace Lockstep.Runtime.Tests.OfflineStore;

public sealed class OfflineViewStoreTests : IClassFixture<EngineFixture>, IDisposable
{
    readonly EngineFixture _fixture;
    readonly TempFolder _folder = new();
    readonly FixedClock _clock = new(new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero));
    readonly OfflineViewStore _store;
    readonly SourceTables _tables;

    static readonly Schema Schema = new([new("airport", FeatureType.String), new("at", FeatureType.Timestamp), new("visits", FeatureType.Int64)]);

    static readonly ViewVersion View = new()
    {
        View = new ValueView
        {
            Name = "airports",
            Entities = ["airport"],
            Sql = "select …",
            Timestamp = "at",
            Features = [new() { Name = "visits", Column = "visits", Type = FeatureType.Int64 }],
        },
        Fingerprint = "f",
        Keys = new([new("airport", FeatureType.String)]),
        Features = new([new("visits", FeatureType.Int64)]),
        Defaults = [Value.Null],
    };

    public OfflineViewStoreTests(EngineFixture fixture)
    {
        _fixture = fixture;
        _store = new(_folder.At("data/offline"), fixture.Engine, _clock);
        _tables = new(_folder.Path, _store, _clock);
    }

    public void Dispose() => _folder.Dispose();

    static Rows Table(params (string Airport, string At, long Visits)[] rows)
        => new(Schema, [.. rows.Select(r => new[] { Value.Of(r.Airport), Value.Timestamp(Instant.Parse(r.At)), Value.Of(r.Visits) })]);

    string[] Read(Lockstep.Runtime.Engine.TableInput input) => [.. Rows.Read(_fixture.Engine, input, "airport", "visits").Select(r => $"{r[0]} {r[1]}").Order(StringComparer.Ordinal)];

    [Fact]
    public void A_view_that_no_run_has_stored_is_not_found_and_says_what_to_run()
    {
        var error = Assert.Throws<LockstepException>(() => _tables.View(View, Catalog.Empty));

        Assert.Equal((ErrorKind.NotFound, false), (error.Kind, _store.Has(View)));
        Assert.Contains("Run: lockstep materialize --view airports", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void S24_rows_live_in_a_table_of_the_version_and_are_read_with_their_times()
    {
        var written = _store.Replace(View, Table(("JFK", "2026-01-01", 1), ("LAX", "2026-01-02", 2)), new() { Project = "flights", Run = "3" }, CancellationToken.None);

        var input = _tables.View(View, Catalog.Empty);

        Assert.True(Directory.Exists(_folder.At("data/offline/airports@1.0.0/_delta_log")));
        Assert.Equal((0L, 2L), (written.Version, written.Rows));
        Assert.Equal(["JFK 1", "LAX 2"], Read(input));
        Assert.Equal("view 'airports@1.0.0'", input.Name);
        Assert.Equal([Instant.Parse("2026-01-01"), Instant.Parse("2026-01-02")], input.Files.Select(f => f.Times!.Value.First + 999));
        Assert.Equal(("flights", "3"), (_store.Table(View).History(CancellationToken.None)[0].Project, _store.Table(View).History(CancellationToken.None)[0].Run));
    }

    [Fact]
    public void S19_the_rows_of_an_older_run_can_be_asked_for_again()
    {
        _store.Replace(View, Table(("JFK", "2026-01-01", 1)), new(), CancellationToken.None);
        var look = _tables.Look(View, Catalog.Empty, null, CancellationToken.None);
        _store.Replace(View, Table(("JFK", "2026-01-01", 7)), new(), CancellationToken.None);
        _store.Append(View, Table(("LAX", "2026-01-01", 8)), new(), CancellationToken.None);

        Assert.Equal(["JFK 7", "LAX 8"], Read(_tables.View(View, Catalog.Empty)));
        Assert.Equal(["JFK 1"], Read(_tables.Reopen(View, Catalog.Empty, TableState.Parse(look.State.ToJson()), CancellationToken.None)));
        Assert.Equal(["JFK 7"], Read(_store.ViewTable(View, atVersion: 1)));
    }

    [Fact]
    public void S7_commits_since_a_state_are_its_change()
    {
        _store.Replace(View, Table(("JFK", "2026-01-01", 1)), new(), CancellationToken.None);
        var first = _tables.Look(View, Catalog.Empty, null, CancellationToken.None);
        Assert.True(first.Change.Whole);
        _store.Append(View, Table(("LAX", "2026-01-01", 8)), new(), CancellationToken.None);
        var second = _tables.Look(View, Catalog.Empty, first.State, CancellationToken.None);

        Assert.True(second.Change.OnlyAdded);
        Assert.Equal(["LAX 8"], Read(second.Input with { Files = second.Change.Added }));

        _store.Replace(View, Table(("SFO", "2026-01-01", 9)), new(), CancellationToken.None);
        var third = _tables.Look(View, Catalog.Empty, second.State, CancellationToken.None);

        Assert.Equal(["SFO 9"], Read(third.Input with { Files = third.Change.Added }));
        Assert.Equal(["JFK 1", "LAX 8"], Read(third.Input with { Files = third.Change.Removed }));
        Assert.True(_tables.Look(View, Catalog.Empty, third.State, CancellationToken.None).Change.IsEmpty);
    }

    [Fact]
    public void A_source_may_be_a_delta_table_by_whatever_format_is_written()
    {
        _store.Replace(View, Table(("JFK", "2026-01-01", 1)), new(), CancellationToken.None);
        var table = new TableSource { Path = "data/offline/airports@1.0.0", Format = TableFormat.Delta, Timestamp = "at" };

        Assert.Equal(["JFK 1"], Read(_tables.Source(new() { Name = "s", Table = table })));
        Assert.Equal(["JFK 1"], Read(_tables.Source(new() { Name = "s", Table = table with { Format = TableFormat.Parquet } })));
        Assert.Equal(TableFormat.Delta, _tables.Look(new Source { Name = "s", Table = table }, null, CancellationToken.None).State.Format);
    }

    [Theory]
    [InlineData("data/offline", "holds no _delta_log, so it is no Delta table. Did you mean 'data/offline/airports@1.0.0'?")]
    [InlineData("data/offlin", "no Delta table is at 'data/offlin'. There is no 'data/offlin'. Did you mean 'data/offline'?")]
    [InlineData("data/*", "is a pattern; a Delta table is the folder that holds its _delta_log")]
    public void Where_no_delta_table_is_found_the_message_says_what_is_near(string path, string expected)
    {
        _store.Replace(View, Table(("JFK", "2026-01-01", 1)), new(), CancellationToken.None);

        var error = Assert.Throws<LockstepException>(() => _tables.Source(new() { Name = "s", Table = new() { Path = path, Format = TableFormat.Delta, Timestamp = "at" } }));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_truncated_file_of_a_version_is_named_before_it_is_read()
    {
        _store.Replace(View, Table(("JFK", "2026-01-01", 1)), new(), CancellationToken.None);
        var file = _tables.View(View, Catalog.Empty).Files[0].Path;
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^10]);

        var error = Assert.Throws<LockstepException>(() => _tables.View(View, Catalog.Empty));

        Assert.Contains($"{Path.GetFileName(file)} has ", error.Message, StringComparison.Ordinal);
    }
}
