using Lockstep.Compliance.Aggregation;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Streaming;
using Lockstep.Runtime.Tests.OfflineStore;

namespace Lockstep.Runtime.Tests.Streaming;

/// <summary>
/// The promise itself: the same events once as a table and once pushed, out of order, some twice, to two processes that are started
/// anew now and then; at a thousand instants of a clock moved by hand, what is served has every bit of both training sets. All functions,
/// over all types, and a value view.
/// </summary>
public sealed class LockstepTests
{
    static readonly string[] Ids = ["x0", "x1", "never"];

    static readonly Field[] Columns = [new("id", FeatureType.String), new("ts", FeatureType.Timestamp), new("made", FeatureType.Timestamp), .. EveryFunction.Columns];
    static readonly Source Pushed = new() { Name = "pushed", Stream = new PushStreamSource { Timestamp = "ts", Created = "made" }, Columns = Columns };
    static readonly Source Table = new() { Name = "filed", Table = new() { Path = "data/events.parquet", Format = TableFormat.Parquet, Timestamp = "ts", Created = "made" }, Columns = Columns };

    static Window Parse(string text, long? hop = null) => Window.TryParse(text, hop, out var window) ? window : throw new ArgumentException(text);

    static ViewVersion[] Views(string prefix, Source source)
    {
        Window[] windows = [Parse("1m"), Parse("10m", 10 * Instant.Second), Parse("5s"), Parse("3h"), Parse("lifetime"), Parse("40s", 1), Parse("2d")];
        var features = EveryFunction.Features(windows, 1);
        ValueView newest = new() { Name = $"{prefix}_newest", Source = source.Name, Ttl = 2 * Instant.Hour, Features = [.. EveryFunction.Columns.Select(c => new ValueFeature { Name = c.Name, Column = c.Name, Type = c.Type })] };
        return
        [
            EveryFunction.View($"{prefix}_windows", source, features),
            EveryFunction.View($"{prefix}_delayed", source, [.. features.Where((_, i) => i % 4 == 0)], 7 * Instant.Second),
            new()
            {
                View = newest,
                Fingerprint = newest.Name,
                Keys = new([new("id", FeatureType.String)]),
                Features = new(EveryFunction.Columns),
                Defaults = [.. EveryFunction.Columns.Select(_ => Value.Null)],
                Sources = new Dictionary<string, Source> { [source.Name] = source },
            },
        ];
    }

    sealed record Event(string Id, long Time, long Made, Value[] Row);

