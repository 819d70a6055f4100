using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Lockstep.Compliance;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Streaming.Log;
using Lockstep.Server;
using EventLog = Lockstep.Runtime.Streaming.Log.EventLog;

namespace Lockstep.Cli.Tests.Verbs;

/// <summary>Files as a stream beside a table, read by a process of its own that is killed.</summary>
public sealed class FileStreamTests : IDisposable
{
    const string Definitions = """
        kind: entity
        name: user
        join_keys: { user_id: int64 }
        ---
        kind: source
        name: clicks
        table: { path: data/*.csv, timestamp: at }
        stream: { files: { path: in/*.jsonl } }
        columns: { user_id: int64, at: timestamp, price: int64, number: int64 }
        ---
        kind: aggregation_view
        name: spend
        entity: user
        source: clicks
        features:
          clicks: { count: "*", windows: [lifetime] }
          total: { sum: price, windows: [30d] }
        ---
        kind: value_view
        name: last_click
        entity: user
        source: clicks
        features: { price: int64, number: int64 }
        """;

    sealed record Click(int User, long At, long Price, int Number);

    readonly TempFolder _temp = TempFolder.OfProject("clicks", "data", "in");
    readonly Run _run;
    readonly Random _random = new(5);
    readonly long _today = Instant.Floor(Instant.Now(TimeProvider.System), Instant.Day);
    readonly List<Click> _sent = [], _table = [];
    readonly StringBuilder _waiting = new(); // lines, and the beginning of one, that are not written yet

    public FileStreamTests()
    {
        _run = new Run { Folder = _temp.Path };
        File.WriteAllText(_temp["features/clicks.yaml"], Definitions);
    }

    public void Dispose() => _temp.Dispose();

    Click NewClick(int fromDay) => new(_random.Next(4), _today - _random.NextInt64(-fromDay * Instant.Day), _random.Next(1_000), _sent.Count);

    void WriteTable(string name, IEnumerable<Click> rows)
    {
        var all = rows.ToList();
        _table.AddRange(all);
        File.WriteAllText(_temp["data/.new"], "user_id,at,price,number\n" + string.Concat(all.Select(c => FormattableString.Invariant($"{c.User},{Instant.Format(c.At)},{c.Price},{c.Number}\n"))));
        File.Move(_temp["data/.new"], _temp[$"data/{name}.csv"]);
    }

    /// <summary>Some more bytes of the stream, cut anywhere; now and then the file is rotated.</summary>
    void WriteSome()
    {
        for (var clicks = _random.Next(8); clicks > 0; clicks--)
        {
            var click = NewClick(-6);
            _sent.Add(click);
            _waiting.Append(CultureInfo.InvariantCulture, $"{{\"user_id\":{click.User},\"at\":\"{Instant.Format(click.At)}\",\"price\":{click.Price},\"number\":{click.Number}}}\n");
            if (_random.Next(20) == 0) _waiting.Append("no event\n");
        }
        var cut = _random.Next(_waiting.Length + 1);
        File.AppendAllText(_temp["in/clicks.jsonl"], _waiting.ToString(0, cut));
        _waiting.Remove(0, cut);
        if (_random.Next(12) == 0 && File.ReadAllText(_temp["in/clicks.jsonl"]).EndsWith('\n')) File.Move(_temp["in/clicks.jsonl"], _temp[FormattableString.Invariant($"in/clicks-{_sent.Count}.jsonl")]);
    }

    Process StartStream()
    {
        var tests = typeof(FileStreamTests).Assembly.Location;
        return Process.Start(new ProcessStartInfo("dotnet",
            ["exec", "--runtimeconfig", Path.ChangeExtension(tests, ".runtimeconfig.json"), "--depsfile", Path.ChangeExtension(tests, ".deps.json"), typeof(CommandLine).Assembly.Location, "stream", "run", "--project", _temp.Path])
        { RedirectStandardError = true, RedirectStandardOutput = true })!;
    }

