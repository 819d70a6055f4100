using Lockstep.Compliance.Aggregation;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Aggregation.PointInTime;
using Lockstep.Core.Definitions;
using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Aggregation;

public sealed class WindowSweepTests
{
    public static TheoryData<int> Seeds() => [.. Enumerable.Range(0, 10).Select(i => i * 150)];

    /// <summary>Every function, window, hop and delay over thin random events, in any order, batches, partitions and threads, with and without a spill.</summary>
    [Theory, MemberData(nameof(Seeds))]
    public void S9_the_sweep_agrees_with_the_naive_windows(int first)
    {
        for (var seed = first; seed < first + 150; seed++) Check(new(seed), asKnown: false, seed);
    }

    [Theory, MemberData(nameof(Seeds))]
    public void S8_as_known_the_sweep_agrees_with_the_naive_windows(int first)
    {
        for (var seed = first; seed < first + 100; seed++) Check(new(seed), asKnown: true, seed);
    }

    /// <summary>And until the table brings its day (S25).</summary>
    [Theory, MemberData(nameof(Seeds))]
    public void S8_S25_what_is_known_for_a_while_the_sweep_agrees_with_the_naive_windows(int first)
    {
        for (var seed = first; seed < first + 50; seed++) Check(new(seed), asKnown: true, seed, replaced: true);
    }

    /// <summary>Dense events of one key: windows with hundreds of events, large prefix sums, many values.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public void S13_dense_events_agree_with_the_naive_windows(int seed) => Check(new(seed + 10_000, maxEvents: 1_500), asKnown: false, seed + 10_000);

    [Fact]
    public void S13_a_key_with_very_many_events_gives_the_same_as_its_events_in_parts()
    {
        // 100,000 events of one key: sums are then kept at every 8th event only. The judge is the accumulator.
        const int count = 100_000;
        var random = new Random(3);
        var plan = new WindowPlanBuilder([FeatureType.Int64]).Add("s", "sum", new("x", FeatureType.Float64), Parse("1h")).Add("d", "stddev_pop", new("x", FeatureType.Float64), Parse("3h"))
            .Add("m", "max", new("x", FeatureType.Float64), Parse("3h")).Add("n", "distinct_count", new("x", FeatureType.Float64), Parse("3h")).Build();
        var batch = new ColumnBatch(new([new("k", FeatureType.Int64), new("t", FeatureType.Timestamp), new("x", FeatureType.Float64)]));
        for (var i = 0; i < count; i++) batch.AppendRow(Value.Of(1L), Value.Timestamp(random.NextInt64(10 * Instant.Hour)), random.Next(9) == 0 ? Value.Null : Value.Of(random.Next(5_000) / 7.0));
        (Value[], long?)[] labels = [.. Enumerable.Range(0, 200).Select(_ => (new[] { Value.Of(1L) }, (long?)random.NextInt64(11 * Instant.Hour)))];

        var found = Sweep(plan, labels, [batch], new());

        var times = ((FixedColumn<long>)batch[1]).Values.ToArray();
        for (var f = 0; f < plan.Features.Count; f++)
        {
            var feature = plan.Features[f];
            var state = plan.States[feature.State].Spec.Create();
            for (var label = 0; label < labels.Length; label++)
            {
                var bounds = plan.Bounds(feature.Window, labels[label].Item2!.Value);
                state.Clear();
                state.Add(batch[2], times, [.. Enumerable.Range(0, count).Where(i => times[i] >= bounds.From && times[i] < bounds.To)]);
                Assert.Equal(AggregateLaws.Read(feature.Output, state, bounds).Value, found[f][label]);
            }
        }
    }

