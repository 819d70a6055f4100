using Lockstep.Compliance;

namespace Lockstep.Cli.Tests.Verbs;

/// <summary>Events by the command line: sent from files, served, trained on.</summary>
public sealed class PushTests : IDisposable
{
    readonly TempFolder _temp = TempFolder.OfProject("clicks");
    readonly Run _run;

    public PushTests()
    {
        _run = new Run { Folder = _temp.Path };
        File.WriteAllText(_temp["features/clicks.yaml"], """
            kind: entity
            name: user
            join_keys: { user_id: string }
            ---
            kind: source
            name: clicks
            stream: { push: {}, timestamp: at }
            columns: { user_id: string, at: timestamp, page: string, price: float64, tags: list<string>, raw: bytes }
            ---
            kind: value_view
            name: last_click
            entity: user
            source: clicks
            features: { page: string, price: float32, tags: list<string>, raw: bytes }
            """);
        _run.VerbAsync("apply --yes").GetAwaiter().GetResult().Ok();
    }

    public void Dispose() => _temp.Dispose();

    [Theory, InlineData("csv"), InlineData("jsonl"), InlineData("json"), InlineData("parquet")]
    public async Task S18_the_same_events_in_any_format_are_the_same(string format)
    {
        File.WriteAllText(_temp["a.jsonl"], """
            {"user_id":"007","at":"2026-01-05T09:00:00Z","page":"home","price":0.1,"tags":["x",null],"raw":"AAE="}
            {"user_id":"007","at":"2026-01-05T10:00:00.000001Z","page":"","price":null,"tags":[],"raw":""}
            {"user_id":"8","at":"2026-01-05T10:00:00Z","page":null,"price":1e300,"tags":null,"raw":null}
            """);
        // Any table of keys, timestamps and other columns is a spine: so one becomes the other.
        File.WriteAllText(_temp["empty.jsonl"], "{\"user_id\":\"x\",\"at\":\"2026-01-01T00:00:00Z\"}\n");
        (await _run.VerbAsync("push clicks empty.jsonl")).Ok();
        var file = format == "jsonl" ? "a.jsonl" : $"b.{format}";
        if (format != "jsonl") (await _run.VerbAsync($"training-set --spine a.jsonl --timestamp at --features last_click:page --full-names --out {file}")).Ok();
        var run = (await _run.VerbAsync($"push clicks {file}")).Ok();
        Assert.Contains("3 events logged and online, 0 refused", run.Error, StringComparison.Ordinal);
        var json = (await _run.VerbAsync("get --features last_click:* user_id=007 --json")).Ok().Json["rows"]![0]!;
        Assert.Equal("""["",null,[],""]""", json["values"]!.ToJsonString());
        Assert.Equal("2026-01-05T10:00:00.000001Z", (string)json["event_timestamps"]![0]!);
        json = (await _run.VerbAsync("get --features last_click:* user_id=007 --at 2026-01-05T10:00:00Z --json")).Ok().Json["rows"]![0]!;
        var raw = format == "parquet" ? "QUFFPQ==" : "AAE="; // there the column is text by its type, and text becomes bytes as it is
        Assert.Equal($"""["home",0.1,["x",null],"{raw}"]""", json["values"]!.ToJsonString());
        json = (await _run.VerbAsync("get --features last_click:price user_id=8 --json")).Ok().Json["rows"]![0]!;
        Assert.Equal("""[null]""", json["values"]!.ToJsonString()); // beyond float32
    }

    [Fact]
    public async Task What_is_refused_is_said_with_its_row_and_fails_the_verb()
    {
        File.WriteAllText(_temp["a.csv"], "user_id,at,price,colour\n1,2026-01-05T09:00:00Z,1.5,red\n2,yesterday,1.5,red\n,2026-01-05T09:00:00Z,1,\n");
        var run = await _run.VerbAsync("push clicks a.csv");
        Assert.Equal(ExitCode.Failed, run.Code);
        Assert.Contains("event 2: column 'at': 'yesterday' does not convert to timestamp without loss", run.Error, StringComparison.Ordinal);
        Assert.Contains("event 3: there is no 'user_id': an event needs its key", run.Error, StringComparison.Ordinal);
        Assert.Contains("has no column 'colour'", run.Error, StringComparison.Ordinal);
        Assert.Contains("1 event logged and online, 2 refused", run.Error, StringComparison.Ordinal);
        var json = (await _run.VerbAsync("push clicks a.csv --json")).Json;
        Assert.Equal((1, 2, 3), ((int)json["accepted"]!, (int)json["refused"]!, (int)json["refused_events"]![1]!["row"]!));
    }

