using System.Globalization;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Runtime.Tests.Streaming;

public sealed class EventLogTests : IDisposable
{
    static readonly CancellationToken None = CancellationToken.None;

    readonly LogProject _project = new();

    public void Dispose() => _project.Dispose();

    [Fact]
    public async Task What_was_acknowledged_is_there_before_and_after_it_becomes_part_of_the_table()
    {
        var log = _project.Log();
        await using var writer = log.OpenPushWriter(None);
        Assert.True(log.Look(None).IsEmpty);
        var receipt = await writer.AppendAsync(new() { Rows = LogProject.Numbered(0, 10) }, None);
        Assert.Equal(new LogReceipt(0, 9, Instant.Now(_project.Clock)), receipt);
        Check(10);
        await writer.FlushAsync(None);
        Assert.Empty(log.SegmentPaths(0));
        Assert.Equal(10, log.Table.Snapshot(None).Records);
        Check(10);
        _project.Clock.Advance(TimeSpan.FromSeconds(1));
        await writer.AppendAsync(new() { Rows = LogProject.Numbered(10, 5) }, None);
        Check(15);

        void Check(int rows)
        {
            var look = log.Look(None);
            Assert.Equal([new LogPlace(0, rows - 1)], look.Places);
            var found = _project.Read(look.Input());
            Assert.Equal(rows, found.Count);
            for (var i = 0; i < rows; i++)
            {
                Assert.Equal((0L, (long)i), (found[i].Partition, found[i].Place));
                Assert.Equal(LogProject.Row(i), found[i].Row);
            }
        }
    }

    [Fact]
    public async Task By_file_a_look_has_the_events_that_it_has_and_says_where_they_stand()
    {
        var log = _project.Log();
        await using var writer = log.OpenPushWriter(None);
        await writer.AppendAsync(new() { Rows = LogProject.Numbered(0, 5) }, None);
        await writer.FlushAsync(None);
        await writer.AppendAsync(new() { Rows = LogProject.Numbered(5, 5) }, None);
        foreach (var input in new[] { log.Look(None).Input(), log.Look(None).Input([new(0, 2)], [new(0, 7)]) })
        {
            var files = input.ByFile;
            Assert.Equal(["parquet", "seg"], files.Select(f => Path.GetExtension(f.File)[1..]));
            Assert.All(files, f => Assert.True(File.Exists(f.File)));
            Assert.Equal(_project.Read(input).Select(r => r.Place), files.SelectMany(f => _project.Read(f.Rows)).Select(r => r.Place));
        }
    }

    [Fact]
    public async Task A_look_stays_what_it_was_while_segments_are_committed_and_removed()
    {
        var log = _project.Log();
        await using var writer = log.OpenPushWriter(None);
        await writer.AppendAsync(new() { Rows = LogProject.Numbered(0, 3) }, None);
        await writer.FlushAsync(None);
        await writer.AppendAsync(new() { Rows = LogProject.Numbered(3, 3) }, None);
        var look = log.Look(None);
        await writer.AppendAsync(new() { Rows = LogProject.Numbered(6, 3) }, None);
        await writer.FlushAsync(None);
        Assert.Equal(6, _project.Read(look.Input()).Count);
        Assert.Equal([4L, 5L], _project.Read(look.Input([new(0, 3)])).Select(r => r.Place));
        Assert.Equal([2L, 3L, 4L], _project.Read(look.Input([new(0, 1)], [new(0, 4)])).Select(r => r.Place));
        Assert.True(look.Input([new(0, 5)]).IsEmpty);
        Assert.Equal([7L, 8L], log.Look(None).Read(0, 6, 100, None).SelectMany(b => Enumerable.Range(0, b.Rows.Count).Select(b.PlaceOf)));
        Assert.Equal(Enumerable.Range(0, 9).Select(i => (long)i), log.Look(None).Read(0, -1, 2, None).SelectMany(b => Enumerable.Range(0, b.Rows.Count).Select(b.PlaceOf)));
    }

