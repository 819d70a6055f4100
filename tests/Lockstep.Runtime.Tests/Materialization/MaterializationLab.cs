using System.Buffers;
using System.Globalization;
using Lockstep.Compliance.Aggregation;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Core;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Tests.OfflineStore;
using Lockstep.Runtime.Tests.TrainingSets;

namespace Lockstep.Runtime.Tests.Materialization;

/// <summary>One row of the source.</summary>
internal sealed record LabRow(string? Key, long? Time, long? Created, int? A, string? B);

/// <summary>
/// A source whose files come, change and go, a log of pushes, an online store, a record of runs and a clock; and the judge, who says
/// from the definition (S5, S6) what the online store has to answer.
/// </summary>
internal sealed class MaterializationLab : ITrackedTables, IDisposable
{
    static readonly Schema FileSchema = new([new("id", FeatureType.String), new("ts", FeatureType.Timestamp), new("made", FeatureType.Timestamp), new("a", FeatureType.Int32), new("b", FeatureType.String)]);

    readonly TempFolder _folder = new();
    readonly MemoryEngine _engine = new();
    readonly TableFormat _format;
    readonly List<SortedDictionary<string, Content>> _versions = [new(StringComparer.Ordinal)]; // a Delta table's history
    readonly Dictionary<string, (LabRow[] Rows, Content Content)> _before = new(StringComparer.Ordinal);
    readonly Dictionary<string, LabRow[]> _rows = new(StringComparer.Ordinal);
    readonly List<LabRow> _pushed = [];
    readonly ValueCellWriter _writer = new();
    long _contents, _stamps;
    int _applied;

    public MaterializationLab(TableFormat format = TableFormat.Parquet, long ttl = 0)
    {
        _format = format;
        Online = new MemoryOnlineStore(Clock);
        var source = new Source { Name = "src", Table = new() { Path = "src", Format = format, Timestamp = "ts", Created = "made" } };
        View = new()
        {
            View = new ValueView { Name = "v", Source = "src", Ttl = ttl, Features = [new() { Name = "a", Column = "a", Type = FeatureType.Int32 }, new() { Name = "b", Column = "b", Type = FeatureType.String }] },
            Fingerprint = "f1",
            Keys = new([new("id", FeatureType.String)]),
            Features = new([new("a", FeatureType.Int32), new("b", FeatureType.String)]),
            Defaults = [Value.Null, Value.Null],
            Sources = new Dictionary<string, Source> { ["src"] = source },
        };
        Layout = new(View.Features);
    }

    /// <summary>The same source under an aggregation view; with a stream, pushes are its log and not a part of the table.</summary>
    public static MaterializationLab OfWindows(TableFormat format, bool stream, long delay = 0)
    {
        var lab = new MaterializationLab(format);
        var source = lab.View.Sources["src"] with { Columns = FileSchema.Fields, Stream = stream ? new PushStreamSource() : null };
        Window[] windows = [Parse("5s"), Parse("1m"), Parse("20s", 1), Parse("3h"), Parse("lifetime")];
        AggregationView view = new()
        {
            Name = "w",
            Source = "src",
            Delay = delay,
            Where = "a is null or a < 2",
            Features =
            [
                new() { Name = "n", Function = "count", Windows = windows },
                new() { Name = "s", Function = "sum", Column = "a", Windows = [windows[1], windows[3]] },
                new() { Name = "m", Function = "max", Column = "b", Windows = [windows[0], windows[4]], Where = "a = 1" },
            ],
        };
        lab.View = new()
        {
            View = view,
            Fingerprint = "f1",
            Keys = new([new("id", FeatureType.String)]),
            Features = new([.. windows.Select(w => new Field($"n_{w.Name}", FeatureType.Int64)), new("s_1m", FeatureType.Int64), new("s_3h", FeatureType.Int64), new("m_5s", FeatureType.String), new("m_lifetime", FeatureType.String)]),
            Defaults = [.. Enumerable.Repeat(Value.Null, 9)],
            Sources = new Dictionary<string, Source> { ["src"] = source },
        };
        return lab;

        static Window Parse(string text, long? hop = null) => Window.TryParse(text, hop, out var window) ? window : throw new ArgumentException(text);
    }

    bool IsWindows => View.View is AggregationView;
    bool HasLog => View.Sources["src"].Stream is not null;

