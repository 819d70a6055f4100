using System.Globalization;
using Lockstep.Compliance;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Streaming;
using Lockstep.Runtime.Streaming.Log;
using Lockstep.Runtime.Streaming.Readers;
using Lockstep.Runtime.Streaming.Readers.Files;
using Lockstep.Runtime.Tests.OfflineStore;

namespace Lockstep.Runtime.Tests.Streaming;

/// <summary>Files of a folder as a stream, turn by turn.</summary>
public sealed class FolderReaderTests : IDisposable
{
    static readonly CancellationToken None = CancellationToken.None;

    readonly TempFolder _folder = new();
    readonly ManualClock _clock = new(new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));
    readonly List<string> _told = [];

    public FolderReaderTests() => Directory.CreateDirectory(Path.Combine(_folder.Path, "in"));

    public void Dispose() => _folder.Dispose();

    long Now => Instant.Now(_clock);

    Seen Event(int i, string key = "x") => new(key, Now - 1000 + i, null, i, $"v{i}");
    string Lines(params int[] numbers) => StreamProject.Lines(numbers.Select(i => Event(i)));
    string PathOf(string name) => Path.Combine(_folder.Path, "in", name);
    void Write(string name, string text) => File.WriteAllText(PathOf(name), text);
    void Append(string name, string text) => File.AppendAllText(PathOf(name), text);

    /// <summary>A process that reads the folder; leaving it without disposal is what a kill leaves.</summary>
    sealed class Reading(StreamProject project, StreamHost host, SourceFeed feed, LogWriter writer, FolderReader.Folder folder, ReaderStatus status) : IAsyncDisposable
    {
        public SourceFeed Feed => feed;
        public FolderReader.Folder Folder => folder;
        public ReaderStatus Status => status;
        public LogWriter Writer => writer;

        public Task TurnAsync() => folder.TurnAsync(status, None);

        /// <summary>The numbers of the events in the log, in the order of their places.</summary>
        public List<double> Logged() => [.. feed.Log.Look(None).Read(LogPartitions.Files, -1, 1000, None).SelectMany(b => Enumerable.Range(0, b.Rows.Count).Select(i => b.Rows[3].GetValue(i).AsFloat64))];

        public Task<List<string>> RefusedAsync(string column) => project.RefusedAsync(host, feed.Source.Name, column);

        public async ValueTask DisposeAsync()
        {
            await feed.RemoveAsync(writer);
            await host.DisposeAsync();
        }
    }

    async Task<Reading> OpenAsync(StreamProject project, string path = "in/*.jsonl", TimeProvider? clock = null)
    {
        var source = StreamProject.Pushed with { Stream = new FileStreamSource(path) { Timestamp = "ts", Created = "made" } };
        project.Context = project.Context with { Reader = feed => null };
        var host = new StreamHost(project.Context);
        await host.UpdateAsync(new(1, [], [source], [StreamProject.PushedView], []), None);
        var feed = host.Find("pushed");
        var reader = new FolderReader(feed, project.Engine, _folder.Path, clock ?? _clock, (s, text) => _told.Add(text));
        var writer = (await feed.TryTakeAsync(LogPartitions.Files, None))!;
        return new(project, host, feed, writer, reader.Open(writer), new("pushed"));
    }

    async Task<IReadOnlyList<string>> ChooseAsync(StreamProject project, string to, string path = "in/*.jsonl")
    {
        var source = StreamProject.Pushed with { Stream = new FileStreamSource(path) { Timestamp = "ts", Created = "made" } };
        await using var host = new StreamHost(project.Context);
        await host.UpdateAsync(new(1, [], [source], [StreamProject.PushedView], []), None);
        return await new FolderReader(host.Find("pushed"), project.Engine, _folder.Path, _clock).ResetAsync(to, None);
    }

    [Fact]
    public async Task S15_lines_are_taken_when_they_are_ended_and_each_once_over_restarts()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        await using (var reading = await OpenAsync(project))
        {
            await reading.TurnAsync();
            Write("a.jsonl", Lines(1, 2) + Lines(3)[..10]);
            Write("b.jsonl", "\uFEFF" + Lines(10) + "\n  \n" + Lines(11));
            Write("c.txt", Lines(99));
            await reading.TurnAsync();
            Assert.Equal([1, 2, 10, 11], reading.Logged());
            Assert.Equal((1, 10), (reading.Status.Behind["files"], reading.Status.Behind["bytes"]));
            await reading.TurnAsync();
            Assert.Equal([1, 2, 10, 11], reading.Logged());
        }
        await using (var reading = await OpenAsync(project))
        {
            await reading.TurnAsync();
            Assert.Equal([1, 2, 10, 11], reading.Logged());
            Append("a.jsonl", Lines(3)[10..] + Lines(4));
            await reading.TurnAsync();
            Assert.Equal([1, 2, 10, 11, 3, 4], reading.Logged());
            await reading.Feed.DrainAsync(None);
            Assert.Equal(Value.Of("v11"), (await project.GetAsync(StreamProject.PushedView, "x", Now))!.Value.B);
            Assert.Empty(_told);
            Assert.Equal(0, reading.Status.Behind["bytes"]);
        }
    }

    [Fact]
    public async Task Events_that_are_not_right_are_refused_by_file_and_line_and_the_others_are_taken()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        await using var reading = await OpenAsync(project);
        Write("a.jsonl", Lines(1) + "not json\n\n" + Lines(2) + "{\"id\":\"x\"}\n" + "{\"id\":\"x\",\"ts\":\"2026-06-01T00:10:00.000001Z\",\"a\":1}\n" + "{\"ts\":\"2026-05-01\",\"a\":1}\n"
            + $"{{\"id\":\"{new string('y', 2000)}\",\"ts\":\"2026-05-01\"}}\n" + "{\"id\":\"x\",\"ts\":\"2026-05-01\",\"a\":\"x\"}\n" + Lines(3));
        await reading.TurnAsync();
        Assert.Equal([1, 2, 3], reading.Logged());
        Assert.Equal(["in/a.jsonl, line 2", "in/a.jsonl, line 5", "in/a.jsonl, line 6", "in/a.jsonl, line 7", "in/a.jsonl, line 8", "in/a.jsonl, line 9"], await reading.RefusedAsync("origin"));
        Assert.Equal(["not JSON: 'not json' is an invalid JSON literal. Expected the literal 'null'", "there is no 'ts': an event needs its timestamp",
            "'ts' is 2026-06-01T00:10:00.000001Z, which is more than 10m ahead of the clock (2026-06-01T00:00:00Z)", "there is no 'id': an event needs its key",
            "the event has 2027 bytes; the limit is 1000 (max_event_bytes)", "column 'a': \"x\" does not convert to float64 without loss"], await reading.RefusedAsync("reason"));
        Append("a.jsonl", "not this\n"); // lines are counted on
        await reading.TurnAsync();
        Assert.Contains("in/a.jsonl, line 11", await reading.RefusedAsync("origin"));
    }

    [Fact]
    public async Task A_line_too_long_to_be_held_is_refused_and_what_follows_is_taken()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        await using var reading = await OpenAsync(project);
        var giant = new string('z', 9_000_000);
        Write("a.jsonl", Lines(1) + giant);
        await reading.TurnAsync();
        Assert.Equal([1], reading.Logged());
        Append("a.jsonl", "\n" + Lines(2) + "no\n");
        await reading.TurnAsync();
        Assert.Equal([1, 2], reading.Logged());
        Assert.Equal(["in/a.jsonl, line 2", "in/a.jsonl, line 4"], await reading.RefusedAsync("origin"));
        Assert.Equal("the event has 9000001 bytes; the limit is 1000 (max_event_bytes)", (await reading.RefusedAsync("reason"))[0]);
        Assert.Equal(65536, (await reading.RefusedAsync("event"))[0].Length);
    }

    [Theory]
    [InlineData("cut", "in/a.jsonl has 10 bytes, and {0} of it were read: it was cut or replaced.")]
    [InlineData("replaced", "in/a.jsonl does not begin with the {0} bytes that were read of it: it was replaced.")]
    [InlineData("changed at its end", "in/a.jsonl does not begin with the {0} bytes that were read of it: it was replaced.")]
    public async Task A_file_that_is_not_what_it_was_waits_for_a_choice_and_the_others_are_read(string how, string problem)
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        var first = Lines(1, 2);
        await using (var reading = await OpenAsync(project))
        {
            Write("a.jsonl", first);
            await reading.TurnAsync();
            Write("a.jsonl", how switch { "cut" => first[..10], "replaced" => Lines(5, 6, 7), _ => first[..^5] + "7\"}\n\n" });
            Write("b.jsonl", Lines(8));
            await reading.TurnAsync();
            Assert.Equal([1, 2, 8], reading.Logged());
            Assert.Equal(string.Format(CultureInfo.InvariantCulture, problem, first.Length) + " Choose, with the stream stopped: lockstep stream reset pushed --to \"again in/a.jsonl\" reads it from its beginning, --to \"skip in/a.jsonl\" counts what it holds now as read.", reading.Status.Problem);
            Assert.True(reading.Status.IsStopped);
            Assert.Equal((1, new FileInfo(PathOf("a.jsonl")).Length), (reading.Status.Behind["files"], reading.Status.Behind["bytes"]));
            var held = await Assert.ThrowsAsync<LockstepException>(() => ChooseAsync(project, "again"));
            Assert.StartsWith($"The files of source 'pushed' are being read by process {Environment.ProcessId} on ", held.Message, StringComparison.Ordinal);
        }
        if (how == "cut") return;
        Assert.Equal(["in/a.jsonl is read from its beginning."], await ChooseAsync(project, how == "replaced" ? "again" : "again in/a.jsonl"));
        Assert.Equal(["No file waits for a choice."], await ChooseAsync(project, "skip"));
        await using (var reading = await OpenAsync(project))
        {
            await reading.TurnAsync();
            Assert.Equal(how == "replaced" ? [1, 2, 8, 5, 6, 7] : [1, 2, 8, 1, 2], reading.Logged());
            Assert.Null(reading.Status.Problem);
            Write("a.jsonl", Lines(20, 21) + "{");
            await reading.TurnAsync();
        }
        Assert.Equal(["in/a.jsonl counts as read, as it is now."], await ChooseAsync(project, "skip"));
        await using (var reading = await OpenAsync(project))
        {
            Write("a.jsonl", Lines(20, 21, 22));
            await reading.TurnAsync();
            Assert.Equal(22, reading.Logged()[^1]);
            Assert.DoesNotContain(20, reading.Logged());
        }
        Assert.Equal("The folder has no file 'in/aa.jsonl'. Did you mean 'in/a.jsonl'?", (await Assert.ThrowsAsync<LockstepException>(() => ChooseAsync(project, "skip in/aa.jsonl"))).Message);
        Assert.Equal("Where to go on with files is 'again', which reads a file from its beginning, or 'skip', which counts what it holds now as read; behind it a file, or none for all that wait for a choice. It is 'earliest'.", (await Assert.ThrowsAsync<LockstepException>(() => ChooseAsync(project, "earliest"))).Message);
    }

    [Fact]
    public async Task A_file_that_is_renamed_copied_or_rotated_is_gone_on_with()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        await using var reading = await OpenAsync(project);
        Write("a.jsonl", Lines(1, 2) + "{");
        await reading.TurnAsync();
        File.Move(PathOf("a.jsonl"), PathOf("a-1.jsonl")); // rotated
        File.WriteAllText(PathOf("a-1.jsonl"), Lines(1, 2, 3));
        Write("a.jsonl", Lines(4));
        await reading.TurnAsync();
        Assert.Equal([1, 2, 3, 4], reading.Logged());
        File.Copy(PathOf("a.jsonl"), PathOf("a-2.jsonl")); // copied, seen, then cut
        await reading.TurnAsync();
        Assert.StartsWith("in/a-2.jsonl begins with what was read of in/a.jsonl, which is still there: its events would count twice. Choose,", reading.Status.Problem, StringComparison.Ordinal);
        Write("a.jsonl", "");
        await reading.TurnAsync();
        Append("a.jsonl", Lines(5));
        await reading.TurnAsync();
        Assert.Null(reading.Status.Problem);
        Assert.Equal([1, 2, 3, 4, 5], reading.Logged());
        Assert.Equal(["in/a-1.jsonl holds what was read of in/a.jsonl, which is another file now: it is gone on with.", "in/a-2.jsonl holds what was read of in/a.jsonl, which is another file now: it is gone on with."], _told);
    }

    [Fact]
    public async Task A_file_that_is_gone_before_its_end_was_read_is_told_and_gone_on_with_when_it_comes_back()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        await using (var reading = await OpenAsync(project))
        {
            Write("a.jsonl", Lines(1) + "{\"id\"");
            Write("b.jsonl", Lines(2));
            await reading.TurnAsync();
        }
        File.Move(PathOf("a.jsonl"), PathOf("a.away"));
        File.Move(PathOf("b.jsonl"), PathOf("b.away"));
        await using (var reading = await OpenAsync(project))
        {
            await reading.TurnAsync();
            Assert.Equal(["in/a.jsonl: it is gone, and its last 5 bytes were not read. If it comes back within a week, it is gone on with."], _told);
            Assert.Equal(["it is gone, and its last 5 bytes were not read"], await reading.RefusedAsync("reason"));
            File.Move(PathOf("a.away"), PathOf("a.jsonl"));
            File.Move(PathOf("b.away"), PathOf("c.jsonl"));
            await reading.TurnAsync();
            Assert.Equal([1, 2], reading.Logged());
            Append("a.jsonl", Lines(3)[5..]);
            Append("c.jsonl", Lines(4));
            await reading.TurnAsync();
            Assert.Equal([1, 2, 3, 4], reading.Logged());
            File.Delete(PathOf("c.jsonl"));
            await reading.TurnAsync();
            Write("c.jsonl", Lines(7)); // a new file of that name
            await reading.TurnAsync();
            Assert.Equal([1, 2, 3, 4, 7], reading.Logged());
            File.Delete(PathOf("c.jsonl"));
            await reading.TurnAsync();
            _clock.Advance(TimeSpan.FromDays(7));
            await reading.TurnAsync();
            Assert.Equal(["in/a.jsonl"], FolderPosition.Open(reading.Writer.Log.PartitionFolder(LogPartitions.Files), reading.Feed.Log.Look(None).IsEmpty ? null : LastPosition(reading)).Files.Keys);
        }
    }

    static string LastPosition(Reading reading)
    {
        var log = reading.Feed.Log;
        string? position = null;
        byte[] buffer = [];
        foreach (var path in log.SegmentPaths(LogPartitions.Files))
        {
            using var segment = SegmentFile.TryOpen(path)!;
            for (var i = 0; i < segment.Frames.Count; i++)
                if (segment.Frames[i].Head.Kind == FrameKind.Position) position = System.Text.Encoding.UTF8.GetString(segment.Payload(i, ref buffer));
        }
        return position ?? File.ReadAllText(SegmentFlush.PositionFile(log, LogPartitions.Files));
    }

    [Fact]
    public async Task What_is_written_is_read_without_being_asked_for_and_given_free_at_the_end()
    {
        await using var project = new StreamProject(_folder.Path, TimeProvider.System);
        project.Context = project.Context with { Reader = feed => feed.Source.Stream is FileStreamSource ? new FolderReader(feed, project.Engine, _folder.Path, TimeProvider.System) : null };
        var source = StreamProject.Pushed with { Stream = new FileStreamSource("in/*.jsonl") { Timestamp = "ts", Created = "made" } };
        Write("a.jsonl", Lines(1));
        EventLog log;
        await using (var host = await project.StartAsync(new(1, [], [source], [StreamProject.PushedView], [])))
        {
            var feed = host.Find("pushed");
            log = feed.Log;
            var writer = (await Poll.UntilAsync("the reader's partition", () => feed.Writers, w => w.Count > 0))[0];
            await writer.Tail.WaitAsync(-1, None);
            Append("a.jsonl", Lines(2));
            await writer.Tail.WaitAsync(0, None);
            await feed.DrainAsync(None);
            Assert.Equal(Value.Of("v2"), (await project.GetAsync(StreamProject.PushedView, "x", Now))!.Value.B);
        }
        await using var free = log.TryOpenWriter(LogPartitions.Files, None);
        Assert.Equal(1, free!.LastPlace);
    }

    [Fact]
    public async Task Thousands_of_files_keep_the_position_small_and_are_each_read_once()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        for (var round = 0; round < 3; round++)
        {
            await using var reading = await OpenAsync(project);
            for (var i = 0; i < 700; i++) Write(string.Create(CultureInfo.InvariantCulture, $"{round}-{i:D4}.jsonl"), Lines(round * 10_000 + i));
            await reading.TurnAsync();
            await reading.TurnAsync();
            Assert.Equal(Enumerable.Range(0, round + 1).SelectMany(r => Enumerable.Range(0, 700).Select(i => r * 10_000.0 + i)), reading.Logged());
            Assert.InRange(LastPosition(reading).Length, 1, 200 * (FolderPosition.MaxChanges + 2));
            Assert.Single(Directory.EnumerateFiles(reading.Writer.Log.PartitionFolder(LogPartitions.Files), "files-*"));
        }
        // The name of one that was renamed is free, also for a process that comes later.
        File.Move(PathOf("0-0001.jsonl"), PathOf("rotated.jsonl"));
        await using (var reading = await OpenAsync(project)) await reading.TurnAsync();
        Write("0-0001.jsonl", Lines(50_000));
        await using (var reading = await OpenAsync(project))
        {
            await reading.TurnAsync();
            Assert.Null(reading.Status.Problem);
            Assert.Equal((2_101, 50_000.0), (reading.Logged().Count, reading.Logged()[^1]));
        }
    }

    [Fact]
    public async Task CSV_is_taken_when_nobody_writes_to_it_any_more_and_rows_that_are_not_right_are_refused_by_line()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        await using (var reading = await OpenAsync(project, "in/*.csv"))
        {
            Write("a.csv", "id,ts,a,b,colour\nx,2026-05-01,1,one,red\nx,2026-05-02, 2 ,\"\",red\nx,2026-05-03\n,2026-05-03,3,,\nx,2026-05-03,\"3\"x,b,c\nx,2026-05-04,4,\"two\nlines\",c\nx,2026-05-05,five,b,c\n");
            File.SetLastWriteTimeUtc(PathOf("a.csv"), _clock.GetUtcNow().UtcDateTime);
            await reading.TurnAsync();
            Assert.Empty(reading.Logged());
            Assert.Equal((1, new FileInfo(PathOf("a.csv")).Length), (reading.Status.Behind["files"], reading.Status.Behind["bytes"]));
            _clock.Advance(FolderReader.Settle);
            await reading.TurnAsync();
            Assert.Equal([1, 2, 4], reading.Logged());
            Assert.Equal(["in/a.csv, line 4", "in/a.csv, line 5", "in/a.csv, line 6", "in/a.csv, line 9"], await reading.RefusedAsync("origin"));
            Assert.Equal(["row 3 (line 4): there are 2 fields, and 5 in the header.", "there is no 'id': an event needs its key", "line 6: after the closing quote of field 3 stands 'x' instead of a comma.", "column 'a': 'five' does not convert to float64 without loss"], await reading.RefusedAsync("reason"));
            Assert.Equal("x,2026-05-03,\"3\"x,b,c", (await reading.RefusedAsync("event"))[2]);
            Assert.Equal("id: 'x', ts: '2026-05-05', a: 'five', b: 'b'", (await reading.RefusedAsync("event"))[3]);
            Write("b.csv", "nothing,known\n1,2\n");
            _clock.Advance(FolderReader.Settle);
            await reading.TurnAsync();
            _clock.Advance(FolderReader.Settle);
            await reading.TurnAsync();
            Assert.StartsWith("in/b.csv cannot be read: in/b.csv has no column of source 'pushed'. Its columns: nothing, known; the source's: id, ts, made, a, b. Put it right under another name, and skip this one. Choose", reading.Status.Problem, StringComparison.Ordinal);
            Write("a.csv", "id,ts,a,b,colour\nx,2026-05-01,1,one,red\n");
            await reading.TurnAsync();
            Assert.StartsWith("in/a.csv is not what it was when it was read: it had ", reading.Status.Problem, StringComparison.Ordinal);
        }
        Assert.Equal(["in/b.csv counts as read, as it is now."], await ChooseAsync(project, "skip in/b.csv", "in/*.csv"));
        Assert.Equal(["in/a.csv is read from its beginning."], await ChooseAsync(project, "again", "in/*.csv"));
        await using (var reading = await OpenAsync(project, "in/*.csv"))
        {
            _clock.Advance(FolderReader.Settle);
            await reading.TurnAsync();
            _clock.Advance(FolderReader.Settle);
            await reading.TurnAsync();
            Assert.Equal([1, 2, 4, 1], reading.Logged());
            Assert.Null(reading.Status.Problem);
        }
    }

    /// <summary>A disk that is full takes the few bytes of a position where it does not take the rows.</summary>
    [Fact]
    public async Task S15_rows_that_could_not_be_logged_do_not_count_as_read()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        Write("a.csv", "id,ts,a\nx,2026-05-01,1\nx,2026-05-02,2\n");
        File.SetLastWriteTimeUtc(PathOf("a.csv"), new(2026, 5, 1, 0, 0, 0, DateTimeKind.Utc));
        var inTheWay = Path.Combine(project.Logs.Of(StreamProject.Pushed).PartitionFolder(LogPartitions.Files), "000000000001.seg");
        var looks = 0;
        await using (var reading = await OpenAsync(project, "in/*.csv", new Looked(_clock, () =>
        {
            if (++looks == 2) File.Delete(inTheWay); // the next write of the same turn succeeds
        })))
        {
            await File.WriteAllTextAsync(inTheWay, "");
            var e = await Assert.ThrowsAsync<LockstepException>(reading.TurnAsync);
            Assert.StartsWith("event log of source 'pushed': events could not be logged: ", e.Message, StringComparison.Ordinal);
            File.Delete(inTheWay);
        }
        await using (var reading = await OpenAsync(project, "in/*.csv"))
        {
            await reading.TurnAsync();
            Assert.Equal([1, 2], reading.Logged());
        }
    }

    sealed class Looked(TimeProvider clock, Action look) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow()
        {
            look();
            return clock.GetUtcNow();
        }
    }

    [Fact]
    public async Task Parquet_is_taken_when_its_end_is_there_and_gone_on_with_behind_the_rows_that_were_logged()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        var path = WriteParquet(project, 20_000);
        var bytes = await File.ReadAllBytesAsync(path);
        File.Delete(path);
        await File.WriteAllBytesAsync(PathOf("a.parquet"), bytes[..^100]);
        var stop = new CancellationTokenSource();
        var reading = await OpenAsync(project, "in/*.parquet");
        await reading.TurnAsync();
        Assert.Equal(1, reading.Status.Behind["files"]);
        await File.WriteAllBytesAsync(PathOf("a.parquet"), bytes);
        // Killed after the first piece.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.Folder.TurnAsync(reading.Status, stop.Token).WaitAsync(CancelAfterFirst(reading, stop)));
        await reading.DisposeAsync();
        await using (reading = await OpenAsync(project, "in/*.parquet"))
        {
            var before = reading.Logged().Count;
            await reading.TurnAsync();
            Assert.Equal(Enumerable.Range(0, 20_000).Select(i => (double)i), reading.Logged());
            Assert.InRange(before, 0, 20_000);
            File.Move(PathOf("a.parquet"), PathOf("b.parquet"));
            await reading.TurnAsync();
            Assert.Equal(20_000, reading.Logged().Count);
            File.Copy(PathOf("b.parquet"), PathOf("c.parquet"));
            await reading.TurnAsync();
            Assert.StartsWith("in/c.parquet is the same as in/b.parquet, which is still there: its events would count twice. Choose", reading.Status.Problem, StringComparison.Ordinal);
        }
    }

    [Theory, InlineData("jsonl"), InlineData("csv"), InlineData("parquet")]
    public async Task S15_killed_after_or_within_any_write_of_the_log_each_event_is_there_once(string format)
    {
        // More than one piece of one file, several files, and what is refused.
        var pattern = $"in/*.{format}";
        string[] refused = format switch { "jsonl" => ["in/b.jsonl, line 2", "in/c.jsonl, line 1"], "csv" => ["in/b.csv, line 3"], _ => [] };
        const string Head = "id,ts,a,b\n";
        string Row(int i) => string.Create(CultureInfo.InvariantCulture, $"x,2026-05-01,{i},v\n");
        switch (format)
        {
            case "jsonl":
                Write("a.jsonl", StreamProject.Lines(Enumerable.Range(1, 5_000).Select(i => Event(i) with { B = new('b', 900) })));
                Write("b.jsonl", Lines(5_001) + "no event\n" + Lines(5_002));
                Write("c.jsonl", "nor this\n" + Lines(5_003)[..10]);
                break;
            case "csv":
                Write("a.csv", Head + string.Concat(Enumerable.Range(1, 20_000).Select(Row)));
                Write("b.csv", Head + Row(20_001) + ",2026-05-01,1,no key\n" + Row(20_002));
                break;
            default:
                await using (var made = new StreamProject(Path.Combine(_folder.Path, "made"), _clock))
                    File.Move(WriteParquet(made, 20_000), PathOf("a.parquet"));
                break;
        }
        List<double> all;
        string segment;
        List<long> cuts = [];
        var whole = Path.Combine(_folder.Path, "whole");
        await using (var project = new StreamProject(whole, _clock))
        {
            await using var reading = await OpenAsync(project, pattern);
            await ReadAllAsync(reading);
            all = reading.Logged();
            segment = Assert.Single(reading.Feed.Log.SegmentPaths(LogPartitions.Files));
            using var file = SegmentFile.TryOpen(segment)!;
            cuts.Add(file.Frames[0].At - SegmentFormat.HeadSize);
            foreach (var (_, at, length) in file.Frames) cuts.AddRange([at + length / 2, at + length]);
        }
        Assert.Equal(all.Order().Distinct(), all);
        Assert.True(cuts.Count > 10, $"only {cuts.Count} places to die at");
        var bytes = await File.ReadAllBytesAsync(segment);
        foreach (var cut in cuts)
        {
            var root = Path.Combine(_folder.Path, $"cut{cut}");
            var left = Path.Combine(root, Path.GetRelativePath(whole, segment));
            Directory.CreateDirectory(Path.GetDirectoryName(left)!);
            await File.WriteAllBytesAsync(left, bytes[..(int)cut]);
            await using var project = new StreamProject(root, _clock);
            await using var reading = await OpenAsync(project, pattern);
            await ReadAllAsync(reading);
            Assert.True(all.SequenceEqual(reading.Logged()), $"cut at byte {cut} of {bytes.Length}: {reading.Logged().Count} events instead of {all.Count}");
            if (refused.Length > 0) Assert.Equal(refused, (await reading.RefusedAsync("origin")).Order(StringComparer.Ordinal));
        }

        async Task ReadAllAsync(Reading reading)
        {
            for (var turn = 0; turn < 3; turn++)
            {
                await reading.TurnAsync();
                _clock.Advance(FolderReader.Settle); // CSV is taken then
            }
        }
    }

    static CancellationToken CancelAfterFirst(Reading reading, CancellationTokenSource stop)
    {
        _ = Task.Run(async () =>
        {
            await reading.Writer.Tail.WaitAsync(-1, CancellationToken.None);
            await stop.CancelAsync();
        });
        return stop.Token;
    }

    string WriteParquet(StreamProject project, int rows)
    {
        var path = PathOf("whole.tmp");
        var batch = new ColumnBatch(new([new("id", FeatureType.String), new("ts", FeatureType.Timestamp), new("a", FeatureType.Float64)]));
        for (var i = 0; i < rows; i++)
        {
            batch[0].Append(Value.Of("x"));
            batch[1].Append(Value.Timestamp(Now - rows + i));
            batch[2].Append(Value.Of((double)i));
        }
        using var writer = project.Engine.CreateFile(new(path, TableFormat.Parquet), batch.Schema, None);
        writer.Write(batch, None);
        writer.Complete(None);
        return path;
    }

    [Fact]
    public async Task S13_in_what_order_files_come_does_not_show()
    {
        var random = new Random(3);
        List<(long, Value, Value)?> answers = [];
        for (var round = 0; round < 3; round++)
        {
            var root = Path.Combine(_folder.Path, $"r{round}");
            await using var project = new StreamProject(root, _clock);
            Directory.CreateDirectory(Path.Combine(root, "in"));
            var host = new StreamHost(project.Context with { Reader = feed => null });
            await host.UpdateAsync(new(1, [], [StreamProject.Pushed with { Stream = new FileStreamSource("in/**/*.jsonl") { Timestamp = "ts", Created = "made" } }], [StreamProject.PushedView], []), None);
            var feed = host.Find("pushed");
            var writer = (await feed.TryTakeAsync(LogPartitions.Files, None))!;
            var folder = new FolderReader(feed, project.Engine, root, _clock).Open(writer);
            var events = Enumerable.Range(1, 60).Select(i => new Seen($"k{i % 3}", Now - i % 7, i % 2 == 0 ? null : Now - i, i, $"v{i % 11}")).ToArray();
            random.Shuffle(events);
            foreach (var (some, i) in events.Chunk(7).Select((e, i) => (e, i)))
            {
                Directory.CreateDirectory(Path.Combine(root, "in", $"{random.Next(3)}"));
                File.AppendAllText(Path.Combine(root, "in", $"{Directory.EnumerateDirectories(Path.Combine(root, "in")).First()}", $"{random.Next(3)}.jsonl"), StreamProject.Lines(some));
                if (random.Next(2) == 0) await folder.TurnAsync(new("pushed"), None);
            }
            await folder.TurnAsync(new("pushed"), None);
            await feed.DrainAsync(None);
            foreach (var key in new[] { "k0", "k1", "k2" }) answers.Add(await project.GetAsync(StreamProject.PushedView, key, Now));
            await project.JudgeAsync(StreamProject.PushedView, events, ["k0", "k1", "k2"], [Now, Now - 3], $"round {round}");
            await feed.RemoveAsync(writer);
            await host.DisposeAsync();
        }
        Assert.Equal(answers[..3], answers[3..6]);
        Assert.Equal(answers[..3], answers[6..]);
    }
}