    [Fact]
    public void A_key_with_half_of_all_events_costs_no_more_than_its_events()
    {
        // Work is counted in bytes that are allocated: each kernel's buffers grow with the events of one group.
        var (even, skewed) = (Allocated(half: false), Allocated(half: true));
        Assert.InRange(skewed, 0, 2 * even);

        static long Allocated(bool half)
        {
            const int count = 200_000, keys = 500;
            var random = new Random(5);
            var builder = new WindowPlanBuilder([FeatureType.Int64]).Add("c", "count", null, Parse("1h"));
            foreach (var function in (string[])["sum", "stddev_pop", "max", "last", "distinct_count", "mode"]) builder.Add(function, function, new("x", FeatureType.Float64), Parse("3h"));
            var sweep = new WindowSweep(Index([.. Enumerable.Range(0, 5_000).Select(_ => (new[] { Value.Of((long)Key()) }, (long?)random.NextInt64(48 * Instant.Hour)))]), builder.Build(), new() { Threads = 1, PartitionLabels = 100, MaxBytes = 1 << 20, Spill = new MemorySpill() });
            for (var first = 0; first < count; first += 2_000)
            {
                var batch = new ColumnBatch(new([new("k", FeatureType.Int64), new("t", FeatureType.Timestamp), new("x", FeatureType.Float64)]));
                for (var i = 0; i < 2_000; i++) batch.AppendRow(Value.Of((long)Key()), Value.Timestamp(random.NextInt64(48 * Instant.Hour)), Value.Of(random.Next(500) / 7.0));
                sweep.Add(batch);
            }
            var before = GC.GetAllocatedBytesForCurrentThread();
            sweep.Finish(CancellationToken.None);
            return GC.GetAllocatedBytesForCurrentThread() - before;

            int Key() => half && random.Next(2) == 0 ? 0 : random.Next(keys);
        }
    }

    [Fact]
    public void S13_out_of_range_is_told_of_each_label()
    {
        var plan = new WindowPlanBuilder([FeatureType.Int64]).Add("s", "sum", new("x", FeatureType.Int64), Parse("1h")).Add("m", "max", new("x", FeatureType.Int64), Parse("1h")).Build();
        var batch = new ColumnBatch(new([new("k", FeatureType.Int64), new("t", FeatureType.Timestamp), new("x", FeatureType.Int64)]));
        batch.AppendRow(Value.Of(1L), Value.Timestamp(10), Value.Of(long.MaxValue));
        batch.AppendRow(Value.Of(1L), Value.Timestamp(20), Value.Of(1L));
        var index = Index([(new[] { Value.Of(1L) }, 15), (new[] { Value.Null }, 30), (new[] { Value.Of(1L) }, 25), (new[] { Value.Of(1L) }, 25), (new[] { Value.Of(2L) }, 25)]);
        var sweep = new WindowSweep(index, plan);
        sweep.Add(batch);

        var rows = sweep.Finish(CancellationToken.None);

        Assert.Equal([2, 3], rows.OutOfRange(0));
        Assert.Empty(rows.OutOfRange(1));
    }

    [Fact]
    public void S20_a_default_stands_for_null_and_for_a_key_that_is_null()
    {
        var plan = new WindowPlanBuilder([FeatureType.Int64]).Add("s", "sum", new("x", FeatureType.Float64), Parse("1h")).Build();
        var sweep = new WindowSweep(Index([(new[] { Value.Of(1L) }, 15), (new[] { Value.Null }, 30)]), plan);
        var rows = sweep.Finish(CancellationToken.None);
        var (column, places) = (Column.Create(FeatureType.Float64), new int[2]);
        rows.Find(0, places);

        rows.AppendTo(column, 0, Value.Of(-1.5), places);

        Assert.Equal([Value.Of(-1.5), Value.Of(-1.5)], new[] { column.GetValue(0), column.GetValue(1) });
    }

    [Fact]
    public void A_spill_that_fails_ends_the_sweep_with_its_own_error()
    {
        var plan = new WindowPlanBuilder([FeatureType.Int64]).Add("s", "sum", new("x", FeatureType.Float64), Parse("1h")).Build();
        using var spill = new BrokenSpill();
        var sweep = new WindowSweep(Index([.. Enumerable.Range(0, 50).Select(i => (new[] { Value.Of((long)i) }, (long?)15))]), plan, new() { MaxBytes = 1, Spill = spill, PartitionLabels = 1, Threads = 2 });
        var batch = new ColumnBatch(new([new("k", FeatureType.Int64), new("t", FeatureType.Timestamp), new("x", FeatureType.Float64)]));
        for (var i = 0; i < 50; i++) batch.AppendRow(Value.Of((long)i), Value.Timestamp(10), Value.Of(1.5));
        sweep.Add(batch);

        Assert.Equal("the disk is gone", Assert.Throws<LockstepException>(() => sweep.Finish(CancellationToken.None)).Message);
        Assert.Throws<OperationCanceledException>(() => sweep.Finish(new(canceled: true)));
    }