    [Fact]
    public async Task S15_a_file_sent_again_under_its_key_changes_nothing()
    {
        File.WriteAllText(_temp["a.json"], """[{"user_id":"1","at":"2026-01-05T09:00:00Z"}]""");
        (await _run.VerbAsync("push clicks a.json --key day-5")).Ok();
        var again = (await _run.VerbAsync("push clicks a.json --key day-5")).Ok();
        Assert.Contains("sent before under this key", again.Error, StringComparison.Ordinal);
    }

    /// <summary>Under a key all of a file is logged, or nothing: what is said to do instead would log a part of it twice.</summary>
    [Fact]
    public async Task S15_a_file_too_large_for_its_key_is_refused_before_any_of_it_is_logged()
    {
        File.WriteAllLines(_temp["a.csv"], [.. Enumerable.Range(0, 8_193).Select(i => i == 0 ? "user_id,at" : "1,2026-01-05T09:00:00Z")]);
        (await _run.VerbAsync("push clicks a.csv --key day-5")).Ok();
        File.AppendAllText(_temp["a.csv"], "1,2026-01-05T09:00:00Z\n");
        var run = await _run.VerbAsync("push clicks a.csv --key day-6");
        Assert.Equal(ExitCode.BadArguments, run.Code);
        Assert.Contains("'a.csv' is too large to be logged in one piece", run.Error, StringComparison.Ordinal);
        Assert.Equal(8_192 + 8_193 - 1, (int)(await _run.VerbAsync("push clicks a.csv --json")).Ok().Json["log"]!["place"]!);
    }

    [Fact]
    public async Task Of_a_file_that_cannot_be_read_to_its_end_it_is_said_what_was_logged()
    {
        using (var zip = new System.IO.Compression.GZipStream(File.Create(_temp["a.csv.gz"]), System.IO.Compression.CompressionLevel.NoCompression))
            zip.Write(System.Text.Encoding.ASCII.GetBytes("user_id,at\n" + string.Concat(Enumerable.Repeat("1,2026-01-05T09:00:00Z\n", 20_000))));
        var bytes = await File.ReadAllBytesAsync(_temp["a.csv.gz"]);
        await File.WriteAllBytesAsync(_temp["a.csv.gz"], bytes[..(bytes.Length - 1_000)]);
        var run = await _run.VerbAsync("push clicks a.csv.gz");
        Assert.Equal(ExitCode.Failed, run.Code);
        Assert.Contains("are in the log already: send what follows them", run.Error, StringComparison.Ordinal);
    }

