using System.Buffers;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Rows;

/// <summary>Merging against a twin that keeps every row it was ever told and answers from the definition.</summary>
public sealed class ValueCellMergeTests
{
    static readonly RowLayout Layout = new(new Schema([
        new("a", FeatureType.Int32), new("b", FeatureType.String), new("c", FeatureType.List(FeatureType.Float64)), new("d", FeatureType.Bool)]));

    const long Far = ValueCell.Grace * 1_000;

    sealed record Row(long Time, long? Created, Value[] Values);

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void S6_order_over_packed_rows_is_the_order_over_values(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 5_000; round++)
        {
            var (a, b) = (RandomRow(random), RandomRow(random));
            var expected = Math.Sign(Compare(a with { Time = 0 }, b with { Time = 0 }));
            Assert.True(expected == Math.Sign(ValueCellOrder.Compare(Layout, a.Created, Pack(a), b.Created, Pack(b))),
                $"seed {seed}, round {round}: {string.Join(",", a.Values)} against {string.Join(",", b.Values)}");
        }
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public void S6_any_order_and_repetition_of_adds_ends_in_the_same_answers(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 400; round++)
        {
            var rows = Enumerable.Range(0, random.Next(1, 9)).Select(_ => RandomRow(random)).ToArray();
            byte[] cell = [];
            var now = 0L;
            foreach (var row in rows.Concat(rows.Take(random.Next(3))).OrderBy(_ => random.Next()))
            {
                now += random.Next(3) == 0 ? random.NextInt64(2 * ValueCell.Grace) : 0;
                cell = Apply(cell, now, Update(ValueUpdateKind.Add, 1, [row]));
            }
            AssertAnswers(rows, cell, now, $"seed {seed}, round {round}");
        }
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void S7_replacements_and_pushes_leave_what_the_source_says(int seed)
    {
        // The truth is a set of rows: a push adds one, a run sees them all as of some place of the log and replaces, or adds.
        var random = new Random(seed);
        var conflicts = 0;
        for (var round = 0; round < 400; round++)
        {
            List<Row> pushed = [], table = [];
            List<int> unapplied = [];
            byte[] cell = [];
            var (now, run) = (0L, 0L);
            for (var step = 0; step < 12; step++)
            {
                now += random.Next(3) == 0 ? ValueCell.Grace : 0;
                switch (random.Next(4))
                {
                    case 0: // logged now, applied at once or after a replay from an older place, in order
                        pushed.Add(RandomRow(random));
                        unapplied.Add(pushed.Count - 1);
                        break;
                    case 1:
                        for (var place = Math.Max(0, unapplied.Count > 0 ? unapplied[0] - random.Next(3) : pushed.Count); place < pushed.Count; place++)
                            cell = Apply(cell, now, Update(ValueUpdateKind.Push, 0, [pushed[place]], place));
                        unapplied.Clear();
                        break;
                    case 2: // rows come and go: only a replacement can say so
                        if (table.Count > 0 && random.Next(2) == 0) table.RemoveAt(random.Next(table.Count));
                        else table.Add(RandomRow(random));
                        var read = random.Next(2) == 0 ? pushed.Count : Math.Max(0, pushed.Count - 1);
                        run++;
                        var merged = Apply(cell, now, Replacement(run, Answer(table.Concat(pushed.Take(read)), now), read - 1, now), out var outcome);
                        if (outcome == ValueCellOutcome.Conflict)
                        {
                            conflicts++;
                            merged = Apply(cell, now, Replacement(run, Answer(table.Concat(pushed), now), pushed.Count - 1, now), out outcome);
                            unapplied.Clear();
                        }
                        Assert.NotEqual(ValueCellOutcome.Conflict, outcome);
                        cell = merged;
                        break;
                    default:
                        table.Add(RandomRow(random));
                        cell = Apply(cell, now, Update(ValueUpdateKind.Add, ++run, [table[^1]]));
                        break;
                }
                // What is logged and not applied, as a reader sees it: pushes in one update, with some that were applied before.
                if (unapplied.Count == 0) continue;
                List<ReadOnlyMemory<byte>> pending = [];
                var one = cell;
                for (var place = Math.Max(0, unapplied[0] - random.Next(2)); place < pushed.Count; place++)
                {
                    pending.Add(Update(ValueUpdateKind.Push, 0, [pushed[place]], place));
                    one = Apply(one, now, pending[^1].ToArray());
                }
                ArrayBufferWriter<byte> combined = new();
                ValueCellUpdate.CombinePushes(Layout, now, pending, combined);
                var seen = Apply(cell, now, combined.WrittenSpan.ToArray());
                Assert.Equal(Convert.ToHexString(one), Convert.ToHexString(seen));
                AssertAnswers([.. table, .. pushed], seen, now, $"seed {seed}, round {round}, step {step}");
            }
            for (var place = unapplied.Count > 0 ? unapplied[0] : pushed.Count; place < pushed.Count; place++)
                cell = Apply(cell, now, Update(ValueUpdateKind.Push, 0, [pushed[place]], place));
            AssertAnswers([.. table, .. pushed], cell, now, $"seed {seed}, round {round}");
        }
        Assert.True(conflicts > 20, $"only {conflicts} conflicts");
    }

