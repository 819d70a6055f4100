using System.Globalization;
using System.Text;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Streaming;
using Lockstep.Runtime.Streaming.Log;
using Lockstep.Runtime.Tests.Materialization;
using Lockstep.Runtime.TrainingSets;
using Lockstep.Sqlite.OnlineStore;
using Lockstep.Sqlite.Runs;

namespace Lockstep.Runtime.Tests.Streaming;

/// <summary>A row, of a file or pushed.</summary>
internal sealed record Seen(string? Id, long Time, long? Made, double? A, string? B);

/// <summary>A project with everything real: a source with a table and pushes, one with pushes alone, a value view over each.</summary>
internal sealed class StreamProject : IAsyncDisposable
{
    readonly DuckDbEngine _engine;
    readonly SqliteRunStore _runs;
    readonly SqliteOnlineStore _online;
    readonly string _folder;
    readonly TimeProvider _clock;

    public StreamProject(string folder, TimeProvider clock, EventLogOptions? log = null, Func<IOnlineStore, IOnlineStore>? store = null, WriteBehindOptions? behind = null)
    {
        (_folder, _clock) = (folder, clock);
        Directory.CreateDirectory(Path.Combine(folder, "data"));
        _engine = new(new() { MemoryLimit = 1L << 28, Threads = 1, SpillFolder = Path.Combine(folder, "spill") });
        _runs = new(Path.Combine(folder, "runs.db"));
        _online = new(new() { Path = Path.Combine(folder, "online.db"), CacheBytes = 1 << 20 }, clock);
        Offline = new(Path.Combine(folder, "offline"), _engine, clock);
        Logs = new(Path.Combine(folder, "offline"), _engine, clock, log);
        Tables = new(folder, Offline, clock, Logs);
        Online = new WriteBehindStore(store?.Invoke(_online) ?? _online, clock, behind);
        Context = new() { Logs = Logs, Online = Online, Clock = clock, Runs = _runs, Limits = new() { MaxEventBytes = 1000 } };
    }

    static readonly Field[] Columns = [new("id", FeatureType.String), new("ts", FeatureType.Timestamp), new("made", FeatureType.Timestamp), new("a", FeatureType.Float64), new("b", FeatureType.String)];

    /// <summary>Files and pushes together.</summary>
    public static Source Both { get; } = new()
    {
        Name = "both",
        Table = new() { Path = "data/*.csv", Format = TableFormat.Csv, Timestamp = "ts", Created = "made" },
        Stream = new PushStreamSource(),
        Columns = Columns,
    };

    /// <summary>Pushes alone, of which positive ones count.</summary>
    public static Source Pushed { get; } = new() { Name = "pushed", Stream = new PushStreamSource { Timestamp = "ts", Created = "made" }, Columns = Columns, Where = "a > 0" };

    public static ViewVersion BothView { get; } = View("v", Both);
    public static ViewVersion PushedView { get; } = View("p", Pushed);

    static ViewVersion View(string name, Source source) => new()
    {
        View = new ValueView { Name = name, Source = source.Name, Features = [new() { Name = "a", Column = "a", Type = FeatureType.Float32 }, new() { Name = "b", Column = "b", Type = FeatureType.String }] },
        Fingerprint = name,
        Keys = new([new("id", FeatureType.String)]),
        Features = new([new("a", FeatureType.Float32), new("b", FeatureType.String)]),
        Defaults = [Value.Null, Value.Null],
        Sources = new Dictionary<string, Source> { [source.Name] = source },
    };

    /// <summary>What streams bring is written when a test says so, or something needs it in the store.</summary>
    public static WriteBehindOptions WhenTold { get; } = new() { MinPause = TimeSpan.FromHours(1), KeysPerWrite = 2 };

    public static Catalog Catalog { get; } = new(1, [], [Both, Pushed], [BothView, PushedView], []);

    public OfflineViewStore Offline { get; }
    public EventLogs Logs { get; }
    public SourceTables Tables { get; }
    public IOnlineStore Online { get; }
    public StreamContext Context { get; set; }
    public DuckDbEngine Engine => _engine;
    public IRunStore Runs => _runs;