    sealed class BrokenSpill : IBatchSpill
    {
        public void Write(int partition, ColumnBatch batch)
        {
        }

        public BatchReader Read(int partition, Schema schema) => throw new LockstepException(ErrorKind.Failed, "the disk is gone");

        public void Dispose()
        {
        }
    }

    static Window Parse(string text) => Window.TryParse(text, null, out var window) ? window : throw new ArgumentException(text);

    static void Check(RandomEvents drawn, bool asKnown, int seed, bool replaced = false)
    {
        var plan = drawn.Plan();
        NaiveEvent[] events = [.. drawn.Events.Select(e => e with { Until = replaced && drawn.Random.Next(3) > 0 ? drawn.Time() : null })], shuffled = [.. events];
        drawn.Random.Shuffle(shuffled);
        using var spill = new MemorySpill();
        var options = new WindowSweepOptions
        {
            AsKnown = asKnown,
            IsReplaced = replaced,
            Threads = drawn.Random.Next(1, 4),
            PartitionLabels = drawn.Random.Next(1, 30),
            MaxBytes = drawn.Random.Next(2) == 0 ? 200 : 1 << 20,
            Spill = drawn.Random.Next(2) == 0 ? spill : null,
        };

        var found = Sweep(plan, drawn.Labels, drawn.Batches(plan, shuffled, asKnown, replaced), options);

        for (var f = 0; f < drawn.Features.Length; f++)
            for (var label = 0; label < drawn.Labels.Length; label++)
            {
                var (key, at) = drawn.Labels[label];
                var (expected, _) = NaiveWindows.Compute(events, key, at, drawn.Features[f], drawn.Delay, asKnown);
                Assert.True(expected == found[f][label], $"seed {seed}, label {label} ({key[0]} at {at}): expected {expected}, found {found[f][label]}: {drawn.Features[f]} ({drawn})");
            }
    }

    static Value[][] Sweep(WindowPlan plan, (Value[] Key, long? At)[] labels, IEnumerable<ColumnBatch> batches, WindowSweepOptions options)
    {
        var sweep = new WindowSweep(Index(labels), plan, options);
        foreach (var batch in batches) sweep.Add(batch);
        var rows = sweep.Finish(CancellationToken.None);
        var places = new int[labels.Length];
        rows.Find(0, places);
        return
        [
            .. plan.Features.Select((f, i) =>
            {
                var column = Column.Create(f.Type);
                rows.AppendTo(column, i, Value.Null, places);
                return Enumerable.Range(0, labels.Length).Select(column.GetValue).ToArray();
            }),
        ];
    }

    static LabelIndex Index((Value[] Key, long? At)[] labels)
    {
        var (key, time) = (new FixedColumn<long>(FeatureType.Int64), new FixedColumn<long>(FeatureType.Timestamp));
        foreach (var (k, t) in labels)
        {
            key.Append(k[0]);
            time.Append(t is { } at ? Value.Timestamp(at) : Value.Null);
        }
        var index = new LabelIndex([FeatureType.Int64]);
        index.Add([key], time);
        index.Build();
        return index;
    }

    sealed class MemorySpill : IBatchSpill
    {
        readonly Dictionary<int, List<ColumnBatch>> _batches = [];

        public void Write(int partition, ColumnBatch batch)
        {
            var copy = new ColumnBatch(batch.Schema);
            for (var row = 0; row < batch.Count; row++) copy.AppendRow(batch.GetRow(row));
            if (!_batches.TryGetValue(partition, out var list)) _batches.Add(partition, list = []);
            list.Add(copy);
        }

        public BatchReader Read(int partition, Schema schema) => new Reader(schema, new(_batches[partition]));

        public void Dispose()
        {
        }

        sealed class Reader(Schema schema, Queue<ColumnBatch> batches) : BatchReader
        {
            public override Schema Schema => schema;

            public override bool Read(ColumnBatch batch, CancellationToken token)
            {
                batch.Clear();
                if (!batches.TryDequeue(out var next)) return false;
                for (var row = 0; row < next.Count; row++) batch.AppendRow(next.GetRow(row));
                return true;
            }
        }
    }
}
