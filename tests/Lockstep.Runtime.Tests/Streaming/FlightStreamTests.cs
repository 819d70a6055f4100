using System.Text;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Tests.OfflineStore;
using Lockstep.Runtime.Tests.TrainingSets;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Tests.Streaming;

/// <summary>The golden windows of real flights from the stream: arrivals and weather reports come in shuffled within two hours, with restarts; served at each label's instant, and trained from the log afterwards.</summary>
public sealed class FlightStreamTests
{
    sealed record Event(string Source, long Time, long Arrives, string Json);

    // The whole year: about a minute.
    [Fact]
    public async Task S9_S13_S15_S22_flights_that_come_in_shuffled_have_every_bit_of_the_golden_windows()
    {
        var data = FlightWindowsTests.Data();
        Random random = new(13);
        using var folder = new TempFolder();
        ManualClock clock = new(new(2013, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var catalog = FlightWindowsTests.Catalog(pushed: true);
        StreamProject project = new(folder.Path, clock, new() { SegmentBytes = 1 << 20 });
        var host = await project.StartAsync(catalog);
        FeatureServer server = new(project.Online, clock, new(), catalog);
        List<Event> waiting = [.. Events(project.Engine, data, random).OrderBy(e => e.Arrives)];
        var labels = TestEngine.ReadAll(project.Engine, TestEngine.Table(Path.Combine(data, "expected", "spine.parquet")), FlightWindowsTests.SpineColumns).OrderBy(l => l[1].AsInt64).ToList();
        Dictionary<(long, string), Value> served = [];
        var restarts = 0;
        foreach (var at in labels.GroupBy(l => l[1].AsInt64))
        {
            // What has arrived by then, and at last those that are late; none that is still to happen.
            var come = Take(e => e.Arrives < at.Key);
            foreach (var part in come.Chunk(700))
            {
                clock.Now = DateTimeOffset.UnixEpoch.AddTicks(part[^1].Arrives * 10);
                await PushAsync(part);
                if (random.Next(12) == 0) await RestartAsync();
            }
            clock.Now = DateTimeOffset.UnixEpoch.AddTicks(at.Key * 10);
            await PushAsync([.. Take(e => e.Time < at.Key)]);
            foreach (var label in at)
                foreach (var view in catalog.Views)
                {
                    var key = view.Keys.Fields.ToDictionary(k => k.Name, k => label[FlightWindowsTests.SpineColumns.IndexOf(k.Name)]);
                    var row = (await server.GetAsync(new() { Features = [new() { View = view.Name }] }, [key], CancellationToken.None)).Rows[0];
                    for (var i = 0; i < view.Features.Count; i++) served.Add((label[0].AsInt64, $"{view.Name}__{view.Features[i].Name}"), row[i].Value);
                }
        }
        Assert.True(labels.Count == 560 && restarts > 20, $"{labels.Count} labels, {restarts} restarts");
        FlightWindowsTests.Compare(project.Engine, data, (row, name) => served[(row, name)]);

        // And from the log, as a training set.
        using RowsReader spine = new(FlightWindowsTests.SpineColumns, labels);
        RowsKeeper kept = new();
        var columns = new TrainingSetBuilder(project.Engine, project.Tables, clock).Run(new() { Catalog = catalog, Spine = Spine.Of(spine, "the labels"), Features = [.. catalog.Views.Select(v => new FeatureSelection { View = v.Name })], FullNames = true, Writer = kept.For }, null, CancellationToken.None).Columns;
        var trained = kept.Rows.ToDictionary(r => r[0].AsInt64);
        FlightWindowsTests.Compare(project.Engine, data, (row, name) => trained[row][columns.IndexOf(name)]);
        await host.DisposeAsync();
        await project.DisposeAsync();

        List<Event> Take(Func<Event, bool> which)
        {
            List<Event> taken = [.. waiting.Where(which)];
            waiting.RemoveAll(e => which(e));
            return taken;
        }

        async Task PushAsync(Event[] events)
        {
            foreach (var source in events.GroupBy(e => e.Source))
            {
                var answer = await StreamProject.PushAsync(host, source.Key, string.Concat(source.Select(e => e.Json)));
                Assert.True(answer is { Visible: true, Refused: 0 }, string.Join("; ", answer.Reasons));
            }
        }

        async Task RestartAsync()
        {
            restarts++;
            await host.DisposeAsync();
            if (restarts % 2 == 0)
            {
                await project.DisposeAsync();
                project = new(folder.Path, clock, new() { SegmentBytes = 1 << 20 });
                server = new(project.Online, clock, new(), catalog);
            }
            host = await project.StartAsync(catalog);
        }
    }

    static List<Event> Events(IBatchEngine engine, string data, Random random)
    {
        List<Event> events = [];
        foreach (var source in FlightWindowsTests.Catalog(pushed: true).Sources.Values)
        {
            Schema columns = new(source.Columns!);
            var time = columns.IndexOf(source.Stream!.Timestamp!);
            TestEngine.Read(engine, TestEngine.Table(Path.Combine(data, source.Name == "weather" ? "weather.parquet" : "flights.parquet")), columns, (batch, row) =>
            {
                if (batch[time].IsNull(row)) return; // it never arrived
                var at = batch[time].GetValue(row).AsInt64;
                var json = new StringBuilder("{");
                for (var i = 0; i < columns.Count; i++)
                {
                    var value = batch[i].GetValue(row);
                    json.Append(i > 0 ? "," : "").Append('"').Append(columns[i].Name).Append("\":").Append(value.IsNull ? "null" : value.Kind is TypeKind.Float64 ? value.ToString() : $"\"{value}\"");
                }
                events.Add(new(source.Name, at, at + random.NextInt64(2 * Instant.Hour), json.Append("}\n").ToString()));
            });
        }
        return events;
    }
}