    [Fact]
    public void S7_a_lower_run_changes_nothing()
    {
        var row = new Row(10, null, [Value.Of(1), Value.Null, Value.Null, Value.Null]);
        var cell = Apply([], 0, Update(ValueUpdateKind.Add, 5, [row]));
        foreach (var kind in new[] { ValueUpdateKind.Add, ValueUpdateKind.Replace })
        {
            var after = Apply(cell, 0, Update(kind, 4, [row with { Time = 20 }]), out var outcome);
            Assert.Equal((ValueCellOutcome.Superseded, Convert.ToHexString(cell)), (outcome, Convert.ToHexString(after)));
        }
    }

    [Fact]
    public void S7_a_row_that_loses_still_leaves_its_runs_number()
    {
        var row = new Row(10, null, [Value.Of(1), Value.Null, Value.Null, Value.Null]);
        var cell = Apply([], Far, Update(ValueUpdateKind.Add, 1, [row]));
        cell = Apply(cell, Far, Update(ValueUpdateKind.Add, 3, [row with { Time = 9 }]));
        Assert.Equal(3, new ValueCellReader(cell).Run);
        Apply(cell, Far, Update(ValueUpdateKind.Replace, 2, []), out var outcome); // computed before run 3 came: it must not win
        Assert.Equal(ValueCellOutcome.Superseded, outcome);
    }

    [Fact]
    public void S7_a_removed_key_stays_as_a_mark_that_older_runs_respect()
    {
        var row = new Row(10, null, [Value.Of(1), Value.Null, Value.Null, Value.Null]);
        var cell = Apply([], Far, Replacement(5, [], 3, Far));
        Assert.True(new ValueCellReader(cell).IsRemoved);
        Assert.Equal(Far, new ValueCellReader(cell).RemovedAt);
        Apply(cell, Far, Update(ValueUpdateKind.Add, 4, [row]), out var older);
        Apply(cell, Far, Update(ValueUpdateKind.Push, 0, [row], place: 3), out var readByTheRun);
        Assert.Equal((ValueCellOutcome.Superseded, ValueCellOutcome.Unchanged), (older, readByTheRun));
        cell = Apply(cell, Far, Update(ValueUpdateKind.Push, 0, [row], place: 4));
        Assert.False(new ValueCellReader(cell).IsRemoved);
        Assert.True(new ValueCellReader(cell).TryNewest(10, out _, out _));
    }

    [Fact]
    public void S14_rows_ahead_are_kept_beside_the_current_one()
    {
        Row At(long time) => new(time, null, [Value.Of((int)(time / Instant.Second)), Value.Null, Value.Null, Value.Null]);
        byte[] cell = [];
        foreach (var second in new long[] { 100, 700, 96, 94, 95, 90 })
            cell = Apply(cell, 100 * Instant.Second, Update(ValueUpdateKind.Add, 1, [At(second * Instant.Second)]));
        // at now - grace = 95 s the row of 95 s is current; 94 and 90 can never be asked for
        Assert.Equal([700L, 100L, 96L, 95L], Times(cell));
        cell = Apply(cell, 700 * Instant.Second, Update(ValueUpdateKind.Add, 2, [At(1_000 * Instant.Second)]));
        Assert.Equal([1_000L, 700L, 100L], Times(cell));

        static long[] Times(byte[] cell)
        {
            var reader = new ValueCellReader(cell);
            var times = new long[reader.Count];
            for (var i = 0; i < times.Length; i++) times[i] = reader.EventTimestamp(i) / Instant.Second;
            return times;
        }
    }

    [Fact]
    public void S20_cleaning_keeps_the_timestamp_of_a_row_past_ttl_and_drops_old_marks()
    {
        const long ttl = Instant.Hour;
        var row = new Row(10, 20, [Value.Of(1), Value.Of("text"), Value.Null, Value.Null]);
        var cell = Apply([], 0, Update(ValueUpdateKind.Add, 5, [row]));
        var to = new ArrayBufferWriter<byte>();
        Assert.False(ValueCellCleaner.Clean(10 + ttl, ttl, 1, cell, to));
        Assert.False(ValueCellCleaner.Clean(10 + 10_000 * ttl, 0, 1, cell, to));
        Assert.True(ValueCellCleaner.Clean(10 + 100 * ttl, ttl, 1, cell, to));
        var cleaned = new ValueCellReader(to.WrittenSpan);
        Assert.True(cleaned.TryNewest(long.MaxValue, out var time, out var bytes));
        Assert.Equal((10L, 0, 5L, (long?)20L), (time, bytes.Length, cleaned.Run, cleaned.Created(0)));
        to.Clear();
        var mark = Apply(cell, 50, Replacement(6, [], -1, 50));
        Assert.False(ValueCellCleaner.Clean(150, ttl, 100, mark, to));
        Assert.True(ValueCellCleaner.Clean(151, ttl, 100, mark, to));
        Assert.Equal(0, to.WrittenCount);
    }