    public async Task<StreamHost> StartAsync(Catalog? catalog = null)
    {
        var host = new StreamHost(Context);
        await host.UpdateAsync(catalog ?? Catalog, CancellationToken.None);
        await host.StartAsync(CancellationToken.None);
        return host;
    }

    public static async Task<PushAnswer> PushAsync(StreamHost host, string source, string lines, string? key = null)
    {
        var stream = host.Find(source);
        var bytes = Encoding.UTF8.GetBytes(lines);
        return await stream.PushAsync(stream.Decode("push", (decoder, rows, now) => decoder.Lines(bytes, rows, now)), key, CancellationToken.None);
    }

    public static Task<PushAnswer> PushAsync(StreamHost host, string source, IEnumerable<Seen> rows, string? key = null) => PushAsync(host, source, Lines(rows), key);

    public static string Lines(IEnumerable<Seen> rows)
    {
        var text = new StringBuilder();
        foreach (var row in rows)
            text.Append(CultureInfo.InvariantCulture, $"{{\"id\":{(row.Id is null ? "null" : $"\"{row.Id}\"")},\"ts\":\"{Instant.Format(row.Time)}\",\"made\":{(row.Made is { } made ? $"\"{Instant.Format(made)}\"" : "null")},\"a\":{row.A?.ToString("R", CultureInfo.InvariantCulture) ?? "null"},\"b\":{(row.B is null ? "null" : $"\"{row.B}\"")}}}\n");
        return text.ToString();
    }

    public void WriteFile(string name, IEnumerable<Seen> rows)
    {
        var text = new StringBuilder("id,ts,made,a,b\n");
        foreach (var row in rows)
            text.Append(CultureInfo.InvariantCulture, $"{row.Id},{Instant.Format(row.Time)},{(row.Made is { } made ? Instant.Format(made) : "")},{row.A?.ToString("R", CultureInfo.InvariantCulture)},{(row.B is null ? "" : $"\"{row.B}\"")}\n");
        var path = Path.Combine(_folder, "data", name + ".csv");
        File.WriteAllText(path + ".new", text.ToString());
        File.Move(path + ".new", path, overwrite: true);
    }

    public void DeleteFile(string name) => File.Delete(Path.Combine(_folder, "data", name + ".csv"));

    public Materializer Materializer(Steps? steps = null) => new(new()
    {
        Tables = steps is null ? Tables : new HookedTables(Tables, steps),
        Offline = Offline,
        Engine = _engine,
        Online = steps is null ? Online : new HookedOnlineStore(Online, steps),
        Runs = steps is null ? _runs : new HookedRunStore(_runs, steps),
        Clock = _clock,
        Options = new() { OnlineStore = "embedded:online.db", ProjectFolder = _folder, LeaseWait = TimeSpan.FromSeconds(10), KeysPerWrite = 7 },
    });

    public async Task<ViewRunReport> RunAsync(ViewVersion? view = null, Func<MaterializeRequest, MaterializeRequest>? change = null, Steps? steps = null, Catalog? catalog = null)
    {
        var request = new MaterializeRequest { Catalog = catalog ?? Catalog, Views = [(view ?? BothView).Id] };
        return (await Materializer(steps).RunAsync(change?.Invoke(request) ?? request, null, CancellationToken.None)).Views.Single();
    }

    public async Task<(long Time, Value A, Value B)?> GetAsync(ViewVersion view, string id, long at)
    {
        var batch = new OnlineReadBatch();
        EntityKey.TryWrite([Value.Of(id)], batch.KeyBuffer);
        batch.Add(view.Id);
        await Online.ReadAsync(batch, CancellationToken.None);
        return Newest(batch.Cell(0).Span, new(view.Features), at);
    }

    static (long Time, Value A, Value B)? Newest(ReadOnlySpan<byte> cell, RowLayout layout, long at)
    {
        if (!new ValueCellReader(cell).TryNewest(at, out var time, out var row)) return null;
        var reader = new RowReader(layout, row);
        return (time, reader.GetValue(0), reader.GetValue(1));
    }

    /// <summary>S5 and S6 over all rows, whoever brought them.</summary>
    public static (long Time, Value A, Value B)? Expected(IEnumerable<Seen> rows, string id, long at) => rows.Where(r => r.Id == id && r.Time <= at)
        .Select(r => (r.Time, r.Made, A: r.A is { } a ? Value.Of((float)a) : Value.Null, B: r.B is null ? Value.Null : Value.Of(r.B)))
        .OrderBy(r => r.Time).ThenBy(r => r.Made ?? long.MinValue).ThenBy(r => r.A, ByValue).ThenBy(r => r.B, ByValue).Select(r => ((long, Value, Value)?)(r.Time, r.A, r.B)).LastOrDefault();

    static readonly Comparer<Value> ByValue = Comparer<Value>.Create(Value.CompareForNewest);

    public async Task JudgeAsync(ViewVersion view, IReadOnlyCollection<Seen> rows, IEnumerable<string> ids, IEnumerable<long> instants, string where)
    {
        foreach (var id in ids)
            foreach (var at in instants)
                Assert.True(Expected(rows, id, at) == await GetAsync(view, id, at), $"{where}: {id} at {Instant.Format(at)} is {await GetAsync(view, id, at)} instead of {Expected(rows, id, at)}");
    }

    /// <summary>Training rows of all ids at all instants, in this order.</summary>
    public List<(Value A, Value B)> Train(ViewVersion view, IReadOnlyList<string> ids, IReadOnlyList<long> instants, bool asKnown = false, TrainingSetRecord? again = null)
        => Train(Catalog, [view.Name], [.. ids.SelectMany(id => instants.Select(at => (id, at)))], asKnown, again).ConvertAll(r => (r[0], r[1]));

    /// <summary>The features of some views for ids at instants, in this order.</summary>
    public List<Value[]> Train(Catalog catalog, IReadOnlyList<string> views, IReadOnlyList<(string Id, long At)> labels, bool asKnown = false, TrainingSetRecord? again = null)
    {
        using RowsReader spine = new(new([new("id", FeatureType.String), new("event_timestamp", FeatureType.Timestamp)]), labels.Select(l => new[] { Value.Of(l.Id), Value.Timestamp(l.At) }));
        RowsKeeper kept = new();
        Record = new TrainingSetBuilder(_engine, Tables, _clock, v => ViewEnds.ForTrainingAsync(_runs, v, CancellationToken.None).AsTask().GetAwaiter().GetResult()).Run(new()
        {
            Catalog = catalog,
            Spine = Spine.Of(spine, "the labels"),
            FullNames = again is null,
            Features = again is not null ? [] : [.. views.Select(v => new FeatureSelection { View = v })],
            AsKnown = asKnown,
            Again = again,
            Writer = kept.For,
        }, null, CancellationToken.None).Record;
        return kept.Rows.ConvertAll(r => r[2..]);
    }

    public TrainingSetRecord? Record { get; private set; }

    /// <summary>Texts of a column of the table of refused events.</summary>
    public async Task<List<string>> RefusedAsync(StreamHost host, string source, string column)
    {
        foreach (var writer in host.Find(source).Writers) await writer.FlushAsync(CancellationToken.None);
        using var reader = _engine.Scan(new() { Table = host.Find(source).Log.Refused.Snapshot(CancellationToken.None).Input("refused"), Columns = [new(column, new(column, FeatureType.String))] }, CancellationToken.None);
        var batch = new ColumnBatch(reader.Schema);
        List<string> texts = [];
        while (reader.Read(batch, CancellationToken.None)) texts.AddRange(Enumerable.Range(0, batch.Count).Select(i => batch[0].GetValue(i).AsString));
        return texts;
    }

    public async ValueTask DisposeAsync()
    {
        await _online.DisposeAsync();
        await _runs.DisposeAsync();
        _engine.Dispose();
    }
}
