using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Lockstep.Compliance;
using Lockstep.Compliance.Aggregation;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Server;

namespace Lockstep.Cli.Tests;

/// <summary>kill -9 of the program itself: a server under pushes and runs over tables that change, ten times at any instant; then windows are what the plain judge says.</summary>
public sealed class KillTests : IDisposable
{
    const string Definitions = """
        kind: entity
        name: user
        join_keys: { user_id: string }
        ---
        kind: source
        name: clicks
        table: { path: "clicks/*.csv", timestamp: at }
        stream: { push: {} }
        columns: { user_id: string, at: timestamp, price: float64 }
        ---
        kind: aggregation_view
        name: spend
        entity: user
        source: clicks
        features:
          n: { count: "*", windows: [1h, 2d, lifetime] }
          total: { sum: price, windows: [2d, lifetime] }
          spread: { stddev_pop: price, windows: [lifetime] }
          last: { last_n: price, n: 3, windows: [lifetime] }
        ---
        kind: aggregation_view
        name: of_pushes
        entity: user
        source: taps
        features:
          n: { count: "*", windows: [2d, lifetime] }
          total: { sum: price, windows: [lifetime] }
        ---
        kind: source
        name: taps
        stream: { push: {}, timestamp: at }
        columns: { user_id: string, at: timestamp, price: float64 }
        """;

    sealed record Click(string User, long At, double? Price)
    {
        public string Json => string.Create(CultureInfo.InvariantCulture, $$"""{"user_id":"{{User}}","at":"{{Instant.Format(At)}}","price":{{Price?.ToString("R", CultureInfo.InvariantCulture) ?? "null"}}}""");
        public string Csv => string.Create(CultureInfo.InvariantCulture, $"{User},{Instant.Format(At)},{Price:R}\n");
        public NaiveEvent Event => new([Value.Of(User)], At, [Price is { } price ? Value.Of(price) : Value.Null], []);
    }

    sealed record Push(string Source, int Key, Click[] Clicks);

    readonly TempFolder _temp = TempFolder.OfProject("killed", "clicks");
    readonly Random _random = new(5);
    readonly long _begin = Instant.Now(TimeProvider.System);
    readonly SortedDictionary<string, List<Click>> _files = new(StringComparer.Ordinal);
    readonly List<Push> _pushes = [];

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task S7_S15_S25_a_server_and_runs_killed_ten_times_leave_windows_as_table_and_log_say()
    {
        File.WriteAllText(_temp["features/all.yaml"], Definitions);
        PutFile(daysAgo: 5);
        (await new Run { Folder = _temp.Path }.VerbAsync("apply --yes")).Ok();
        Queue<Push> unanswered = [];
        List<Push> claimed = [];
        var finishedRuns = 0;
        for (var round = 0; round < 10; round++)
        {
            PutFile(5 - round / 2);
            using var server = Start("serve", "--port", "0", "--json");
            using HttpClient client = new() { BaseAddress = new(await AddressAsync(server)), Timeout = TimeSpan.FromSeconds(30) };
            await Poll.ReadyAsync(client);
            using var run = Start("materialize");
            // Killed after so many answers: wherever they are then.
            var (answers, killRun) = (_random.Next(20, 120), _random.Next(5, 60));
            var sending = Enumerable.Range(0, 4).Select(_ => SendAsync()).ToArray();
            await Task.WhenAll(sending);
            claimed.ForEach(unanswered.Enqueue);
            claimed.Clear();
            if (_random.Next(3) == 0)
            {
                await run.WaitForExitAsync();
                if (run.ExitCode == 0) finishedRuns++;
            }
            run.Kill();
            server.Kill();
            await server.WaitForExitAsync();
            await run.WaitForExitAsync();

            async Task SendAsync()
            {
                while (true)
                {
                    Push push;
                    lock (_pushes)
                    {
                        if (--answers == 0) server.Kill(); // others are on their way
                        if (answers <= 0) return;
                        if (--killRun == 0) run.Kill();
                        if (killRun % 16 == 8) PutFile(5 - round / 2); // beside the run
                        if (!unanswered.TryDequeue(out push!)) _pushes.Add(push = NewPush());
                    }
                    try
                    {
                        using HttpRequestMessage message = new(HttpMethod.Post, $"/api/v1/sources/{push.Source}/events") { Content = new StringContent(string.Join('\n', push.Clicks.Select(c => c.Json)), Encoding.UTF8, "application/x-ndjson") };
                        message.Headers.Add("Idempotency-Key", $"push {push.Key}");
                        using var response = await client.SendAsync(message);
                        var answer = await response.Content.ReadAsStringAsync();
                        if (response.StatusCode == System.Net.HttpStatusCode.Conflict) // the dead one's claim is not settled yet
                            lock (_pushes) claimed.Add(push);
                        else Assert.True(response.IsSuccessStatusCode, answer);
                    }
                    catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException)
                    {
                        lock (_pushes) unanswered.Enqueue(push); // sent again, with its key, to the next server
                        return;
                    }
                }
            }
        }