    [Fact]
    public void S5_cleaning_keeps_every_answer()
    {
        var random = new Random(11);
        for (var round = 0; round < 2_000; round++)
        {
            var rows = Enumerable.Range(0, random.Next(1, 6)).Select(_ => RandomRow(random)).ToArray();
            var cell = Apply([], -Far, Update(ValueUpdateKind.Add, 1, [.. Answer(rows, -Far)]));
            var now = random.NextInt64(-4, 8) * ValueCell.Grace;
            var to = new ArrayBufferWriter<byte>();
            if (ValueCellCleaner.Clean(now, 0, 1, cell, to)) cell = to.WrittenSpan.ToArray();
            AssertAnswers(rows, cell, now, $"round {round}");
        }
    }

    static void AssertAnswers(IReadOnlyList<Row> rows, byte[] cell, long now, string where)
    {
        var reader = new ValueCellReader(cell);
        for (var at = now - ValueCell.Grace; at <= now + 6 * ValueCell.Grace; at += ValueCell.Grace / 2)
        {
            var expected = rows.Where(r => r.Time <= at).OrderBy(r => r, Comparer<Row>.Create(Compare)).LastOrDefault();
            var found = reader.TryNewest(at, out var time, out var bytes);
            Assert.True(found == expected is not null, $"{where}, at {at}");
            if (expected is null) continue;
            Assert.True(time == expected.Time && bytes.SequenceEqual(Pack(expected)), $"{where}, at {at}: {time} instead of {expected.Time}");
        }
    }

    /// <summary>What a run computes: every row that can still be asked for, one an instant.</summary>
    static Row[] Answer(IEnumerable<Row> rows, long now)
    {
        var best = rows.GroupBy(r => r.Time).Select(g => g.OrderBy(r => r, Comparer<Row>.Create(Compare)).Last()).OrderByDescending(r => r.Time).ToArray();
        var current = Array.FindIndex(best, r => r.Time <= now - ValueCell.Grace);
        return current < 0 ? best : best[..(current + 1)];
    }

    static int Compare(Row a, Row b)
    {
        if (a.Time != b.Time) return a.Time.CompareTo(b.Time);
        var created = Value.CompareForNewest(Nullable(a.Created), Nullable(b.Created));
        for (var i = 0; created == 0 && i < a.Values.Length; i++) created = Value.CompareForNewest(a.Values[i], b.Values[i]);
        return created;

        static Value Nullable(long? value) => value is { } v ? Value.Of(v) : Value.Null;
    }

    /// <summary>Few values, so that ties reach down to the last column.</summary>
    static Row RandomRow(Random random) => new(random.Next(-3, 4) * ValueCell.Grace, random.Next(3) is var created and > 0 ? created : null,
    [
        random.Next(3) == 0 ? Value.Null : Value.Of(random.Next(-1, 1)),
        random.Next(3) == 0 ? Value.Null : Value.Of(new[] { "", "a", "z", "é" }[random.Next(4)]),
        random.Next(3) == 0 ? Value.Null : Value.List([.. Enumerable.Range(0, random.Next(3)).Select(_ => random.Next(3) == 0 ? Value.Null : Value.Of((double)random.Next(-1, 2)))]),
        random.Next(3) == 0 ? Value.Null : Value.Of(random.Next(2) == 0),
    ]);

    static byte[] Pack(Row row) => new RowWriter(Layout).Write(row.Values).ToArray();

    static byte[] Update(ValueUpdateKind kind, long run, Row[] rows, long place = -1)
    {
        var writer = new ValueCellWriter();
        writer.Begin(run);
        if (place >= 0) writer.AddPlace(new(1, place));
        foreach (var row in rows) writer.AddRow(row.Time, row.Created, Pack(row));
        var to = new ArrayBufferWriter<byte>();
        ValueCellUpdate.Write(to, kind, 0, writer);
        return to.WrittenSpan.ToArray();
    }

    static byte[] Replacement(long run, Row[] rows, long read, long now)
    {
        var writer = new ValueCellWriter();
        writer.Begin(run);
        if (rows.Length == 0) writer.MarkRemoved(now);
        if (read >= 0) writer.AddPlace(new(1, read));
        foreach (var row in rows) writer.AddRow(row.Time, row.Created, Pack(row));
        var to = new ArrayBufferWriter<byte>();
        ValueCellUpdate.Write(to, ValueUpdateKind.Replace, 0, writer);
        return to.WrittenSpan.ToArray();
    }

    static byte[] Apply(byte[] cell, long now, byte[] update) => Apply(cell, now, update, out _);

    static byte[] Apply(byte[] cell, long now, byte[] update, out ValueCellOutcome outcome)
    {
        var merged = new ArrayBufferWriter<byte>();
        outcome = ValueCellUpdate.Apply(Layout, now, cell, update, merged);
        return outcome == ValueCellOutcome.Changed ? merged.WrittenSpan.ToArray() : cell;
    }
}