    [Fact]
    public async Task Bounds_of_a_scan_hold_in_table_and_segments_and_types_are_those_asked_for()
    {
        var log = _project.Log();
        await using var writer = log.OpenPushWriter(None);
        await writer.AppendAsync(new() { Rows = LogProject.Numbered(0, 10) }, None);
        await writer.FlushAsync(None);
        await writer.AppendAsync(new() { Rows = LogProject.Numbered(10, 10) }, None);
        var rows = _project.Read(log.Look(None).Input(), r => r with { TimeColumn = "ts", NotBefore = 8 * Instant.Second, NotAfter = 12 * Instant.Second });
        Assert.Equal([8L, 9, 10, 11, 12], rows.Select(r => r.Place));
        using var reader = _project.Engine.Scan(new() { Table = log.Look(None).Input(), Columns = [new("n", new("n", FeatureType.Int32)), new("n", new("as text", FeatureType.String)), new("\0known", new("known", FeatureType.Timestamp))] }, None);
        var batch = new ColumnBatch(reader.Schema);
        var values = new List<(Value, Value, Value)>();
        while (reader.Read(batch, None))
            for (var i = 0; i < batch.Count; i++) values.Add((batch[0].GetValue(i), batch[1].GetValue(i), batch[2].GetValue(i)));
        Assert.Contains((Value.Of(19), Value.Of("19"), Value.Timestamp(Instant.Now(_project.Clock))), values);
        Assert.Contains((Value.Of(8), Value.Of("8"), Value.Timestamp(Instant.Now(_project.Clock))), values);
        Assert.Equal(20, values.Count);
    }

