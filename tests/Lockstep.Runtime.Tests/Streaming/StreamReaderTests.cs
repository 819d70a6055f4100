using System.Globalization;
using System.Text;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Streaming;
using Lockstep.Runtime.Streaming.Log;
using Lockstep.Runtime.Streaming.Readers;
using Lockstep.Runtime.Tests.OfflineStore;

namespace Lockstep.Runtime.Tests.Streaming;

/// <summary>What holds for whatever reads events from outside.</summary>
public sealed class StreamReaderTests : IDisposable
{
    static readonly CancellationToken None = CancellationToken.None;
    static readonly Source Outside = StreamProject.Pushed with { Stream = new FileStreamSource("in/*.jsonl") { Timestamp = "ts", Created = "made" } };
    static readonly Catalog Catalog = new(1, [], [StreamProject.Both, Outside], [StreamProject.BothView, StreamProject.PushedView], []);

    readonly TempFolder _folder = new();
    readonly ManualClock _clock = new(new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));

    public void Dispose() => _folder.Dispose();

    /// <summary>An outside of numbered events; every read can be made to fail.</summary>
    sealed class NumberedReader(SourceFeed feed, IReadOnlyList<string> events, Func<int, Exception?> fail) : IStreamReader
    {
        public const uint Partition = LogPartitions.Files;

        public int Runs { get; private set; }
        public TaskCompletionSource AllRead { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool Owns(uint partition) => partition == Partition;

        public async Task RunAsync(ReaderStatus status, CancellationToken token)
        {
            var run = Runs++;
            var writer = await feed.TryTakeAsync(Partition, token) ?? throw new InvalidOperationException("held");
            try
            {
                for (var next = writer.Position is { } position ? int.Parse(position, CultureInfo.InvariantCulture) : 0; next < events.Count; next++)
                {
                    var rows = feed.Decode("outside", (decoder, to, now) => decoder.Object(Encoding.UTF8.GetBytes(events[next]), to, now, $"event {next}"));
                    await feed.LogAsync(writer, rows, new() { Places = rows.Accepted.Count > 0 ? [10L * next] : null, Position = $"{next + 1}" }, token);
                    status.Reading(new Dictionary<string, long> { ["all"] = events.Count - next - 1 });
                    if (fail(run) is { } e) throw e;
                }
                AllRead.TrySetResult();
                await Task.Delay(Timeout.Infinite, token);
            }
            finally
            {
                await feed.RemoveAsync(writer);
            }
        }

        public Task<IReadOnlyList<string>> ResetAsync(string to, CancellationToken token) => throw new NotSupportedException();
    }

    [Fact]
    public async Task S15_a_reader_that_fails_is_called_again_and_each_event_is_there_once()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        var now = Instant.Now(_clock);
        Seen[] rows = [.. Enumerable.Range(0, 4).Select(i => new Seen($"k{i % 2}", now - 100 + i, null, i + 1, $"v{i}"))];
        var (told, reader) = (new List<string>(), (NumberedReader?)null);
        project.Context = project.Context with
        {
            Reader = feed => feed.Source.Stream is PushStreamSource ? null : reader = new(feed, [.. StreamProject.Lines(rows).Split('\n', StringSplitOptions.RemoveEmptyEntries), "not an event"], run => run < 2 ? new IOException($"the outside is away, {run}") : null),
            Warn = (source, text) => told.Add($"{source}: {text}"),
        };
        await using (var host = await project.StartAsync(Catalog))
        {
            await reader!.AllRead.Task;
            var feed = host.Find("pushed");
            await feed.DrainAsync(None);
            await project.JudgeAsync(StreamProject.PushedView, rows, ["k0", "k1"], [now], "after two failures");
            Assert.Equal((4L, 1L), (feed.Counters.Accepted, feed.Counters.Refused));
            Assert.Equal(["pushed: the outside is away, 0", "pushed: events are read again.", "pushed: the outside is away, 1", "pushed: events are read again.",
                $"pushed: refused: event 4: not JSON: 'not an event' is an invalid JSON literal. Expected the literal 'null' (kept, like all that are refused, in {feed.Log.Refused.Folder})"], told);
            Assert.Contains("lockstep_stream_behind{source=\"pushed\",part=\"all\"} 0\n", StreamMetrics.Text(host, _clock), StringComparison.Ordinal);
            var refused = await Assert.ThrowsAsync<LockstepException>(() => StreamProject.PushAsync(host, "pushed", rows));
            Assert.Equal("Source 'pushed' reads its events from files: they cannot be sent here. Send them there, or to a source with 'stream: { push: {} }'.", refused.Message);
            Assert.Null(feed.Log.TryOpenWriter(NumberedReader.Partition, None));
            Assert.Contains($"process {Environment.ProcessId} on ", feed.Log.HolderOf(NumberedReader.Partition), StringComparison.Ordinal);
            Assert.Equal([0L, 10, 20, 30], project.Logs.Of(Outside).Look(None).Read(NumberedReader.Partition, -1, 100, None).SelectMany(b => Enumerable.Range(0, b.Rows.Count).Select(b.PlaceOf)));
        }
        await using var free = project.Logs.Of(Outside).TryOpenWriter(NumberedReader.Partition, None);
        Assert.Equal("5", free!.Position);
    }

    [Fact]
    public async Task A_source_that_waits_for_a_choice_does_not_stop_the_others()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        var stopped = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        project.Context = project.Context with
        {
            Reader = feed => feed.Source.Stream is PushStreamSource ? null : new NumberedReader(feed, [StreamProject.Lines([new("x", Instant.Now(_clock), null, 1, "one")])], _ => new ReaderStoppedException("this or that")),
            Warn = (_, text) => stopped.TrySetResult(text),
        };
        await using var host = await project.StartAsync(Catalog);
        Assert.Equal("this or that", await stopped.Task);
        Assert.True((await StreamProject.PushAsync(host, "both", [new("x", Instant.Now(_clock), null, 1, "one")])).Visible);
        var text = StreamMetrics.Text(host, _clock);
        Assert.Contains("lockstep_stream_stopped{source=\"pushed\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("lockstep_stream_reading{source=\"pushed\"} 0\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Partitions_of_pushes_that_a_source_had_before_are_brought_online()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        var now = Instant.Now(_clock);
        var host = await project.StartAsync(new(1, [], [StreamProject.Pushed], [], [])); // no view yet: nothing is applied
        await StreamProject.PushAsync(host, "pushed", [new("x", now, null, 1, "one")]);
        await host.DisposeAsync();
        project.Context = project.Context with { Reader = feed => feed.Source.Stream is PushStreamSource ? null : new NumberedReader(feed, [], _ => null) };
        host = await project.StartAsync(Catalog);
        await host.TurnAsync(None);
        Assert.Equal((now, Value.Of(1f), Value.Of("one")), await project.GetAsync(StreamProject.PushedView, "x", now));
        await host.DisposeAsync();
    }
}