    public ManualClock Clock { get; } = new(new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));
    public IOnlineStore Online { get; set; }
    public IRunStore Runs { get; set; } = new MemoryRunStore();
    public ViewVersion View { get; set; }
    public RowLayout Layout { get; }
    public List<ScanRequest> Scans => _engine.Scans;
    public MaterializerOptions Options { get; set; } = new() { OnlineStore = "test", LeaseWait = TimeSpan.Zero, BehindWait = TimeSpan.Zero, KeysPerWrite = 2, MaxFuture = 100 * Instant.Second, MemoryBytes = 1 << 20 };
    public Catalog Catalog => new(1, [], View.Sources.Values, [.. Older, View], []);

    /// <summary>Versions that are served beside <see cref="View"/>; their followers of the log are their own.</summary>
    public List<ViewVersion> Older { get; } = [];

    /// <summary>Applies a next version; its tiles can be taken over.</summary>
    public async Task UpgradeAsync(AggregationView view)
    {
        Older.Add(View);
        _appliedOf[View.Id] = _applied;
        Schema features = new(view.Features.SelectMany(f => f.Windows.Select(w => View.Features.Fields.First(x => x.Name == $"{f.Name}_{w.Name}"))));
        View = View with { View = view, Fingerprint = "f2", Features = features, Defaults = [.. features.Fields.Select(_ => Value.Null)] };
        _applied = 0;
        if (HasLog) await ViewEnds.RecordFirstAsync(Runs, _engine, View, LookApart(null).Input, Now, CancellationToken.None);
    }

    readonly Dictionary<string, int> _appliedOf = new(StringComparer.Ordinal);

    /// <summary>What a server applies to an older version.</summary>
    public async Task ApplyPushesToOlderAsync(int again = 0)
    {
        foreach (var view in Older)
        {
            for (var place = Math.Max(0, _appliedOf[view.Id] - again); place < _pushed.Count; place++) await ApplyToTilesAsync(view, _pushed[place], place);
            _appliedOf[view.Id] = _pushed.Count;
        }
    }
    public long Now => Instant.Now(Clock);
    public IEnumerable<string> Paths => Files.Keys.Where(p => !IsLog(p));
    public IEnumerable<LabRow> AllRows => Files.Keys.SelectMany(p => _rows[p]);
    public int Pushed => _pushed.Count;
    public int Unapplied => _pushed.Count - _applied;

    SortedDictionary<string, Content> Files => _versions[^1];

    /// <summary>A new file, or other rows in an old one.</summary>
    public void Put(string name, params LabRow[] rows)
    {
        var path = PathOf(name);
        if (_rows.TryGetValue(path, out var old) && Files.TryGetValue(path, out var content)) _before[path] = (old, content);
        Store(path, rows);
        Change(files => files[path] = NewContent());
    }

    /// <summary>Writes back what a file held before: the same bytes, but it has been written to.</summary>
    public void PutBack(string name)
    {
        var path = PathOf(name);
        if (!_before.Remove(path, out var before) || !Files.ContainsKey(path)) return;
        Store(path, before.Rows);
        Change(files => files[path] = before.Content with { Stamp = ++_stamps });
    }

    Content NewContent() => new(++_contents, ++_stamps);

    /// <summary>What a file holds, and when it was written.</summary>
    readonly record struct Content(long Rows, long Stamp);

    /// <summary>A Delta table's way of changing rows: one file for another, in one commit. The old one stays until it is vacuumed.</summary>
    public void Replace(string name, string with, params LabRow[] rows)
    {
        var path = PathOf(with);
        Store(path, rows);
        Change(files =>
        {
            files.Remove(PathOf(name));
            files[path] = NewContent();
        });
    }

    public void Remove(string name)
    {
        if (_format != TableFormat.Delta) Vacuum(name);
        Change(files => files.Remove(PathOf(name)));
    }

    /// <summary>Deletes a file that the table does not have any more, or is about to lose.</summary>
    public void Vacuum(string name)
    {
        File.Delete(PathOf(name));
        _engine.Remove(PathOf(name));
    }

    public string NameOf(string path) => Path.GetFileName(path);

    /// <summary>Logs a push; it is written online later, in order.</summary>
    public void Push(LabRow row)
    {
        var path = PathOf($"log{_pushed.Count:D5}");
        Store(path, [row]);
        _pushed.Add(row);
        Change(files => files[path] = NewContent());
    }

    /// <summary>What a server does with the pushes it has logged; it may begin again from an older place.</summary>
    /// <param name="again">Places that it goes back.</param>
    /// <param name="end">The end as it looked it up before; null: it does now.</param>
    /// <param name="until">The place before which it stops.</param>
    public async Task ApplyPushesAsync(int again = 0, long? end = null, int until = int.MaxValue)
    {
        for (var place = Math.Max(0, _applied - again); place < Math.Min(until, _pushed.Count); place++)
        {
            var row = _pushed[place];
            if (IsWindows)
            {
                await ApplyToTilesAsync(View, row, place, end);
                continue;
            }
            _writer.Begin(0);
            _writer.AddPlace(new(1, place));
            _writer.AddRow(row.Time!.Value, row.Created, Pack(row));
            var update = new ArrayBufferWriter<byte>();
            ValueCellUpdate.Write(update, ValueUpdateKind.Push, 0, _writer);
            var updates = new CellUpdates();
            updates.Add(Key(row.Key!), update.WrittenSpan);
            Assert.True(await Online.WriteAsync(View.Id, updates, new ValueCellMerge(Layout, Now), Fence.None, CancellationToken.None));
        }
        _applied = Math.Max(_applied, Math.Min(until, _pushed.Count));
    }

    async Task ApplyToTilesAsync(ViewVersion View, LabRow row, int place, long? end = null)
    {
        var program = EventProgram.Of(View);
        var rows = program.Rows.Open();
        Column(rows.Input, row);
        rows.Run();
        if (rows.Output.Count == 0) return; // the filter left it out
        TileEvents events = new();
        events.Begin(end ?? await ViewEnds.ForWritersAsync(Runs, View, CancellationToken.None) ?? long.MinValue);
        events.Add(new(1, place), row.Time!.Value, new EventStates(program.Plan).Of(rows.Output, 0));
        var update = new ArrayBufferWriter<byte>();
        events.Write(update, 0);
        var updates = new CellUpdates();
        updates.Add(Key(row.Key!), update.WrittenSpan);
        Assert.True(await Online.WriteAsync(View.Id, updates, new AggregationCellMerge(new(program.Layout), Now), Fence.None, CancellationToken.None));

        void Column(ColumnBatch input, LabRow of)
        {
            for (var i = 0; i < input.Schema.Count; i++)
                input[i].Append(Values(of)[FileSchema.IndexOf(program.Rows.Inputs[i].Column)]);
        }
    }

    /// <summary>Compares windows with what table and log say, for instants that a request can have, and every key.</summary>
    public async Task JudgeWindowsAsync(string where)
    {
        var program = EventProgram.Of(View);
        var end = HasLog ? (await Runs.EndsAsync(View.Id, CancellationToken.None)).Last(e => e.Stands).End : long.MaxValue;
        LabRow[] all = [.. Files.Keys.Where(p => !IsLog(p)).SelectMany(p => _rows[p]).Where(r => r.Time < end), .. HasLog ? _pushed.Where(r => r.Time >= end) : []];
        NaiveEvent[] events = [.. all.Where(r => r is { Key: not null, Time: not null } && r.A is null or < 2).Select(r => new NaiveEvent([Value.Of(r.Key!)], r.Time, [.. Values(r).Skip(3)], [r.A == 1]))];
        var instants = events.Select(e => e.Time!.Value).SelectMany(t => new[] { t, t + 1, t + 5 * Instant.Second, t + 20 * Instant.Second + 1 }).Append(Now).Append(Now - ValueCell.Grace).Append(Now + Options.MaxFuture)
            .Where(t => t >= Now - ValueCell.Grace && t <= Now + Options.MaxFuture).Distinct().Order().Take(40).ToList();
        var windows = new TileWindows(program.Layout, [.. Enumerable.Range(0, View.Features.Count)]);
        foreach (var key in _rows.Values.SelectMany(r => r.Select(x => x.Key)).OfType<string>().Distinct().Order(StringComparer.Ordinal))
        {
            var cell = await CellAsync(key);
            foreach (var at in instants)
            {
                windows.Read(cell, at);
                var i = 0;
                foreach (var feature in ((AggregationView)View.View).Features)
                    foreach (var window in feature.Windows)
                    {
                        var expected = NaiveWindows.Compute(events, [Value.Of(key)], at, new(feature.Function, feature.Column is { } c ? FileSchema.IndexOf(c) - 3 : -1, feature.Column is { } n ? FileSchema[FileSchema.IndexOf(n)].Type : null, window) { Filter = feature.Where is null ? -1 : 0 }, ((AggregationView)View.View).Delay).Value;
                        Assert.True(expected == windows.Value(i).GetValue(0), $"{where}: key '{key}', {feature.Name}_{window.Name} at {at - Now:+0;-0;0} µs from now: {windows.Value(i).GetValue(0)} instead of {expected}; end {end - Now:+0;-0;0}");
                        i++;
                    }
            }
        }
    }

    static Value[] Values(LabRow r) =>
    [
        r.Key is null ? Value.Null : Value.Of(r.Key), r.Time is { } t ? Value.Timestamp(t) : Value.Null, r.Created is { } c ? Value.Timestamp(c) : Value.Null,
        r.A is { } a ? Value.Of(a) : Value.Null, r.B is null ? Value.Null : Value.Of(r.B),
    ];

    /// <summary>As if the log had been lost.</summary>
    public void ForgetPushes()
    {
        _pushed.Clear();
        _applied = 0;
    }

    public Materializer Materializer(Steps? steps = null) => new(Context(steps));

    public MaterializationContext Context(Steps? steps = null)
    {
        var context = new MaterializationContext
        {
            Tables = this,
            Offline = new(_folder.At("offline"), _engine, Clock),
            Engine = _engine,
            Online = Online,
            Runs = Runs,
            Clock = Clock,
            Options = Options,
        };
        return steps is null ? context : context with { Tables = new HookedTables(this, steps), Engine = new HookedEngine(_engine, steps), Online = new HookedOnlineStore(Online, steps), Runs = new HookedRunStore(Runs, steps) };
    }

    public async Task<ViewRunReport> RunAsync(Func<MaterializeRequest, MaterializeRequest>? change = null, Steps? steps = null)
    {
        var request = new MaterializeRequest { Catalog = Catalog, Views = [View.Id] };
        return (await Materializer(steps).RunAsync(change?.Invoke(request) ?? request, null, CancellationToken.None)).Views.Single();
    }

    /// <summary>A run that has to succeed.</summary>
    public async Task<ViewRunReport> RunWellAsync(Func<MaterializeRequest, MaterializeRequest>? change = null)
    {
        var report = await RunAsync(change);
        Assert.True(report.Error is null, report.Error?.ToString());
        return report;
    }

    /// <summary>Compares what the store answers with what the source says, for every instant that a request can have and every key.</summary>
    public async Task JudgeAsync(string where)
    {
        var keys = AllRows.Select(r => r.Key).Concat(_rows.Values.SelectMany(r => r.Select(x => x.Key))).OfType<string>().Distinct().Order(StringComparer.Ordinal).ToList();
        var instants = AllRows.Select(r => r.Time).OfType<long>().SelectMany(t => new[] { t - 1, t }).Append(Now).Append(Now - ValueCell.Grace).Append(Now + Options.MaxFuture)
            .Where(t => t >= Now - ValueCell.Grace && t <= Now + Options.MaxFuture).Distinct().Order().ToList();
        foreach (var key in keys)
        {
            var cell = await CellAsync(key);
            foreach (var at in instants)
            {
                var expected = AllRows.Where(r => r.Key == key && r.Time <= at).OrderBy(r => r, Comparer<LabRow>.Create(Compare)).LastOrDefault();
                var found = Newest(cell, at);
                var right = expected is null ? found is null : found is { } f && f.Time == expected.Time && f.Row.AsSpan().SequenceEqual(Pack(expected));
                Assert.True(right, $"{where}: key '{key}' at {at - Now:+0;-0;0} µs from now: {(found is { } x ? $"row of {x.Time - Now:+0;-0;0}" : "nothing")} instead of {(expected is null ? "nothing" : $"{expected} of {expected.Time - Now:+0;-0;0}")}");
            }
        }
    }

    static (long Time, byte[] Row)? Newest(byte[] cell, long at)
        => new ValueCellReader(cell).TryNewest(at, out var time, out var row) ? (time, row.ToArray()) : null;

    public async Task<byte[]> CellAsync(string key)
    {
        var batch = new OnlineReadBatch();
        batch.KeyBuffer.Write(Key(key));
        batch.Add(View.Id);
        await Online.ReadAsync(batch, CancellationToken.None);
        return batch.Cell(0).ToArray();
    }

    public TableLook Look(ViewVersion view, Catalog catalog, TableState? since, CancellationToken token)
    {
        if (Files.Count == 0) throw new LockstepException(ErrorKind.NotFound, "source 'src': no file matches 'src'.");
        if (IsWindows) return LookApart(since);
        return LookTogether(Files, since);
    }

    // Of a view of windows the log is not a part of the table, but beside it.
    TableLook LookApart(TableState? since)
    {
        var log = new TableInput { Name = "log", Format = TableFormat.Parquet, Files = [.. Files.Keys.Where(IsLog).Select(p => new TableFile(p))] };
        var look = LookTogether(new(Files.Where(f => !IsLog(f.Key)).ToDictionary(), StringComparer.Ordinal), since);
        return HasLog ? look with { Input = look.Input with { More = [log] } } : look with { Log = [] };
    }

    TableLook LookTogether(SortedDictionary<string, Content> Files, TableState? since)
    {
        var input = new TableInput { Name = "source 'src'", Format = _format, Files = [.. Files.Keys.Select(p => new TableFile(p))] };
        var state = _format == TableFormat.Delta
            ? new TableState { Format = _format, TakenAt = Now, DeltaTable = "t", DeltaVersion = _versions.Count - 1 }
            : new TableState { Format = _format, TakenAt = Now, Files = [.. Files.Select(f => new FileState(f.Key, 1, f.Value.Stamp, f.Value.Stamp, f.Value.Rows.ToString(CultureInfo.InvariantCulture)))] };
        var change = new TableChange { Whole = true, Reason = "first look", Added = input.Files };
        if (since is not null)
        {
            var before = _format == TableFormat.Delta ? _versions[(int)since.DeltaVersion!.Value].Where(f => !IsWindows || !IsLog(f.Key)).ToDictionary(f => f.Key, f => f.Value.Rows, StringComparer.Ordinal)
                : since.Files.ToDictionary(f => f.Path, f => long.Parse(f.Fingerprint, CultureInfo.InvariantCulture), StringComparer.Ordinal);
            change = new()
            {
                Added = [.. Files.Keys.Where(p => !before.ContainsKey(p)).Select(p => new TableFile(p))],
                Changed = [.. Files.Where(f => before.TryGetValue(f.Key, out var content) && content != f.Value.Rows).Select(f => new TableFile(f.Key))],
                Removed = [.. before.Keys.Where(p => !Files.ContainsKey(p)).Select(p => new TableFile(p))],
            };
        }
        return new(input, state, change) { Log = _pushed.Count == 0 ? [] : [new(1, _pushed.Count - 1)] };
    }

    public TableInput Source(Source source) => throw new NotSupportedException();
    TableInput ITables.View(ViewVersion view, Catalog catalog) => throw new NotSupportedException();
    public TableLook Look(Source source, TableState? since, CancellationToken token) => throw new NotSupportedException();
    public TableInput Reopen(Source source, TableState state, CancellationToken token) => throw new NotSupportedException();
    public TableInput Reopen(ViewVersion view, Catalog catalog, TableState state, CancellationToken token) => throw new NotSupportedException();
    public void Dispose() => _folder.Dispose();

    void Store(string path, LabRow[] rows)
    {
        _rows[path] = rows;
        File.WriteAllText(path, ""); // that it is there is asked of the file system
        _engine.Put(path, FileSchema, rows.Select(Values));
    }

    void Change(Action<SortedDictionary<string, Content>> change)
    {
        var files = new SortedDictionary<string, Content>(Files, StringComparer.Ordinal);
        change(files);
        if (_format == TableFormat.Delta) _versions.Add(files);
        else _versions[^1] = files;
    }

    string PathOf(string name) => _folder.At(name);
    static bool IsLog(string path) => Path.GetFileName(path).StartsWith("log", StringComparison.Ordinal);

    byte[] Pack(LabRow row) => new RowWriter(Layout).Write(row.A is { } a ? Value.Of(a) : Value.Null, row.B is null ? Value.Null : Value.Of(row.B)).ToArray();

    static byte[] Key(string key)
    {
        var bytes = new ArrayBufferWriter<byte>();
        EntityKey.TryWrite([Value.Of(key)], bytes);
        return bytes.WrittenSpan.ToArray();
    }

    static int Compare(LabRow x, LabRow y)
    {
        var order = Nullable.Compare(x.Time, y.Time);
        if (order == 0) order = Nullable.Compare(x.Created, y.Created);
        if (order == 0) order = Nullable.Compare(x.A, y.A);
        return order != 0 ? order : string.CompareOrdinal(x.B, y.B);
    }
}