    static List<int> Logged(EventLog log) => [.. log.Look(CancellationToken.None).Read(LogPartitions.Files, -1, 1_000, CancellationToken.None).SelectMany(b => Enumerable.Range(0, b.Rows.Count).Select(i => (int)b.Rows[3].GetValue(i).AsInt64))];

    /// <summary>Waits for so many events of the log, of which the process that writes them tells nobody.</summary>
    static async Task LoggedAsync(EventLog log, int count, Process child, Action<int>? between = null)
    {
        await Poll.UntilAsync($"{count} events in the log", () =>
        {
            var logged = Logged(log).Count;
            if (logged < count) between?.Invoke(logged);
            return logged;
        }, n => n >= count || child.HasExited);
        Assert.False(child.HasExited, "the stream ended by itself");
    }

    [Fact]
    public async Task S7_S15_S25_killed_at_any_instant_ten_times_each_event_counts_once_beside_a_table_whose_end_moves()
    {
        WriteTable("old", Enumerable.Range(0, 20).Select(i => new Click(i % 4, _today - 5 * Instant.Day + i * Instant.Hour / 2, 10_000 + i, -1)));
        (await _run.VerbAsync("apply --yes")).Ok();
        await using var host = ProjectHost.Open(_temp.Path, null, static _ => null, TimeProvider.System);
        var log = host.OfflineStore.Logs.Of((await host.LoadCatalogAsync(CancellationToken.None)).Sources["clicks"]);
        for (var round = 0; round < 10; round++)
        {
            using var child = StartStream();
            _ = child.StandardError.ReadToEndAsync();
            await LoggedAsync(log, Logged(log).Count + _random.Next(1, 200), child, logged =>
            {
                if (_sent.Count - logged < 500) WriteSome();
            });
            if (round == 5)
            {
                // What the stream has brought so far stands in the table one day, with other prices; the end moves to yesterday.
                WriteTable("caught-up", [.. _sent.Where(c => c.At < _today - Instant.Day).Select(c => c with { Price = c.Price + 5_000 }), new(0, _today - Instant.Day + 1, 7, -2)]);
                (await _run.VerbAsync("materialize")).Ok();
            }
            child.Kill(); // SIGKILL
            await child.WaitForExitAsync();
        }
        File.AppendAllText(_temp["in/clicks.jsonl"], _waiting.ToString());
        using var stop = new CancellationTokenSource();
        var last = new Run { Folder = _temp.Path, Token = stop.Token }.VerbAsync("stream run");
        await Poll.UntilAsync("all events in the log", () => Logged(log).Count, n => n >= _sent.Count || last.IsCompleted);
        (await _run.VerbAsync("materialize")).Ok();
        for (var user = 0; user < 4; user++)
            await Poll.UntilAsync($"all events of user {user} online", () => ServedAsync(user), served => Expected(user, _today - Instant.Day).SequenceEqual(served) || last.IsCompleted, served => string.Join(", ", served));
        await stop.CancelAsync();
        Assert.Contains("Streaming clicks.", (await last).Ok().Error, StringComparison.Ordinal);

        Assert.Equal(Enumerable.Range(0, _sent.Count), Logged(log).Order());
        var end = _today - Instant.Day;
        Assert.Equal(end, (await host.Runs.EndsAsync("spend@1.0.0", CancellationToken.None))[^1].End);
        File.WriteAllText(_temp["labels.csv"], "user_id,event_timestamp\n" + string.Concat(Enumerable.Range(0, 4).Select(u => FormattableString.Invariant($"{u},{Instant.Format(Instant.Now(TimeProvider.System))}\n"))));
        (await _run.VerbAsync("training-set --spine labels.csv --features spend:*,last_click:* --out train.jsonl")).Ok();
        var trained = File.ReadAllLines(_temp["train.jsonl"]).Select(l => JsonNode.Parse(l)!).ToList();
        for (var user = 0; user < 4; user++)
        {
            var expected = Expected(user, end);
            Assert.Equal(expected, await ServedAsync(user));
            Assert.Equal(expected, new[] { "clicks_lifetime", "total_30d", "price", "number" }.Select(n => (long?)trained[user][n]));
        }
        (await _run.VerbAsync("verify")).Ok();
    }

