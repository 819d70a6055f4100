using System.Diagnostics;
using System.Globalization;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Tests.Materialization;
using Lockstep.Runtime.Tests.OfflineStore;

namespace Lockstep.Runtime.Tests.Streaming;

/// <summary>Files and pushes at random, runs with pushes in their middle, restarts and kills: the store and training sets end up with what the rules say.</summary>
public sealed class StreamRandomTests
{
    const string ChildVariable = "LOCKSTEP_STREAM_FOLDER", Prefix = "stream-child: ";

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public async Task S7_files_change_and_events_come_in_the_middle_of_runs_and_across_restarts(int seed)
    {
        var inTheMiddle = 0;
        for (var history = 0; history < 5; history++)
        {
            var random = new Random(seed * 100 + history);
            using var folder = new TempFolder();
            ManualClock clock = new(new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));
            SortedDictionary<string, List<Seen>> files = new(StringComparer.Ordinal);
            List<Seen> pushed = [];
            await using var project = new StreamProject(folder.Path, clock, new() { TailBytes = random.Next(2) == 0 ? 1 : 1 << 20 }, behind: random.Next(3) == 0 ? null : StreamProject.WhenTold);
            var host = await project.StartAsync();
            try
            {
                Put("f0");
                for (var step = 0; step < 10; step++)
                {
                    switch (random.Next(6))
                    {
                        case 0: Put($"f{random.Next(4)}"); break;
                        case 1 when files.Count > 1:
                            var gone = files.Keys.ElementAt(random.Next(files.Count));
                            files.Remove(gone);
                            project.DeleteFile(gone);
                            break;
                        case 2: await PushAsync(); break;
                        case 3:
                            await host.DisposeAsync();
                            host = await project.StartAsync();
                            break;
                        case 4: await host.Find("both").Writers.Single().FlushAsync(CancellationToken.None); break;
                        default: clock.Advance(TimeSpan.FromSeconds(random.Next(90))); break;
                    }
                    if (random.Next(2) == 0) continue;
                    var steps = new Steps();
                    if (random.Next(3) > 0) steps.At(random.Next(1, 40), async () =>
                    {
                        await PushAsync();
                        inTheMiddle++;
                    });
                    var report = await project.RunAsync(steps: steps);
                    Assert.True(report.Error is null, $"seed {seed}, history {history}, step {step}: {report.Error}");
                    await JudgeAsync($"seed {seed}, history {history}, step {step}, {report.Mode}: {report.Reason}");
                }
                var now = Instant.Now(clock);
                var all = Rows().ToList();
                string[] ids = ["x0", "x1", "x2", "x3"];
                long[] instants = [now - 200 * Instant.Second, now - 5 * Instant.Second, now, now + 60 * Instant.Second];
                var trained = project.Train(StreamProject.BothView, ids, instants);
                var expected = ids.SelectMany(id => instants.Select(at => StreamProject.Expected(all, id, at) is { } e ? (e.A, e.B) : (Value.Null, Value.Null))).ToList();
                Assert.Equal(expected, trained);
            }
            finally
            {
                await host.DisposeAsync();
            }

            IEnumerable<Seen> Rows() => files.Values.SelectMany(r => r).Concat(pushed);

            void Put(string name)
            {
                files[name] = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => Row())];
                project.WriteFile(name, files[name]);
            }

            async Task PushAsync()
            {
                List<Seen> rows = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Row())];
                pushed.AddRange(rows);
                var answer = await StreamProject.PushAsync(host, "both", rows);
                Assert.Equal((rows.Count, true), ((int)answer.Accepted, answer.Visible));
            }

            Seen Row() => new($"x{random.Next(4)}", Instant.Floor(Instant.Now(clock), Instant.Second) + random.Next(4) switch
            {
                0 => -random.Next(1, 300) * Instant.Second,
                1 => -ValueCell.Grace + random.Next(-1, 2),
                2 => random.Next(-3, 4) * Instant.Second,
                _ => random.Next(1, 100) * Instant.Second,
            }, random.Next(2) == 0 ? null : random.Next(3), random.Next(3) == 0 ? null : random.Next(3), random.Next(3) == 0 ? null : "b" + random.Next(2));

            Task JudgeAsync(string where)
            {
                var now = Instant.Now(clock);
                return project.JudgeAsync(StreamProject.BothView, [.. Rows()], ["x0", "x1", "x2", "x3"], [now - ValueCell.Grace, now - 1, now, now + 2 * Instant.Second, now + 600 * Instant.Second], where);
            }
        }
        Assert.True(inTheMiddle > 0, $"{inTheMiddle} pushes in the middle of a run");
    }

    [Fact]
    public async Task S7_S15_killed_at_any_instant_ten_times_every_acknowledged_event_is_there_once()
    {
        using var folder = new TempFolder();
        var random = new Random(9);
        HashSet<int> acknowledged = [];
        for (var round = 0; round < 10; round++)
        {
            using var child = Process.Start(new ProcessStartInfo("dotnet", [typeof(StreamRandomTests).Assembly.Location, "-explicit", "only", "-method", $"{typeof(StreamRandomTests).FullName}.{nameof(Child_that_pushes)}"])
            {
                Environment = { [ChildVariable] = $"{folder.Path}|{round * 1_000_000}" },
                RedirectStandardOutput = true,
                UseShellExecute = false,
            })!;
            var wanted = random.Next(5, 60);
            while (wanted > 0 && await child.StandardOutput.ReadLineAsync() is { } line)
            {
                var at = line.IndexOf(Prefix, StringComparison.Ordinal);
                if (at < 0) continue;
                acknowledged.Add(int.Parse(line.AsSpan(at + Prefix.Length), CultureInfo.InvariantCulture));
                wanted--;
            }
            child.Kill();
            while (await child.StandardOutput.ReadLineAsync() is { } rest) // what it said before it died was acknowledged, too
                if (rest.IndexOf(Prefix, StringComparison.Ordinal) is >= 0 and var said && int.TryParse(rest.AsSpan(said + Prefix.Length), CultureInfo.InvariantCulture, out var number)) acknowledged.Add(number);
            await child.WaitForExitAsync();
        }
        await using var project = new StreamProject(folder.Path, TimeProvider.System);
        await using var host = await project.StartAsync();
        await host.TurnAsync(CancellationToken.None);
        await host.Find("pushed").DrainAsync(CancellationToken.None);
        var log = host.Find("pushed").Log;
        using var reader = project.Engine.Scan(new() { Table = log.Look(CancellationToken.None).Input(), Columns = [new("id", new("id", FeatureType.String)), new("a", new("a", FeatureType.Float64))] }, CancellationToken.None);
        var batch = new ColumnBatch(reader.Schema);
        List<(string Id, double A)> logged = [];
        while (reader.Read(batch, CancellationToken.None))
            for (var row = 0; row < batch.Count; row++) logged.Add((batch[0].GetValue(row).AsString, batch[1].GetValue(row).AsFloat64));
        Assert.Equal(logged.Count, logged.Distinct().Count());
        Assert.True(acknowledged.Count > 100 && acknowledged.IsSubsetOf(logged.Select(l => (int)l.A)), $"{acknowledged.Count} acknowledged, {logged.Count} logged");
        // Each push has a later instant than the one before: online is the last logged of each key.
        foreach (var key in logged.GroupBy(l => l.Id))
            Assert.Equal(Value.Of((float)key.Max(l => l.A)), (await project.GetAsync(StreamProject.PushedView, key.Key, Instant.Now(TimeProvider.System)))!.Value.A);
    }

    /// <summary>Not a test: the program that the one above kills.</summary>
    [Fact(Explicit = true)]
    public async Task Child_that_pushes()
    {
        var given = Environment.GetEnvironmentVariable(ChildVariable)?.Split('|') ?? throw new InvalidOperationException($"{ChildVariable} is not set.");
        await using var project = new StreamProject(given[0], TimeProvider.System, new() { SegmentBytes = 2_000, SegmentAge = TimeSpan.FromMilliseconds(50), TailBytes = 500 });
        await using var host = await project.StartAsync();
        for (var number = int.Parse(given[1], CultureInfo.InvariantCulture) + 1; ; number++)
        {
            await StreamProject.PushAsync(host, "pushed", [new($"k{number % 7}", number * Instant.Millisecond, null, number, null)]);
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number}"));
            Console.Out.Flush();
        }
    }
}
