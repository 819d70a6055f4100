using System.Text;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Streaming;
using Lockstep.Runtime.Streaming.Apply;
using Lockstep.Runtime.Streaming.Log;
using Lockstep.Runtime.Tests.Materialization;
using Lockstep.Runtime.Tests.OfflineStore;

namespace Lockstep.Runtime.Tests.Streaming;

public sealed class PushTests : IDisposable
{
    static readonly CancellationToken None = CancellationToken.None;

    readonly TempFolder _folder = new();
    readonly ManualClock _clock = new(new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));

    public void Dispose() => _folder.Dispose();

    long Now => Instant.Now(_clock);
    long At(long seconds) => Now + seconds * Instant.Second;

    [Fact]
    public async Task S7_a_push_is_online_when_it_is_answered_and_the_newest_row_stays()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        await using var host = await project.StartAsync();
        var answer = await StreamProject.PushAsync(host, "pushed", [new("x", At(-10), null, 1, "one"), new("x", At(-5), null, 2, "two"), new("y", At(-5), null, 3, null)]);
        Assert.Equal((3L, 0L, true, 2L), (answer.Accepted, answer.Refused, answer.Visible, answer.Place));
        Assert.Equal((At(-5), Value.Of(2f), Value.Of("two")), await project.GetAsync(StreamProject.PushedView, "x", Now));
        Assert.Equal((At(-5), Value.Of(3f), Value.Null), await project.GetAsync(StreamProject.PushedView, "y", Now));
        await StreamProject.PushAsync(host, "pushed", [new("x", At(-7), null, 9, "late")]);
        Assert.Equal((At(-5), Value.Of(2f), Value.Of("two")), await project.GetAsync(StreamProject.PushedView, "x", Now));
        await StreamProject.PushAsync(host, "pushed", [new("x", At(-5), At(-4), 1, "corrected")]);
        Assert.Equal((At(-5), Value.Of(1f), Value.Of("corrected")), await project.GetAsync(StreamProject.PushedView, "x", Now));
        await StreamProject.PushAsync(host, "pushed", [new("x", At(-1), null, -1, "left out by the filter"), new("x", At(-1), null, null, "so is this")]);
        Assert.Equal((At(-5), Value.Of(1f), Value.Of("corrected")), await project.GetAsync(StreamProject.PushedView, "x", Now));
    }

    [Fact]
    public async Task S14_an_event_a_little_ahead_counts_from_its_time_on_and_one_too_far_ahead_is_refused()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        await using var host = await project.StartAsync();
        var answer = await StreamProject.PushAsync(host, "pushed", [new("x", At(0), null, 1, "now"), new("x", At(600), null, 2, "just near enough"), new("x", At(600) + 1, null, 3, "too far")]);
        Assert.Equal((2L, 1L), (answer.Accepted, answer.Refused));
        Assert.Equal("'ts' is 2026-06-01T00:10:00.000001Z, which is more than 10m ahead of the clock (2026-06-01T00:00:00Z)", answer.Reasons.Single().Reason);
        Assert.Equal(3, answer.Reasons.Single().Row);
        Assert.Equal((1, 2L), ((int)host.Find("pushed").Counters.Refused, host.Find("pushed").Counters.Accepted));
        Assert.Equal((At(0), Value.Of(1f), Value.Of("now")), await project.GetAsync(StreamProject.PushedView, "x", At(600) - 1));
        Assert.Equal((At(600), Value.Of(2f), Value.Of("just near enough")), await project.GetAsync(StreamProject.PushedView, "x", At(600)));
        Assert.Equal(["'ts' is 2026-06-01T00:10:00.000001Z, which is more than 10m ahead of the clock (2026-06-01T00:00:00Z)"], await project.RefusedAsync(host, "pushed", "reason"));
    }

    [Fact]
    public async Task What_is_wrong_is_refused_by_itself_with_its_reason_and_kept()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        await using var host = await project.StartAsync();
        var lines = new[]
        {
            """{"id":"x","ts":"2026-05-31T23:59:58Z","a":1}""",
            """{"id":"x","ts":"2026-05-31T23:59:59Z","a":""",
            "",
            """{"id":"x","ts":"2026-05-31T23:59:59Z","a":"much"}""",
            """{"id":"x","a":1}""",
            """{"id":"x","ts":null,"a":1}""",
            """{"id":"x","ts":"yesterday"}""",
            """[1]""",
            """{"id":"x","id":"y","ts":"2026-05-31T23:59:59Z"}""",
            $$"""{"id":"{{new string('x', 1000)}}","ts":"2026-05-31T23:59:59Z"}""",
            """{"id":7,"ts":"2026-05-31T23:59:59+02:00","a":2.5,"colour":"red"} trailing""",
            """{"id":7,"ts":"2026-05-31T23:59:59Z","a":NaN}""",
            """{"id":7,"ts":"2026-05-31T23:59:59Z","a":"NaN","colour":"red"}""",
            "\xff\xfe",
        };
        var bytes = Encoding.Latin1.GetBytes(string.Join('\n', lines));
        var stream = host.Find("pushed");
        var answer = await stream.PushAsync(stream.Decode("push", (decoder, rows, now) => decoder.Lines(bytes, rows, now)), null, None);
        Assert.Equal((2L, 11L), (answer.Accepted, answer.Refused));
        Assert.Equal(["colour"], answer.UnknownColumns);
        Assert.Equal(
        [
            "2: not JSON: Expected depth to be zero at the end of the JSON payload. There is an open JSON object or array that should be closed",
            "3: column 'a': 'much' does not convert to float64 without loss",
            "4: there is no 'ts': an event needs its timestamp",
            "5: there is no 'ts': an event needs its timestamp",
            "6: column 'ts': 'yesterday' does not convert to timestamp without loss",
            "7: an event is an object: { \"column\": value, … }",
            "8: 'id' occurs twice",
            "9: the event has 1037 bytes; the limit is 1000 (max_event_bytes)",
            "10: not JSON: 't' is invalid after a single JSON value. Expected end of data",
            "11: not JSON: 'N' is an invalid start of a value",
            "13: not JSON: '0xFF' is an invalid start of a value",
        ], answer.Reasons.Select(r => $"{r.Row}: {r.Reason}".Replace("\"much\"", "'much'", StringComparison.Ordinal).Replace("\"yesterday\"", "'yesterday'", StringComparison.Ordinal)));
        Assert.Equal(1, stream.Counters.NonFinite.Single(c => c.Column == "a").Count);
        var kept = await project.RefusedAsync(host, "pushed", "event");
        Assert.Equal(11, kept.Count);
        Assert.Contains("""{"id":"x","a":1}""", kept);
        Assert.Contains("base64://4=", kept);
        Assert.Equal((At(-2), Value.Of(1f), Value.Null), await project.GetAsync(StreamProject.PushedView, "x", Now));
    }

    [Fact]
    public async Task Of_an_array_what_stands_before_a_mistake_is_kept_and_the_rest_is_refused_as_one()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        await using var host = await project.StartAsync();
        var stream = host.Find("pushed");
        async Task<PushAnswer> Push(string text) => await stream.PushAsync(stream.Decode("push", (decoder, rows, now) => decoder.Json(Encoding.UTF8.GetBytes(text), rows, now)), null, None);
        var answer = await Push("""[{"id":"x","ts":"2026-05-31T23:59:58Z","a":1}, {"id":"y","ts":"never"}, {"id":"z","ts":"2026-05-31T23:59:58Z","a":1} {"id":"w","ts":"2026-05-31T23:59:58Z"}]""");
        Assert.Equal((2L, 2L), (answer.Accepted, answer.Refused));
        Assert.Equal(2, answer.Reasons[0].Row);
        Assert.StartsWith("not JSON from here on", answer.Reasons[1].Reason, StringComparison.Ordinal);
        Assert.Equal((1L, 0L), await Push("""{"id":"x","ts":"2026-05-31T23:59:59Z"}""") is { } one ? (one.Accepted, one.Refused) : default);
        Assert.Equal((0L, 0L), await Push("[ ]") is { } none ? (none.Accepted, none.Refused) : default);
        Assert.Equal((1L, 1L), await Push("""[{"id":"x","ts":"2026-05-31T23:59:59Z"}] []""") is { } behind ? (behind.Accepted, behind.Refused) : default);
    }

    [Fact]
    public async Task S2_a_value_that_a_view_cannot_read_is_refused_before_it_is_in_the_log()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        var source = StreamProject.Pushed with { Columns = [new("id", FeatureType.Int64), .. StreamProject.Pushed.Columns!.Skip(1)] };
        var view = StreamProject.PushedView with { Keys = new([new("id", FeatureType.Int32)]), Sources = new Dictionary<string, Source> { ["pushed"] = source } };
        await using var host = await project.StartAsync(new(1, [], [source], [view], []));
        var answer = await StreamProject.PushAsync(host, "pushed", """
            {"id":2147483647,"ts":"2026-05-31T23:59:59Z","a":1}
            {"id":2147483648,"ts":"2026-05-31T23:59:59Z","a":1}
            """);
        Assert.Equal((1L, 1L), (answer.Accepted, answer.Refused));
        Assert.Equal("column 'id': 2147483648 does not convert to int32, which view 'p@1.0.0' reads, without loss", answer.Reasons.Single().Reason);
    }

    [Fact]
    public async Task S15_a_push_repeated_with_its_key_changes_nothing_for_seven_days()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        await using var host = await project.StartAsync();
        var first = await StreamProject.PushAsync(host, "pushed", Lines("a"), "key-1");
        var again = await StreamProject.PushAsync(host, "pushed", Lines("b"), "key-1");
        Assert.Equal((1L, 1L, false), (first.Accepted, first.Refused, first.Repeated));
        Assert.Equal((1L, 1L, true, first.Place), (again.Accepted, again.Refused, again.Repeated, again.Place));
        Assert.Equal(first.Reasons, again.Reasons);
        Assert.Equal((At(-1), Value.Of(1f), Value.Of("a")), await project.GetAsync(StreamProject.PushedView, "x", Now));
        Assert.Equal([new LogPlace(0, 0)], host.Find("pushed").Log.Look(None).Places);
        var other = await StreamProject.PushAsync(host, "pushed", Lines("b"), "key-2");
        Assert.False(other.Repeated);
        _clock.Advance(TimeSpan.FromDays(7) - TimeSpan.FromMicroseconds(1));
        Assert.True((await StreamProject.PushAsync(host, "pushed", Lines("c"), "key-1")).Repeated);
        _clock.Advance(TimeSpan.FromMicroseconds(1));
        Assert.False((await StreamProject.PushAsync(host, "pushed", Lines("c"), "key-1")).Repeated);
        await host.Find("pushed").CleanAsync(None);
        Assert.Equal(1, (await project.Online.ListAsync(None)).Single(t => t.Name.StartsWith("~push-keys", StringComparison.Ordinal)).Cells);
        var refused = await Assert.ThrowsAsync<LockstepException>(() => StreamProject.PushAsync(host, "pushed", Lines("c"), new string('k', 257)));
        Assert.Contains("257 characters; it needs 1 to 256", refused.Message, StringComparison.Ordinal);

        string Lines(string b) => StreamProject.Lines([new("x", At(-1), null, 1, b)]) + "{}\n";
    }

    [Fact]
    public async Task S15_of_many_who_push_with_one_key_at_once_one_is_logged()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        await using var host = await project.StartAsync();
        await using var other = await project.StartAsync();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            try
            {
                return (await StreamProject.PushAsync(i % 2 == 0 ? host : other, "pushed", [new("x", At(-1), null, i, null)], "key")).Repeated ? "repeated" : "logged";
            }
            catch (LockstepException e) when (e.Kind == ErrorKind.Conflict)
            {
                return "conflict";
            }
        }));
        Assert.Single(outcomes, "logged");
        Assert.Equal(1, host.Find("pushed").Log.Look(None).Places.Sum(p => p.Place + 1));
    }

    /// <summary>The store fails at each step in turn, and goes on failing or not; the caller sends the push until it is told that it is there.</summary>
    [Theory, InlineData(1, 1), InlineData(2, 1), InlineData(3, 1), InlineData(4, 1), InlineData(5, 1), InlineData(3, 3), InlineData(4, 3)]
    public async Task S15_a_push_is_there_once_and_answered_alike_when_the_store_failed_at_any_step(int step, int times)
    {
        FailingKeys? keys = null;
        await using var project = new StreamProject(_folder.Path, _clock, store: s => keys = new(s));
        await using (var host = await project.StartAsync())
        {
            await using var other = await project.StartAsync();
            (keys!.FailFrom, keys.FailTimes) = (step, times);
            PushAnswer? answer = null;
            for (var attempt = 0; answer is null && attempt < 5; attempt++)
            {
                try
                {
                    answer = await StreamProject.PushAsync(host, "pushed", [new("x", At(-1), null, 1, null)], "key");
                }
                catch (LockstepException)
                {
                    // sent again
                }
            }
            Assert.Equal(1L, answer?.Accepted);
            while (keys.FailTimes > 0) await Assert.ThrowsAsync<LockstepException>(() => host.TurnAsync(None));
            await host.TurnAsync(None);
            foreach (var server in new[] { host, other })
            {
                var again = await StreamProject.PushAsync(server, "pushed", [new("x", At(-1), null, 2, null)], "key");
                Assert.Equal((true, 1L, 0L), (again.Repeated, again.Accepted, again.Place));
            }
            var writer = host.Find("pushed").Writers.Single();
            _clock.Advance(TimeSpan.FromHours(1));
            await writer.RollAsync(None);
            Assert.Empty(writer.Log.SegmentPaths(writer.Partition)); // no key is left under way
        }
        Assert.Equal([new LogPlace(0, 0)], project.Logs.Of(StreamProject.Pushed).Look(None).Places);
    }

    /// <summary>A caller that goes away while its key is claimed leaves nothing behind.</summary>
    [Fact]
    public async Task S15_a_key_whose_caller_went_away_is_free()
    {
        using CancellationTokenSource gone = new();
        await using var project = new StreamProject(_folder.Path, _clock, store: s => new FailingKeys(s) { Written = gone.Cancel });
        await using var host = await project.StartAsync();
        var stream = host.Find("pushed");
        var bytes = Encoding.UTF8.GetBytes(StreamProject.Lines([new("x", At(-1), null, 1, null)]));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await stream.PushAsync(stream.Decode("push", (decoder, rows, now) => decoder.Lines(bytes, rows, now)), "key", gone.Token));
        var answer = await StreamProject.PushAsync(host, "pushed", [new("x", At(-1), null, 1, null)], "key");
        Assert.Equal((false, 1L, 0L), (answer.Repeated, answer.Accepted, answer.Place));
    }

    /// <summary>Fails calls about keys of pushes, before or after they are done, and tells of writes.</summary>
    sealed class FailingKeys(IOnlineStore store) : IOnlineStore
    {
        int _calls;

        public int FailFrom { get; set; } = int.MaxValue;
        public int FailTimes { get; set; }
        public Action? Written { get; set; }

        // Of a push: its key is looked for, its claim is about to be written, is written, so is its answer.
        void Step()
        {
            if (FailFrom == int.MaxValue) return;
            _calls++;
            if (_calls >= FailFrom && FailTimes-- > 0) throw new LockstepException(ErrorKind.Failed, "the store is down");
        }

        static bool IsKeys(string table) => table.StartsWith("~push-keys", StringComparison.Ordinal);

        public ValueTask ReadAsync(OnlineReadBatch batch, CancellationToken token)
        {
            if (batch.Count > 0 && IsKeys(batch.Table(0))) Step();
            return store.ReadAsync(batch, token);
        }

        public async ValueTask<bool> WriteAsync(string table, CellUpdates updates, ICellMerge merge, Fence fence, CancellationToken token)
        {
            if (!IsKeys(table)) return await store.WriteAsync(table, updates, merge, fence, token);
            Step();
            var done = await store.WriteAsync(table, updates, merge, fence, token);
            Written?.Invoke();
            token.ThrowIfCancellationRequested();
            Step();
            return done;
        }

        public IAsyncEnumerable<(byte[] Key, byte[] Cell)> ScanAsync(string table, CancellationToken token) => store.ScanAsync(table, token);
        public ValueTask<Lease?> TryAcquireLeaseAsync(string table, string owner, TimeSpan duration, CancellationToken token) => store.TryAcquireLeaseAsync(table, owner, duration, token);
        public ValueTask<bool> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken token) => store.RenewLeaseAsync(lease, duration, token);
        public ValueTask ReleaseLeaseAsync(Lease lease, CancellationToken token) => store.ReleaseLeaseAsync(lease, token);
        public ValueTask DropAsync(string table, CancellationToken token) => store.DropAsync(table, token);
        public ValueTask<IReadOnlyList<OnlineTable>> ListAsync(CancellationToken token) => store.ListAsync(token);
        public ValueTask DisposeAsync() => default;
    }

    /// <summary>Also by a server that takes the dead one's partition for its own pushes, as the next one does.</summary>
    [Fact]
    public async Task S15_a_claim_of_a_server_that_died_before_it_logged_is_free_for_the_next_server()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        var log = project.Logs.Of(StreamProject.Pushed);
        await using (var dead = log.OpenPushWriter(None))
            Assert.Null(await new Lockstep.Runtime.Streaming.Intake.PushKeys(log, project.Online, _clock).ClaimAsync("before", dead, None));
        await using var host = await project.StartAsync();
        var answer = await StreamProject.PushAsync(host, "pushed", [new("x", At(-1), null, 1, null)], "before");
        Assert.Equal((false, 1L), (answer.Repeated, answer.Accepted));
        Assert.True((await StreamProject.PushAsync(host, "pushed", [new("x", At(-1), null, 1, null)], "before")).Repeated);
    }

    [Fact]
    public async Task S15_a_claim_of_a_server_that_died_is_settled_by_its_log()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        // One dies after it has logged the push, the other before.
        foreach (var (logged, key) in new[] { (true, "after"), (false, "before") })
        {
            var log = project.Logs.Of(StreamProject.Pushed);
            await using var writer = log.TryOpenWriter(7, None)!;
            var keys = new Lockstep.Runtime.Streaming.Intake.PushKeys(log, project.Online, _clock);
            Assert.Null(await keys.ClaimAsync(key, writer, None));
            if (logged) await writer.AppendAsync(new() { PushKey = (key, new PushAnswer { Source = "pushed", Accepted = 5, Refused = 0 }.ToJson()) }, None);
            await using var host = await project.StartAsync(Catalog.Empty);
            await host.UpdateAsync(StreamProject.Catalog, None);
            await Assert.ThrowsAsync<LockstepException>(() => StreamProject.PushAsync(host, "pushed", [new("x", At(-1), null, 1, null)], key)); // it still runs
            await writer.DisposeAsync();
            var answer = await StreamProject.PushAsync(host, "pushed", [new("x", At(-1), null, 1, null)], key);
            Assert.Equal((logged, logged ? 5L : 1L), (answer.Repeated, answer.Accepted));
        }
    }

    [Fact]
    public async Task What_a_process_left_unapplied_is_applied_by_the_next()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        await using (var left = project.Logs.Of(StreamProject.Pushed).TryOpenWriter(3, None)!)
        {
            var rows = new ColumnBatch(LogColumns.Of(StreamProject.Pushed));
            rows.AppendRow(Value.Of("x"), Value.Timestamp(At(-1)), Value.Null, Value.Of(1.5), Value.Of("left"));
            await left.AppendAsync(new() { Rows = rows }, None);
        }
        await using var host = await project.StartAsync();
        await host.TurnAsync(None);
        Assert.Equal([0u], host.Find("pushed").Writers.Select(w => w.Partition)); // given free again, and in the table
        Assert.Empty(host.Find("pushed").Log.SegmentPaths(3));
        Assert.Equal((At(-1), Value.Of(1.5f), Value.Of("left")), await project.GetAsync(StreamProject.PushedView, "x", Now));
    }

    [Fact]
    public async Task Beside_a_partition_that_cannot_be_read_the_others_go_on()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        var log = project.Logs.Of(StreamProject.Pushed);
        foreach (var partition in new[] { 0u, 3u })
        {
            await using var left = log.TryOpenWriter(partition, None)!;
            for (var i = 0; i < 2; i++)
            {
                var rows = new ColumnBatch(LogColumns.Of(StreamProject.Pushed));
                rows.AppendRow(Value.Of($"x{partition}"), Value.Timestamp(At(-1)), Value.Null, Value.Of(1.5), Value.Of("left"));
                await left.AppendAsync(new() { Rows = rows }, None);
            }
        }
        var path = log.SegmentPaths(0).Single();
        var bytes = await File.ReadAllBytesAsync(path);
        using (var segment = SegmentFile.TryOpen(path)!) bytes[segment.Frames[0].At] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);
        await using var host = await project.StartAsync();
        var e = await Assert.ThrowsAsync<LockstepException>(() => host.TurnAsync(None));
        Assert.Contains("is damaged at byte", e.Message, StringComparison.Ordinal);
        Assert.Equal((At(-1), Value.Of(1.5f), Value.Of("left")), await project.GetAsync(StreamProject.PushedView, "x3", Now));
        Assert.Equal(1, (await StreamProject.PushAsync(host, "pushed", [new("y", At(-1), null, 1, null)])).Partition);
    }

    [Fact]
    public async Task A_view_that_comes_later_is_brought_up_to_date_from_the_log()
    {
        await using var project = new StreamProject(_folder.Path, _clock, new() { TailBytes = 1 });
        await using var host = await project.StartAsync(new(1, [], [StreamProject.Pushed], [], []));
        for (var i = 0; i < 5; i++)
        {
            await StreamProject.PushAsync(host, "pushed", [new($"x{i}", At(-i), null, i + 1, null)]);
            if (i == 2) await host.Find("pushed").Writers.Single().FlushAsync(None);
        }
        await host.UpdateAsync(StreamProject.Catalog, None);
        await host.Find("pushed").DrainAsync(None);
        for (var i = 0; i < 5; i++) Assert.Equal((At(-i), Value.Of(i + 1f), Value.Null), await project.GetAsync(StreamProject.PushedView, $"x{i}", Now));
        Assert.Equal(5, host.Find("pushed").Followers.Single().Rows);
        await host.DisposeAsync();
        Assert.Equal(4, await AppliedPlace.ReadAsync(project.Online, StreamProject.PushedView.Id, 0, None));
    }

    /// <summary>A compaction may take files away under it, memory or handles may be short.</summary>
    [Fact]
    public async Task Who_is_behind_goes_on_when_the_log_could_not_be_read_for_a_while()
    {
        await using var project = new StreamProject(_folder.Path, _clock, new() { TailBytes = 1 });
        await using (var host = await project.StartAsync(new(1, [], [StreamProject.Pushed], [], [])))
        {
            await StreamProject.PushAsync(host, "pushed", [new("x", At(-2), null, 1, "first")]);
            await host.Find("pushed").Writers.Single().FlushAsync(None);
        }
        var steps = new Steps();
        steps.At(1, () => throw new LockstepException(ErrorKind.Failed, "no memory is left"));
        project.Context = project.Context with { Logs = new(Path.Combine(_folder.Path, "offline"), new HookedEngine(project.Engine, steps), _clock) };
        await using (var host = await project.StartAsync())
        {
            await host.Find("pushed").DrainAsync(None);
            Assert.True(steps.Count > 1);
            Assert.Equal((At(-2), Value.Of(1f), Value.Of("first")), await project.GetAsync(StreamProject.PushedView, "x", Now));
            Assert.True((await StreamProject.PushAsync(host, "pushed", [new("x", At(-1), null, 2, "second")])).Visible);
        }
    }

    [Fact]
    public async Task S7_a_run_reads_the_log_beside_the_table_and_only_what_came_since()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        project.WriteFile("one", [new("x", At(-100), At(-90), 1, "file"), new("y", At(-100), At(-90), 1, "file")]);
        await using var host = await project.StartAsync();
        await StreamProject.PushAsync(host, "both", [new("x", At(-50), null, 2, "pushed"), new("z", At(-50), null, 2, "pushed")]);
        await project.Online.DropAsync(StreamProject.BothView.Id, None);
        var report = await project.RunAsync();
        Assert.Equal((RunMode.Whole, 4L, 3L), (report.Mode, report.RowsRead, report.Keys));
        Assert.Equal((At(-50), Value.Of(2f), Value.Of("pushed")), await project.GetAsync(StreamProject.BothView, "x", Now));
        Assert.Equal((At(-100), Value.Of(1f), Value.Of("file")), await project.GetAsync(StreamProject.BothView, "y", Now));
        report = await project.RunAsync();
        Assert.Equal((RunMode.Nothing, 0L), (report.Mode, report.RowsRead));
        await StreamProject.PushAsync(host, "both", [new("y", At(-40), null, 3, "pushed")]);
        report = await project.RunAsync();
        Assert.Equal((RunMode.Added, 1L), (report.Mode, report.RowsRead));
        await host.Find("both").Writers.Single().FlushAsync(None);
        Assert.Equal(RunMode.Nothing, (await project.RunAsync()).Mode);
        project.DeleteFile("one");
        project.WriteFile("two", [new("w", At(-30), null, 4, "file")]);
        report = await project.RunAsync();
        Assert.Equal((RunMode.Whole, 4L), (report.Mode, report.RowsRead));
        Assert.Equal((At(-40), Value.Of(3f), Value.Of("pushed")), await project.GetAsync(StreamProject.BothView, "y", Now));
    }

    [Fact]
    public async Task S8_an_event_is_known_from_its_ingestion_on_whatever_it_says_of_its_creation()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        project.WriteFile("one", [new("x", At(-300), At(-290), 1, "file"), new("x", At(-250), null, 1, "never known")]);
        await using var host = await project.StartAsync();
        var begin = Now;
        await StreamProject.PushAsync(host, "both", [new("x", At(-200), At(-199), 2, "first")]);
        await StreamProject.PushAsync(host, "pushed", [new("x", At(-200), At(-199), 2, "first")]);
        _clock.Advance(TimeSpan.FromSeconds(60));
        await StreamProject.PushAsync(host, "both", [new("x", begin - 100 * Instant.Second, null, 3, "second")]);
        long[] instants = [begin - 295 * Instant.Second, begin - 240 * Instant.Second, begin - 150 * Instant.Second, begin - 1, begin, begin + 59 * Instant.Second, begin + 60 * Instant.Second];
        Assert.Equal([Value.Null, Value.Of("file"), Value.Of("file"), Value.Of("file"), Value.Of("first"), Value.Of("first"), Value.Of("second")], project.Train(StreamProject.BothView, ["x"], instants, asKnown: true).Select(r => r.B));
        Assert.Equal([Value.Of("file"), Value.Of("never known"), Value.Of("first"), Value.Of("second")], project.Train(StreamProject.BothView, ["x"], [.. instants[..3], instants[^1]]).Select(r => r.B));
        Assert.Equal([Value.Null, Value.Of("first")], project.Train(StreamProject.PushedView, ["x"], [begin - 1, begin], asKnown: true).Select(r => r.B));
    }

    [Fact]
    public async Task S19_a_training_set_is_made_again_from_the_same_places_of_the_log()
    {
        await using var project = new StreamProject(_folder.Path, _clock);
        project.WriteFile("one", [new("x", At(-300), At(-290), 1, "file")]);
        await using var host = await project.StartAsync();
        await StreamProject.PushAsync(host, "both", [new("x", At(-200), null, 2, "pushed")]);
        var first = project.Train(StreamProject.BothView, ["x"], [Now]);
        var record = project.Record!;
        await StreamProject.PushAsync(host, "both", [new("x", At(-100), null, 3, "later")]);
        await host.Find("both").Writers.Single().FlushAsync(None);
        Assert.Equal(first, project.Train(StreamProject.BothView, ["x"], [Now], again: record));
        Assert.Equal([(Value.Of(3f), Value.Of("later"))], project.Train(StreamProject.BothView, ["x"], [Now]));
    }
}