    // Events of the 5th are in both; that of the 6th moves the end (S25). One in the log lies before the end, so it never counts.
    [Theory, InlineData(""), InlineData(" --as-known")]
    public async Task S19_the_proof_keeps_a_table_and_its_log_apart(string asKnown)
    {
        File.WriteAllText(_temp["features/visits.yaml"], """
            kind: source
            name: visits
            table: { path: visits.csv, timestamp: at, created: loaded }
            stream: { push: {} }
            columns: { user_id: string, at: timestamp, loaded: timestamp, price: float64 }
            ---
            kind: aggregation_view
            name: visits
            entity: user
            source: visits
            features: { n: { count: "*", windows: [1h, 30d] }, spent: { sum: price, windows: [30d] } }
            ---
            kind: value_view
            name: last_visit
            entity: user
            source: visits
            features: { price: float64 }
            """);
        File.WriteAllText(_temp["visits.csv"], """
            user_id,at,loaded,price
            1,2026-01-05T09:00:00Z,2026-01-05T10:00:00Z,0.1
            2,2026-01-05T10:00:00Z,2026-01-05T10:00:00Z,0.2
            1,2026-01-06T08:00:00Z,2026-01-06T08:00:00Z,0.3

            """);
        (await _run.VerbAsync("apply --yes")).Ok();
        File.WriteAllText(_temp["a.csv"], """
            user_id,at,price
            1,2026-01-05T09:00:00Z,0.1
            2,2026-01-05T10:00:00Z,0.2
            2,2026-01-05T10:30:00Z,7
            1,2026-01-06T08:00:00Z,0.3
            1,2026-01-06T09:00:00Z,0.4

            """);
        (await _run.VerbAsync("push visits a.csv")).Ok();
        var now = DateTime.UtcNow.AddMinutes(1).ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture);
        File.WriteAllText(_temp["spine.csv"], $"user_id,event_timestamp\n1,2026-01-05T09:30:00Z\n2,2026-01-05T11:00:00Z\n1,2026-01-06T09:00:00Z\n1,2026-01-06T09:00:01Z\n2,2026-01-06T11:00:00Z\n1,{now}\n");
        var line = $"training-set --spine spine.csv --features visits:*,last_visit:price{asKnown}";
        var run = (await _run.VerbAsync($"{line} --prove --cuts 6")).Ok();
        Assert.Contains("Nothing after a row's own instant changed the row (S19).", run.Out, StringComparison.Ordinal);
        (await _run.VerbAsync($"{line} --out t.csv")).Ok();
        if (asKnown.Length == 0)
            Assert.Equal(["1,1,0.1", "1,1,0.2", "1,2,0.4", "2,3,0.8", "0,1,0.2"], File.ReadAllLines(_temp["t.csv"])[1..6].Select(l => string.Join(',', l.Split(',')[2..5])));
    }

    [Theory]
    [InlineData("push clikcs a.json", ExitCode.NotFound, "Did you mean 'clicks'?")]
    [InlineData("push clicks b.json", ExitCode.NotFound, "There is no file 'b.json'.")]
    [InlineData("push clicks a.txt", ExitCode.BadArguments, "The format of 'a.txt' is not clear")]
    [InlineData("push clicks other.csv", ExitCode.BadArguments, "has no column of source 'clicks'. Its columns: x, y; the source's: user_id")]
    [InlineData("stream stop", ExitCode.BadArguments, "Write: lockstep stream run")]
    public async Task Mistakes_say_what_would_be_right(string line, int code, string says)
    {
        File.WriteAllText(_temp["a.json"], "[]");
        File.WriteAllText(_temp["a.txt"], "");
        File.WriteAllText(_temp["other.csv"], "x,y\n1,2\n");
        var run = await _run.VerbAsync(line);
        Assert.Equal(code, run.Code);
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_run_brings_online_what_a_process_that_ended_has_left()
    {
        File.WriteAllText(_temp["a.json"], """[{"user_id":"1","at":"2026-01-05T09:00:00Z","page":"left"}]""");
        (await _run.VerbAsync("push clicks a.json")).Ok();
        File.Delete(_temp["data/online.db"]); // as if it had ended before
        File.Delete(_temp["data/online.db-wal"]);
        File.Delete(_temp["data/online.db-shm"]);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var running = new Run { Folder = _temp.Path, Token = stop.Token }.VerbAsync("stream run");
        await Poll.UntilAsync("what was left", () => _run.VerbAsync("get --features last_click:page user_id=1 --json"), r => r.Out.Contains("\"left\"", StringComparison.Ordinal));
        await stop.CancelAsync();
        var run = await running;
        Assert.Equal(ExitCode.Done, run.Code);
        Assert.Contains("Streaming clicks.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_run_goes_on_beside_a_partition_that_cannot_be_read()
    {
        File.WriteAllText(_temp["a.json"], """[{"user_id":"1","at":"2026-01-05T09:00:00Z","page":"left"}]""");
        (await _run.VerbAsync("push clicks a.json")).Ok();
        var segment = Directory.GetFiles(_temp["data/offline/events/clicks/_segments/0000000000"], "*.seg").Single();
        var bytes = await File.ReadAllBytesAsync(segment);
        var head = 16 + BitConverter.ToInt32(bytes, 12) + 8;
        byte[] damaged = [.. bytes, .. bytes[head..]];
        damaged[head + 60] ^= 1;
        await File.WriteAllBytesAsync(segment, damaged);
        Assert.Equal(1, (int)(await _run.VerbAsync("push clicks a.json --json")).Ok().Json["log"]!["partition"]!);
        foreach (var file in Directory.GetFiles(_temp["data"], "online.db*")) File.Delete(file);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var running = new Run { Folder = _temp.Path, Token = stop.Token }.VerbAsync("stream run");
        await Poll.UntilAsync("what was left", () => Task.WhenAny(running, _run.VerbAsync("get --features last_click:page user_id=1 --json")).Unwrap(), r => r.Out.Contains("\"left\"", StringComparison.Ordinal) || running.IsCompleted);
        await stop.CancelAsync();
        var run = await running;
        Assert.Equal(ExitCode.Done, run.Code);
        Assert.Contains("Stopped.", run.Error, StringComparison.Ordinal);
    }
}