    [Fact]
    public async Task Each_process_has_a_partition_of_its_own_and_takes_over_what_another_left()
    {
        var log = _project.Log();
        await using (var first = log.OpenPushWriter(None))
        {
            await using var second = _project.Log().OpenPushWriter(None);
            Assert.Equal((0u, 1u), (first.Partition, second.Partition));
            Assert.Null(_project.Log().TryOpenWriter(1, None));
            await first.AppendAsync(new() { Rows = LogProject.Numbered(0, 2), Position = "a" }, None);
            await second.AppendAsync(new() { Rows = LogProject.Numbered(2, 3), PushKey = ("k", "answer\nof two lines") }, None);
            await first.AppendAsync(new() { Position = "b" }, None);
        }
        await using var again = log.TryOpenWriter(0, None)!;
        Assert.Equal((1L, "b"), (again.LastPlace, again.Position));
        await using var other = log.TryOpenWriter(1, None)!;
        Assert.Equal((2L, ("k", "answer\nof two lines", Instant.Now(_project.Clock))), (other.LastPlace, Assert.Single(other.PushKeys)));
        await again.AppendAsync(new() { Rows = LogProject.Numbered(5, 1) }, None);
        await again.FlushAsync(None);
        Assert.Equal([(0L, 0L), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)], _project.Read(log.Look(None).Input()).Select(r => (r.Partition, r.Place)));
        await again.DisposeAsync();
        await using var third = log.TryOpenWriter(0, None)!;
        Assert.Equal((2L, "b"), (third.LastPlace, third.Position)); // the segments are gone, the position is kept
    }

    [Fact]
    public async Task S15_segments_that_are_full_and_one_that_is_not_become_the_table_in_the_order_of_their_places()
    {
        _project.Options = new() { SegmentBytes = 1_000, SegmentAge = TimeSpan.FromDays(1) };
        var log = _project.Log();
        await using var writer = log.OpenPushWriter(None);
        for (var i = 0; i < 4; i++) await writer.AppendAsync(new() { Rows = LogProject.Numbered(i * 100, i % 2 == 0 ? 100 : 1) }, None); // the last segment is not full
        await writer.FlushAsync(None);
        Assert.Equal(Enumerable.Range(0, 202).Select(i => (long)i), _project.Read(log.Look(None).Input()).Select(r => r.Place));
        Assert.Empty(log.SegmentPaths(0));
    }

    /// <summary>Whatever a message may hold is the same in a segment and in the table, and never keeps a segment from becoming part of it.</summary>
    [Fact]
    public async Task S2_values_at_the_edges_of_their_types_are_the_same_in_segments_and_in_the_table()
    {
        var log = _project.Log();
        await using var writer = log.OpenPushWriter(None);
        long[] times = [long.MinValue, long.MinValue + 1, long.MinValue + 2, -62_135_596_800_000_000, -62_135_596_800_000_001, -1, 0, 253_402_300_800_000_000, long.MaxValue - 1, long.MaxValue];
        string[] texts = ["", "\0", "a\0b", "\uFEFF", "\r\n", "\U0001F600", new('x', 100_000), "null", "-0", "\u0001"];
        var rows = Enumerable.Range(0, times.Length).Select(i => new[]
        {
            Value.Of(texts[i]), Value.Timestamp(times[i]), Value.Of(i % 2 == 0 ? long.MinValue + i : long.MaxValue - i),
            Value.List(i % 3 == 0 ? [] : [Value.Of(texts[i]), Value.Null]), Value.Decimal(i % 2 == 0 ? 9_999_999_999 : -9_999_999_999, 2),
        }).ToList();
        await writer.AppendAsync(new() { Rows = LogProject.Rows(rows) }, None);
        Judge("in a segment");
        await writer.FlushAsync(None);
        Assert.Empty(log.SegmentPaths(0));
        Judge("in the table");

        void Judge(string where)
        {
            var look = log.Look(None);
            Assert.Equal(rows.Count, look.Read(0, -1, 3, None).Sum(b => b.Rows.Count));
            var read = _project.Read(look.Input());
            for (var i = 0; i < rows.Count; i++) Assert.True(rows[i].SequenceEqual(read[i].Row), $"{where}: row {i} is {string.Join(", ", read[i].Row)}");
            // Windows without a beginning, and labels without an end.
            foreach (var at in times.Skip(3).SkipLast(1))
            {
                Assert.True(rows.Count(r => r[1].AsInt64 <= at) == _project.Read(look.Input(), r => r with { TimeColumn = "ts", NotAfter = at }).Count, $"{where}: up to {at}");
                Assert.True(rows.Count(r => r[1].AsInt64 >= at) == _project.Read(look.Input(), r => r with { TimeColumn = "ts", NotBefore = at }).Count, $"{where}: from {at} on");
            }
        }
    }

    /// <summary>Under a load of pushes with keys there is always one under way.</summary>
    [Fact]
    public async Task S15_a_segment_waits_for_the_keys_that_stand_in_it_and_not_for_later_ones()
    {
        _project.Options = new() { SegmentBytes = 1_000, SegmentAge = TimeSpan.FromDays(1) };
        var log = _project.Log();
        await using (var writer = log.OpenPushWriter(None))
        {
            await writer.AppendAsync(new() { Rows = LogProject.Numbered(0, 100), PushKey = ("kept", "a") }, None);
            writer.KeyKept("kept");
            await writer.RollAsync(None);
            await writer.AppendAsync(new() { Rows = LogProject.Numbered(100, 100), PushKey = ("first", "a") }, None);
            await writer.RollAsync(None);
            Assert.Equal((99L, 1), (Committed(), log.SegmentPaths(0).Count));
            await writer.AppendAsync(new() { Rows = LogProject.Numbered(200, 100), PushKey = ("second", "a") }, None);
            writer.KeyKept("first");
            await writer.RollAsync(None);
            Assert.Equal((199L, 1), (Committed(), log.SegmentPaths(0).Count));
        }
        await using var again = log.OpenPushWriter(None);
        Assert.Equal("second", Assert.Single(again.PushKeys).Key);
        await again.RollAsync(None);
        Assert.Equal((199L, 1), (Committed(), log.SegmentPaths(0).Count));
        again.KeyKept("second");
        await again.RollAsync(None);
        Assert.Equal((299L, 0), (Committed(), log.SegmentPaths(0).Count));

        long Committed() => EventLog.Committed(log.TrySnapshot(None)).Single().Place;
    }

    [Fact]
    public async Task A_segment_that_cannot_be_read_is_not_removed()
    {
        var log = _project.Log();
        string path;
        await using (var writer = log.OpenPushWriter(None))
        {
            await writer.AppendAsync(new() { Rows = LogProject.Numbered(0, 3) }, None);
            path = log.SegmentPaths(0).Single();
            var bytes = await File.ReadAllBytesAsync(path);
            bytes[20] ^= 1;
            await File.WriteAllBytesAsync(path, bytes);
            var damaged = await Assert.ThrowsAsync<LockstepException>(() => writer.FlushAsync(None));
            Assert.Contains("is damaged at its head", damaged.Message, StringComparison.Ordinal);
        }
        // Nor by who opens the partition next: a head is written before the first event is acknowledged.
        var refused = Assert.Throws<LockstepException>(() => log.TryOpenWriter(0, None));
        Assert.Contains("is damaged at its head", refused.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(path));
    }

    [Theory, InlineData(0), InlineData(10), InlineData(40), InlineData(4096)]
    public async Task A_segment_whose_first_write_was_cut_short_is_removed(int bytes)
    {
        var log = _project.Log();
        await using (var writer = log.OpenPushWriter(None)) await writer.AppendAsync(new() { Rows = LogProject.Numbered(0, 1_000) }, None);
        var path = log.SegmentPaths(0).Single();
        await File.WriteAllBytesAsync(path, (await File.ReadAllBytesAsync(path))[..bytes]);
        await using var again = log.OpenPushWriter(None);
        Assert.Equal(-1, again.LastPlace);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task Places_that_the_outside_has_given_are_kept_and_never_go_back()
    {
        var log = _project.Log();
        await using var writer = log.TryOpenWriter(LogPartitions.FirstKafka, None)!;
        await writer.AppendAsync(new() { Rows = LogProject.Numbered(0, 3), Places = [5, 7, 20] }, None);
        var refused = await Assert.ThrowsAsync<LockstepException>(async () => await writer.AppendAsync(new() { Rows = LogProject.Numbered(0, 1), Places = [20] }, None));
        Assert.Contains("place 20 was logged already", refused.Message, StringComparison.Ordinal);
        await writer.AppendAsync(new() { Rows = LogProject.Numbered(3, 2), Places = [21, 22] }, None);
        Assert.Equal([5L, 7, 20, 21, 22], _project.Read(log.Look(None).Input()).Select(r => r.Place));
        await writer.FlushAsync(None);
        Assert.Equal([5L, 7, 20, 21, 22], _project.Read(log.Look(None).Input()).Select(r => r.Place));
        Assert.Equal([20L, 21, 22], _project.Read(log.Look(None).Input([new(LogPartitions.FirstKafka, 7)])).Select(r => r.Place));
    }

    [Fact]
    public async Task Refused_events_are_kept_with_their_reasons_each_once()
    {
        var log = _project.Log();
        await using (var writer = log.OpenPushWriter(None))
        {
            await writer.AppendAsync(new() { Refused = Refused("first", "second") }, None);
            await writer.FlushAsync(None);
            await writer.AppendAsync(new() { Rows = LogProject.Numbered(0, 1), Refused = Refused("third") }, None);
        }
        await using var again = log.OpenPushWriter(None);
        await again.AppendAsync(new() { Refused = Refused("fourth") }, None);
        await again.FlushAsync(None);
        using var reader = _project.Engine.Scan(new() { Table = log.Refused.Snapshot(None).Input("refused"), Columns = [new("reason", new("reason", FeatureType.String))] }, None);
        var batch = new ColumnBatch(reader.Schema);
        List<string> reasons = [];
        while (reader.Read(batch, None)) reasons.AddRange(Enumerable.Range(0, batch.Count).Select(i => batch[0].GetValue(i).AsString));
        Assert.Equal(["first", "fourth", "second", "third"], reasons.Order(StringComparer.Ordinal));

        static ColumnBatch Refused(params string[] reasons)
        {
            var rows = new ColumnBatch(EventLog.RefusedColumns);
            foreach (var reason in reasons) rows.AppendRow(Value.Of(reason), Value.Of("{}"), Value.Of("push"));
            return rows;
        }
    }

    [Fact]
    public async Task A_write_that_was_cut_short_counts_not_at_all()
    {
        var log = _project.Log();
        long whole;
        await using (var writer = log.OpenPushWriter(None))
        {
            await writer.AppendAsync(new() { Rows = LogProject.Numbered(0, 2), Position = "a" }, None);
            whole = new FileInfo(log.SegmentPaths(0)[0]).Length;
            await writer.AppendAsync(new() { Rows = LogProject.Numbered(2, 2), Position = "b" }, None);
        }
        var path = log.SegmentPaths(0)[0];
        var bytes = await File.ReadAllBytesAsync(path, None);
        for (var cut = (int)whole; cut < bytes.Length; cut += 7)
        {
            await File.WriteAllBytesAsync(path, bytes.AsMemory(0, cut), None);
            using var segment = SegmentFile.TryOpen(path)!;
            Assert.Equal((1L, whole, 2), (segment.LastPlace, segment.End, segment.Frames.Count)); // rows that had no position beside them would come again
        }
        await using var again = log.OpenPushWriter(None);
        Assert.Equal((1L, "a"), (again.LastPlace, again.Position));
        await again.AppendAsync(new() { Rows = LogProject.Numbered(7, 1) }, None);
        await again.FlushAsync(None);
        Assert.Equal([LogProject.Row(0), LogProject.Row(1), LogProject.Row(7)], _project.Read(log.Look(None).Input()).Select(r => r.Row));
    }

    /// <summary>In a payload, and in the length of one, which does not say any more where the next begins.</summary>
    [Theory, InlineData(0), InlineData(-SegmentFormat.HeadSize), InlineData(-SegmentFormat.HeadSize + 2)]
    public async Task Damage_in_front_of_whole_events_is_an_error_that_names_file_and_byte(int where)
    {
        var log = _project.Log();
        await using (var writer = log.OpenPushWriter(None))
            for (var i = 0; i < 3; i++) await writer.AppendAsync(new() { Rows = LogProject.Numbered(i, 1) }, None);
        var path = log.SegmentPaths(0)[0];
        var bytes = await File.ReadAllBytesAsync(path, None);
        using (var segment = SegmentFile.TryOpen(path)!) bytes[segment.Frames[1].At + where] ^= 1;
        await File.WriteAllBytesAsync(path, bytes, None);
        var damaged = Assert.Throws<LockstepException>(() => log.TryOpenWriter(0, None));
        Assert.Contains(path, damaged.Message, StringComparison.Ordinal);
        Assert.Contains("is damaged at byte", damaged.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_column_is_null_before_and_there_after()
    {
        await using (var writer = _project.Log().OpenPushWriter(None))
        {
            await writer.AppendAsync(new() { Rows = LogProject.Numbered(0, 1) }, None);
            await writer.FlushAsync(None);
            await writer.AppendAsync(new() { Rows = LogProject.Numbered(1, 1) }, None);
        }
        var wider = LogProject.Source with { Columns = [.. LogProject.Source.Columns!, new("more", FeatureType.Bool)] };
        var log = _project.Log(wider);
        await using var again = log.OpenPushWriter(None);
        var rows = new ColumnBatch(LogColumns.Of(wider));
        rows.AppendRow([.. LogProject.Row(2), Value.Of(true)]);
        await again.AppendAsync(new() { Rows = rows }, None);
        Assert.Equal([Value.Null, Value.Null, Value.Of(true)], More());
        await again.FlushAsync(None);
        Assert.Equal([Value.Null, Value.Null, Value.Of(true)], More());

        List<Value> More()
        {
            using var reader = _project.Engine.Scan(new() { Table = log.Look(None).Input(), Columns = [new("_place", new("place", FeatureType.Int64)), new("more", new("more", FeatureType.Bool))] }, None);
            var batch = new ColumnBatch(reader.Schema);
            SortedDictionary<long, Value> found = [];
            while (reader.Read(batch, None))
                for (var i = 0; i < batch.Count; i++) found.Add(batch[0].GetValue(i).AsInt64, batch[1].GetValue(i));
            return [.. found.Values];
        }
    }

    [Fact]
    public async Task Small_files_of_a_day_become_one_and_no_event_is_lost_or_doubled()
    {
        _project.Options = new() { CompactFiles = 4 };
        var log = _project.Log();
        await using var writer = log.OpenPushWriter(None);
        for (var i = 0; i < 9; i++)
        {
            await writer.AppendAsync(new() { Rows = LogProject.Numbered(i * 10, 10) }, None);
            await writer.FlushAsync(None);
            Assert.True(log.Table.Snapshot(None).FileCount < 4, $"{log.Table.Snapshot(None).FileCount} files");
        }
        Assert.Equal(Enumerable.Range(0, 90).Select(i => (long)i), _project.Read(log.Look(None).Input()).Select(r => r.Place));
        Assert.All(log.Table.Snapshot(None).Files(), f => Assert.Contains("_ingested_date=2026-06-01", f.Path, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Many_callers_are_written_together_each_event_once_and_in_the_order_of_its_caller()
    {
        _project.Options = new() { PendingBytes = 4096, SegmentBytes = 20_000 };
        var log = _project.Log();
        await using var writer = log.OpenPushWriter(None);
        const int callers = 16, each = 50;
        await Task.WhenAll(Enumerable.Range(0, callers).Select(async caller =>
        {
            var last = -1L;
            for (var i = 0; i < each; i++)
            {
                var receipt = await writer.AppendAsync(new() { Rows = LogProject.Rows([Value.Of(caller.ToString(CultureInfo.InvariantCulture)), Value.Timestamp(0), Value.Of((long)i), Value.Null, Value.Null]) }, None);
                Assert.True(receipt.Last > last);
                last = receipt.Last;
            }
        }));
        var rows = _project.Read(log.Look(None).Input());
        Assert.Equal(Enumerable.Range(0, callers * each).Select(i => (long)i), rows.Select(r => r.Place));
        foreach (var caller in rows.GroupBy(r => r.Row[0].AsString)) Assert.Equal(Enumerable.Range(0, each).Select(i => Value.Of((long)i)), caller.Select(r => r.Row[2]));
    }

    [Fact]
    public void The_bytes_of_a_segment_stay_what_they_are()
    {
        var head = SegmentFormat.FileHead(7, new([new("id", FeatureType.String), new("n", FeatureType.Int64)]));
        Assert.Equal("4C4B454C0100000007000000110000006964" + "20737472696E670A6E20696E743634", Convert.ToHexString(head)[..^16]);
        var batch = new ColumnBatch(new([new("id", FeatureType.String), new("n", FeatureType.Int64)]));
        batch.AppendRow(Value.Of("a"), Value.Of(1L));
        batch.AppendRow(Value.Null, Value.Of(2L));
        var payload = new System.Buffers.ArrayBufferWriter<byte>();
        ColumnBlock.Write(payload, batch.Columns);
        Assert.Equal("01" + "0100000000000000" + "01000000" + "01000000" + "61" + "00" + "0100000000000000" + "0200000000000000", Convert.ToHexString(payload.WrittenSpan));
        var frame = new byte[SegmentFormat.HeadSize + payload.WrittenCount];
        payload.WrittenSpan.CopyTo(frame.AsSpan(SegmentFormat.HeadSize));
        SegmentFormat.WriteHead(frame, new(FrameKind.Rows, 3, 4, 5, 2, More: true));
        Assert.Equal("23000000" + "01" + "01" + "0000" + "0300000000000000" + "0400000000000000" + "0500000000000000" + "02000000" + "00000000", Convert.ToHexString(frame.AsSpan(0, 40)));
        Assert.True(SegmentFormat.IsWhole(frame.AsSpan(0, 48), frame.AsSpan(48)));
        Assert.Equal(new FrameHead(FrameKind.Rows, 3, 4, 5, 2, true), SegmentFormat.ReadHead(frame));
    }
}