        // What was never answered is sent again, at last in this process, under a clock that stands.
        ManualClock clock = new(TimeProvider.System.GetUtcNow().AddMinutes(2)); // the leases of the dead are over
        await using var host = ProjectHost.Open(_temp.Path, null, _ => null, clock);
        var catalog = await host.LoadCatalogAsync(CancellationToken.None);
        await using var streams = host.OpenStreams();
        await streams.UpdateAsync(catalog, CancellationToken.None);
        await streams.StartAsync(CancellationToken.None);
        await streams.TurnAsync(CancellationToken.None);
        var resent = unanswered.Count;
        foreach (var push in unanswered)
        {
            var stream = streams.Find(push.Source);
            var bytes = Encoding.UTF8.GetBytes(string.Join('\n', push.Clicks.Select(c => c.Json)));
            await stream.PushAsync(stream.Decode("push", (decoder, rows, now) => decoder.Lines(bytes, rows, now)), $"push {push.Key}", CancellationToken.None);
        }
        foreach (var stream in streams.Streams) await stream.DrainAsync(CancellationToken.None);
        var report = await host.Materializer.RunAsync(new() { Catalog = catalog }, null, CancellationToken.None);
        Assert.True(report.Succeeded, string.Join("\n", report.Views.Select(v => v.Error?.Message)));
        Assert.True(resent > 0 && _pushes.Count > 200, $"{_pushes.Count} pushes, {resent} without an answer, {finishedRuns} runs finished");

        var end = (await host.Runs.EndsAsync("spend@1.0.0", CancellationToken.None)).Last(e => e.Stands).End;
        Assert.True(end > Instant.Floor(_begin, Instant.Day) - 4 * Instant.Day);
        NaiveEvent[] clicks = [.. _files.Values.SelectMany(f => f).Where(c => c.At < end).Concat(Of("clicks").Where(c => c.At >= end)).Select(c => c.Event)], taps = [.. Of("taps").Select(c => c.Event)];
        var at = Instant.Now(clock);
        var users = clicks.Concat(taps).Select(e => e.Key[0]).Distinct().ToList();
        foreach (var (view, truth) in new[] { ("spend", clicks), ("of_pushes", taps) })
        {
            var rows = (await host.CreateFeatureServer(catalog).GetAsync(new() { Features = [new() { View = view }] }, [.. users.Select(u => new Dictionary<string, Value> { ["user_id"] = u })], CancellationToken.None)).Rows;
            for (var user = 0; user < users.Count; user++)
            {
                var i = 0;
                foreach (var feature in ((AggregationView)catalog.FindView(view)!.View).Features)
                    foreach (var window in feature.Windows)
                    {
                        var expected = NaiveWindows.Compute(truth, [users[user]], at, new(feature.Function, feature.Column is null ? -1 : 0, feature.Column is null ? null : FeatureType.Float64, window) { Parameters = feature.Parameters }).Value;
                        Assert.True(expected == rows[user][i].Value, $"{view} of {users[user]}, {feature.Name} over {window.Name}: {rows[user][i].Value} instead of {expected}");
                        i++;
                    }
            }
        }
        Assert.All((await host.Parity.RunAsync(new() { Catalog = catalog }, null, CancellationToken.None)).Views, v => Assert.Equal(0, v.Different));

        IEnumerable<Click> Of(string source) => _pushes.Where(p => p.Source == source).SelectMany(p => p.Clicks);
    }

    Process Start(params string[] verb)
    {
        var process = Process.Start(new ProcessStartInfo("dotnet", ["exec", typeof(CommandLine).Assembly.Location, .. verb]) { WorkingDirectory = _temp.Path, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        process.BeginErrorReadLine(); // nobody reads it, but the pipe must not fill
        return process;
    }

    static async Task<string> AddressAsync(Process server)
    {
        StringBuilder text = new();
        while (await server.StandardOutput.ReadLineAsync() is { } line)
        {
            text.AppendLine(line);
            if (line == "}" || line.EndsWith('}')) break;
        }
        return (string)JsonNode.Parse(text.ToString())!["url"]!;
    }

    // Rows of the days up to so many ago; what is pushed may be of the same days, and newer.
    Click NewClick(double latestDaysAgo) => new($"u{_random.Next(12)}", _begin - (long)((latestDaysAgo + _random.NextDouble() * 3) * Instant.Day), _random.Next(6) == 0 ? null : _random.Next(1000) * 0.01);

    Push NewPush() => new(_random.Next(3) == 0 ? "taps" : "clicks", _pushes.Count, [.. Enumerable.Range(0, _random.Next(1, 4)).Select(_ => NewClick(_random.Next(4)))]);

    void PutFile(double daysAgo)
    {
        var name = $"f{_random.Next(6)}";
        if (_files.Count > 2 && _files.Remove(name))
        {
            File.Delete(_temp[$"clicks/{name}.csv"]);
            return;
        }
        _files[name] = [.. Enumerable.Range(0, _random.Next(1, 40)).Select(_ => NewClick(Math.Max(0.1, daysAgo)))];
        File.WriteAllText(_temp["new"], "user_id,at,price\n" + string.Concat(_files[name].Select(c => c.Csv)));
        File.Move(_temp["new"], _temp[$"clicks/{name}.csv"], overwrite: true);
    }
}