    async Task<List<long?>> ServedAsync(int user)
        => [.. (await _run.VerbAsync($"get --features spend:*,last_click:* user_id={user} --json")).Ok().Json["rows"]![0]!["values"]!.AsArray().Select(v => (long?)v)];

    /// <summary>S25 for the windows; S5 and S6 over everything for the newest row.</summary>
    List<long?> Expected(int user, long end)
    {
        var windows = _table.Where(c => c.At < end).Concat(_sent.Where(c => c.At >= end)).Where(c => c.User == user).ToList();
        var newest = _table.Concat(_sent).Where(c => c.User == user).OrderBy(c => c.At).ThenBy(c => c.Price).ThenBy(c => c.Number).Last();
        return [windows.Count, windows.Sum(c => c.Price), newest.Price, newest.Number];
    }

    [Fact]
    public async Task What_cannot_be_told_waits_for_a_choice_that_the_command_line_takes()
    {
        WriteTable("old", [new(1, _today - Instant.Day, 1, -1)]);
        (await _run.VerbAsync("apply --yes")).Ok();
        File.WriteAllText(_temp["in/a.jsonl"], "{\"user_id\":1,\"at\":\"2026-01-05\",\"price\":1,\"number\":0}\n");
        await StreamUntilAsync(1);
        File.WriteAllText(_temp["in/a.jsonl"], "{\"user_id\":1,\"at\":\"2026-01-06\",\"price\":2,\"number\":1}\n");
        Assert.Contains("in/a.jsonl does not begin with the 53 bytes that were read of it: it was replaced. Choose, with the stream stopped: lockstep stream reset clicks --to \"again in/a.jsonl\"", (await StreamUntilAsync(null)).Error, StringComparison.Ordinal);
        Assert.Contains("in/a.jsonl is read from its beginning.", (await _run.VerbAsync("stream", "reset", "clicks", "--to", "again in/a.jsonl")).Ok().Error, StringComparison.Ordinal);
        await StreamUntilAsync(2);
    }

    [Fact]
    public async Task What_is_refused_is_told_with_its_place_and_reason_and_where_it_is_kept()
    {
        WriteTable("old", [new(1, _today - Instant.Day, 1, -1)]);
        (await _run.VerbAsync("apply --yes")).Ok();
        File.WriteAllText(_temp["in/a.jsonl"], "{\"user_id\":1,\"at\":\"2026-01-05\",\"price\":1,\"number\":0}\n{\"user_id\":1,\"at\":\"2026-01-05\",\"price\":1.5,\"number\":1}\n");
        Assert.Contains($"warning: clicks: refused: in/a.jsonl, line 2: column 'price': 1.5 does not convert to int64 without loss (kept, like all that are refused, in {_temp["data/offline/events/clicks.refused"]})", (await StreamUntilAsync(null)).Error, StringComparison.Ordinal);
    }

    /// <summary>Streams until the log holds so many events, or, without a number, until something is told.</summary>
    async Task<RunResult> StreamUntilAsync(int? events)
    {
        using var child = StartStream();
        if (events is null)
        {
            Lines told = new();
            child.ErrorDataReceived += (_, line) => told.Add(line.Data ?? "");
            child.BeginErrorReadLine();
            await told.HearAsync("warning");
            child.Kill();
            return new(0, "", told.Text);
        }
        await using var host = ProjectHost.Open(_temp.Path, null, static _ => null, TimeProvider.System);
        var log = host.OfflineStore.Logs.Of((await host.LoadCatalogAsync(CancellationToken.None)).Sources["clicks"]);
        await LoggedAsync(log, events.Value, child);
        child.Kill();
        await child.WaitForExitAsync();
        return new(0, "", "");
    }
}