    [Theory, InlineData(1, 500, 200), InlineData(2, 200, 100)]
    public async Task S22_at_a_thousand_instants_what_is_served_has_every_bit_of_the_training_sets(int seed, int among, int after)
    {
        Random random = new(seed);
        using var folder = new TempFolder();
        ManualClock clock = new(new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));
        ViewVersion[] pushed = Views("p", Pushed), filed = Views("f", Table);
        Catalog catalog = new(1, [], [Pushed, Table], [.. pushed, .. filed], []), streams = new(1, [], [Pushed], pushed, []);
        Worker[] workers = [new(folder.Path, clock, streams, 1), new(folder.Path, clock, streams, 1 << 20)];
        foreach (var worker in workers) await worker.StartAsync();
        List<Event> events = [];
        List<(long At, string Id, List<Value> Values)> served = [];
        string? last = null;
        for (var instant = 0; instant < among; instant++)
        {
            clock.Advance(TimeSpan.FromMicroseconds(random.Next(12) switch { 0 => random.Next(1, 4), 1 => random.NextInt64(1, 5 * Instant.Hour), 2 or 3 => random.NextInt64(1, 10 * Instant.Minute), _ => random.NextInt64(1, 20 * Instant.Second) }));
            var now = Instant.Now(clock);
            for (var pushes = random.Next(3); pushes > 0; pushes--)
            {
                Event[] some = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => NewEvent(now))];
                events.AddRange(some);
                last = string.Concat(some.Select(e => EveryFunction.Json([("id", Value.Of(e.Id)), ("ts", Value.Timestamp(e.Time)), ("made", Value.Timestamp(e.Made))], e.Row) + "\n"));
                var answer = await workers[random.Next(2)].PushAsync(last, $"push {events.Count}");
                Assert.True(answer is { Visible: true, Refused: 0 }, $"seed {seed}: {string.Join("; ", answer.Reasons)}");
            }
            if (last is not null && random.Next(6) == 0) Assert.True((await workers[random.Next(2)].PushAsync(last, $"push {events.Count}")).Repeated);
            if (random.Next(25) == 0) await workers[random.Next(2)].RestartAsync(random.Next(2) == 0);
            await ServeAsync();
        }
        var asKnown = served.Count;
        for (var instant = 0; instant < after; instant++) // no event comes any more: windows move by themselves
        {
            clock.Advance(TimeSpan.FromMicroseconds(random.NextInt64(1, random.Next(4) == 0 ? 4 * Instant.Hour : 30 * Instant.Second)));
            if (random.Next(25) == 0) await workers[random.Next(2)].RestartAsync(random.Next(2) == 0);
            await ServeAsync();
        }
        random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(events));
        WriteTable(workers[0].Project, folder.At("data/events.parquet"), events);

        // At an instant among the pushes a label sees what was ingested by then; after the last one, everything.
        Compare(pushed, served[..asKnown], known: true);
        Compare(filed, [.. served[..asKnown].Where((_, i) => i % 4 == 0)], known: true);
        Compare(pushed, served[asKnown..], known: false);
        Compare(filed, served[asKnown..], known: false);
        Assert.True(served.Count / Ids.Length == among + after && served.SelectMany(s => s.Values).Count(v => !v.IsNull) > served.Sum(s => s.Values.Count) / 4);
        foreach (var worker in workers) await worker.DisposeAsync();

        async Task ServeAsync()
        {
            var at = Instant.Now(clock);
            var asked = random.Next(2);
            await workers[1 - asked].FlushAsync(); // what another process has published is seen when it is written
            if (random.Next(4) == 0) await workers[asked].FlushAsync();
            var rows = await workers[asked].Server.GetAsync(new() { Features = [.. pushed.Select(v => new FeatureSelection { View = v.Name })], FullNames = true }, [.. Ids.Select(id => new Dictionary<string, Value> { ["id"] = Value.Of(id) })], CancellationToken.None);
            for (var i = 0; i < Ids.Length; i++) served.Add((at, Ids[i], [.. rows.Rows[i].Select(v => v.Value)]));
        }

        void Compare(ViewVersion[] views, List<(long At, string Id, List<Value> Values)> of, bool known)
        {
            var names = views.SelectMany(v => v.Features.Fields.Select(f => $"{v.Name}:{f.Name}")).ToList();
            var trained = workers[1].Project.Train(catalog, [.. views.Select(v => v.Name)], [.. of.Select(s => (s.Id, s.At))], known);
            for (var row = 0; row < of.Count; row++)
                for (var i = 0; i < names.Count; i++)
                    Assert.True(of[row].Values[i] == trained[row][i], $"seed {seed}, {of[row].Id} at {Instant.Format(of[row].At)}, {names[i]}: served {of[row].Values[i]}, trained {trained[row][i]}");
        }

        Event NewEvent(long now)
        {
            var unit = random.Next(3) == 0 ? 1 : Instant.Second; // ties, and the edges of hops
            var time = Instant.Floor(now, unit) + random.Next(8) switch
            {
                0 => random.NextInt64(1, 10 * Instant.Minute / unit) * unit,
                1 => -random.NextInt64(0, 3 * Instant.Day / unit) * unit,
                2 => -random.NextInt64(0, 4 * Instant.Hour / unit) * unit,
                3 => 0,
                _ => -random.NextInt64(0, 70 * Instant.Second / unit) * unit,
            };
            return new($"x{random.Next(2)}", time, now, EveryFunction.Row(random));
        }
    }

    static void WriteTable(StreamProject project, string path, IEnumerable<Event> events)
    {
        using var writer = project.Engine.CreateFile(new(path, TableFormat.Parquet), new(Columns), CancellationToken.None);
        ColumnBatch batch = new(new(Columns));
        foreach (var e in events) batch.AppendRow([Value.Of(e.Id), Value.Timestamp(e.Time), Value.Timestamp(e.Made), .. e.Row]);
        writer.Write(batch, CancellationToken.None);
        writer.Complete(CancellationToken.None);
    }

    /// <summary>A process that takes pushes: a project of its own over the folder.</summary>
    sealed class Worker(string folder, ManualClock clock, Catalog catalog, long tailBytes) : IAsyncDisposable
    {
        StreamHost _host = null!;

        public StreamProject Project { get; private set; } = null!;
        public FeatureServer Server { get; private set; } = null!;

        public async Task StartAsync()
        {
            Project = new(folder, clock, new() { TailBytes = tailBytes, SegmentBytes = 20_000 }, behind: StreamProject.WhenTold);
            Project.Context = Project.Context with { Limits = new() { MaxEventBytes = 10_000 } };
            Server = new(Project.Online, clock, new(), catalog);
            _host = await Project.StartAsync(catalog);
        }

        public Task<PushAnswer> PushAsync(string lines, string key) => StreamProject.PushAsync(_host, "pushed", lines, key);

        public Task FlushAsync() => _host.Find("pushed").DrainAsync(CancellationToken.None);

        /// <summary>The streams alone, or the whole process with its stores and caches.</summary>
        public async Task RestartAsync(bool whole)
        {
            await _host.DisposeAsync();
            if (!whole)
            {
                _host = await Project.StartAsync(catalog);
                return;
            }
            await Project.DisposeAsync();
            await StartAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await _host.DisposeAsync();
            await Project.DisposeAsync();
        }
    }
}
