using System.Globalization;
using System.Text;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Sqlite.OnlineStore;
using Lockstep.Sqlite.Runs;

namespace Lockstep.Runtime.Tests.Materialization;

/// <summary>A row of a CSV file.</summary>
internal sealed record CsvRow(string Id, long Time, double? A, string? B);

/// <summary>A project folder with everything real: CSV files, DuckDB, the embedded online store, the record of runs.</summary>
internal sealed class RealProject : IAsyncDisposable
{
    readonly DuckDbEngine _engine;
    readonly SqliteRunStore _runs;
    readonly SqliteOnlineStore _online;
    readonly TimeProvider _clock;
    readonly string _folder;

    public RealProject(string folder, TimeProvider clock, long cacheBytes = 1 << 20)
    {
        (_folder, _clock) = (folder, clock);
        Directory.CreateDirectory(Path.Combine(folder, "data"));
        _engine = new(new() { MemoryLimit = 1L << 28, Threads = 1, SpillFolder = Path.Combine(folder, "spill") });
        _runs = new(Path.Combine(folder, "runs.db"));
        _online = new(new() { Path = Path.Combine(folder, "online.db"), CacheBytes = cacheBytes }, clock);
        Offline = new(Path.Combine(folder, "offline"), _engine, clock) { FinishedVersion = v => _runs.StoredVersionAsync(v.Id, CancellationToken.None).AsTask().GetAwaiter().GetResult() };
        Tables = new(folder, Offline, clock);
    }

    public static Source Source { get; } = new() { Name = "src", Table = new() { Path = "data/*.csv", Format = TableFormat.Csv, Timestamp = "ts" } };

    public static ViewVersion View { get; } = MakeView("v", new ValueView { Name = "v", Source = "src", Features = Features });

    /// <summary>Of each key the newest row and what all its rows sum up to.</summary>
    public static ViewVersion SqlView { get; } = MakeView("totals", new ValueView { Name = "totals", Sql = "select id, max(ts) as at, sum(a) as a, arg_max(b, ts) as b from src group by id", Timestamp = "at", Features = Features });

    static ValueFeature[] Features => [new() { Name = "a", Column = "a", Type = FeatureType.Float64 }, new() { Name = "b", Column = "b", Type = FeatureType.String }];

    static ViewVersion MakeView(string name, ValueView view) => new()
    {
        View = view,
        Fingerprint = name,
        Keys = new([new("id", FeatureType.String)]),
        Features = new(view.Features.Select(f => new Field(f.Name, f.Type))),
        Defaults = [Value.Null, Value.Null],
        Sources = new Dictionary<string, Source> { ["src"] = Source },
    };

    public OfflineViewStore Offline { get; }
    public SourceTables Tables { get; }
    public IRunStore Runs => _runs;
    public IOnlineStore Online => _online;

    public static Catalog CatalogOf(params ViewVersion[] views) => new(1, [], [Source], views, []);

    public Materializer Materializer(TimeSpan leaseWait = default, TimeSpan? lease = null, Steps? steps = null) => new(new()
    {
        Tables = steps is null ? Tables : new HookedTables(Tables, steps),
        Offline = Offline,
        Engine = _engine,
        Online = steps is null ? _online : new HookedOnlineStore(_online, steps),
        Runs = steps is null ? _runs : new HookedRunStore(_runs, steps),
        Clock = _clock,
        Options = new() { OnlineStore = "embedded:online.db", ProjectFolder = _folder, LeaseWait = leaseWait, LeaseDuration = lease ?? TimeSpan.FromSeconds(15), KeysPerWrite = 7 },
    });

    public async Task<ViewRunReport> RunAsync(ViewVersion view, Func<MaterializeRequest, MaterializeRequest>? change = null, Steps? steps = null)
    {
        var request = new MaterializeRequest { Catalog = CatalogOf(view) };
        var report = (await Materializer(TimeSpan.FromSeconds(10), null, steps).RunAsync(change?.Invoke(request) ?? request, null, CancellationToken.None)).Views.Single();
        Assert.True(report.Error is null, report.Error?.ToString());
        return report;
    }

    /// <summary>Written beside and moved into place, as the message about torn reads recommends.</summary>
    public static void WriteFile(string folder, string name, IEnumerable<CsvRow> rows)
    {
        var text = new StringBuilder("id,ts,a,b\n");
        foreach (var row in rows)
            text.Append(CultureInfo.InvariantCulture, $"{row.Id},{Instant.Format(row.Time)},{row.A?.ToString("R", CultureInfo.InvariantCulture)},{(row.B is null ? "" : $"\"{row.B}\"")}\n");
        var path = Path.Combine(folder, "data", name + ".csv");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path + ".new", text.ToString());
        File.Move(path + ".new", path, overwrite: true);
    }

    public async Task<(long Time, Value A, Value B)?> GetAsync(ViewVersion view, string id, long at)
    {
        var batch = new OnlineReadBatch();
        EntityKey.TryWrite([Value.Of(id)], batch.KeyBuffer);
        batch.Add(view.Id);
        await _online.ReadAsync(batch, CancellationToken.None);
        return Newest(batch.Cell(0).Span, new(view.Features), at);
    }

    static (long Time, Value A, Value B)? Newest(ReadOnlySpan<byte> cell, RowLayout layout, long at)
    {
        if (!new ValueCellReader(cell).TryNewest(at, out var time, out var row)) return null;
        var reader = new RowReader(layout, row);
        return (time, reader.GetValue(0), reader.GetValue(1));
    }

    /// <summary>S5 and S6 over all rows of all files.</summary>
    public static (long Time, Value A, Value B)? Expected(IEnumerable<CsvRow> rows, string id, long at)
        => rows.Where(r => r.Id == id && r.Time <= at).Select(r => (r.Time, A: r.A is { } a ? Value.Of(a) : Value.Null, B: r.B is null ? Value.Null : Value.Of(r.B)))
            .OrderBy(r => r.Time).ThenBy(r => r.A, ByValue).ThenBy(r => r.B, ByValue).Select(r => ((long, Value, Value)?)r).LastOrDefault();

    static readonly Comparer<Value> ByValue = Comparer<Value>.Create(Value.CompareForNewest);

    public async Task JudgeAsync(IReadOnlyCollection<CsvRow> rows, long at, string where)
    {
        foreach (var id in Enumerable.Range(0, 40).Select(i => $"id{i}"))
            Assert.True(Expected(rows, id, at) == await GetAsync(View, id, at), $"{where}: {id} is {await GetAsync(View, id, at)} instead of {Expected(rows, id, at)}");
    }

    public async ValueTask DisposeAsync()
    {
        await _online.DisposeAsync();
        await _runs.DisposeAsync();
        _engine.Dispose();
    }
}
