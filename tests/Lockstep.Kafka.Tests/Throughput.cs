using System.Diagnostics;
using System.Globalization;
using Lockstep.Compliance;
using Lockstep.Core.Rows;

namespace Lockstep.Kafka.Tests;

/// <summary>
/// Not tests: measurements, to be asked for by name, of a Release build
/// (<c>artifacts/bin/Lockstep.Kafka.Tests/release/Lockstep.Kafka.Tests -explicit only -showliveoutput</c>).
/// </summary>
public sealed class Throughput(SharedBroker shared, ITestOutputHelper output) : IClassFixture<SharedBroker>
{
    // With the project's own: three aggregation views of four windows each, and a value view.
    const string Views = """
        ---
        kind: aggregation_view
        name: prices
        entity: user
        source: clicks
        features: { least: { min: price, windows: [1h, 1d, 7d, 30d] }, most: { max: price, windows: [1h, 1d, 7d, 30d] } }
        ---
        kind: aggregation_view
        name: amounts
        entity: user
        source: clicks
        features: { total: { sum: price, windows: [1h, 1d, 7d, 30d] }, mean: { avg: price, windows: [1h, 1d, 7d, 30d] } }
        """;

    const int Users = 100_000;

    [Fact(Explicit = true)]
    public async Task How_quick_a_topic_is_read()
    {
        const int Events = 1_000_000;
        var broker = await shared.GetAsync();
        await broker.CreateAsync("speed");
        await using var project = await ShopProject.CreateAsync(broker.Servers, "speed", features: Views);
        using var producer = new Clicks(broker.Servers);
        for (var i = 0; i < 20; i++) await producer.SendAsync("speed", Click.Random(i, Events / 20, Users, i * Events / 20));
        var (watch, cpu) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        await using var streams = await project.StreamAsync();
        var feed = streams.Find("clicks");
        await Poll.UntilAsync("all events in the log", () => feed.Counters.Accepted, n => n >= Events);
        Tell("logged", Events, watch, cpu);
        await feed.DrainAsync(CancellationToken.None);
        Tell("online in four views", Events, watch, cpu);

        // Ten thousand a second, and how long each hundredth of a second's last event takes to be seen.
        List<double> seconds = [];
        var random = new Random(1);
        using PeriodicTimer pace = new(TimeSpan.FromMilliseconds(100));
        (watch, cpu) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        for (var round = 0; round < 200; round++)
        {
            var marker = new Click(1_000_000 + round, Instant.Now(TimeProvider.System) - 1, "marker", 1);
            var sent = Stopwatch.StartNew();
            await producer.SendAsync("speed", [.. Enumerable.Range(0, 999).Select(i => new Click(random.Next(Users), Instant.Now(TimeProvider.System) - i, "p", 1)), marker]);
            var acknowledged = sent.Elapsed;
            while ((await project.ServedAsync([marker.User]))[0] is not { Page: "marker", Clicks: 1 }) await Task.Delay(1); // how long a reader who looks all the time has to wait is what is measured
            seconds.Add((sent.Elapsed - acknowledged).TotalMilliseconds);
            await pace.WaitForNextTickAsync();
        }
        seconds.Sort();
        Tell("at a steady rate", 200_000, watch, cpu);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"visible after the broker has it: p50 {seconds[100]:0.0} ms, p99 {seconds[198]:0.0} ms, worst {seconds[^1]:0.0} ms"));
    }

    void Tell(string what, int events, Stopwatch watch, TimeSpan cpu) => output.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{what}: {events / watch.Elapsed.TotalSeconds:N0}/s, {(Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / events:0.0} µs of CPU an event, {Environment.WorkingSet / 1e6:N0} MB"));
}
