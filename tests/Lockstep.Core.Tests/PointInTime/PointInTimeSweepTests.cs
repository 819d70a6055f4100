using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.PointInTime;

public sealed class PointInTimeSweepTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(8)]
    public void S6_sweep_agrees_with_the_naive_twin(int block)
    {
        var (answered, empty, tooOld) = (0L, 0L, 0L);
        for (var seed = block * 1000; seed < block * 1000 + 400; seed++)
        {
            var tables = new RandomTables(seed);
            int[] all = [.. Enumerable.Range(0, tables.Features.Length)];
            var (sweep, index) = (null as PointInTimeSweep, tables.Index());
            sweep = new(index, tables.Plan(all));
            foreach (var batch in tables.Batches(all)) Assert.True(sweep.Add(batch), $"seed {seed}");
            var rows = sweep.Finish();
            Check(tables, rows, all, seed);
            answered += rows.Found;
            empty += rows.Missing;
            tooOld += rows.OutsideMaxAge;
            Assert.Equal(tables.Labels.Length, rows.Found + rows.Missing + rows.OutsideMaxAge);
        }
        Assert.True(answered > 500 && empty > 500 && tooOld > 100, $"thin data went wrong: {answered}, {empty}, {tooOld}"); // the test tests something
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void S6_features_that_are_not_read_are_asked_for_when_they_decide(int block)
    {
        var (right, asked) = (0, 0);
        for (var seed = block * 1000; seed < block * 1000 + 400; seed++)
        {
            var tables = new RandomTables(seed);
            var some = tables.RandomOrdinals();
            var sweep = new PointInTimeSweep(tables.Index(), tables.Plan(some));
            foreach (var batch in tables.Batches(some)) sweep.Add(batch);
            if (sweep.State == SweepState.Running)
            {
                right++;
                Check(tables, sweep.Finish(), some, seed);
                continue;
            }
            asked++;
            Assert.Equal(SweepState.NeedsFeatures, sweep.State);
            Assert.True(some[^1] >= some.Length, $"seed {seed}: all features before the last one asked for were read"); // a gap was there
        }
        Assert.True(right > 100 && asked > 10, $"{right} right at once, {asked} asked for more");
    }

    [Fact]
    public void S5_both_ends_of_the_ttl_are_included()
    {
        var rows = Sweep(ttl: 10, asKnown: false, labels: [5, 10, 11, 20, 21], (10, null, 1));

        Assert.Equal([Value.Null, Value.Of(1L), Value.Of(1L), Value.Of(1L), Value.Null], rows.Values);
        Assert.Equal((3, 1, 1), (rows.Result.Found, rows.Result.Missing, rows.Result.OutsideMaxAge));
    }

    [Fact]
    public void S8_a_row_counts_from_the_instant_it_was_created()
    {
        var rows = Sweep(ttl: 0, asKnown: true, labels: [4, 5, 8, 9, 12], (1, 5, 1), (2, 9, 2), (3, null, 3), (1, 12, 4));

        // At 12 the row of event time 2 stands: created later wins only among rows of one event time.
        Assert.Equal([Value.Null, Value.Of(1L), Value.Of(1L), Value.Of(2L), Value.Of(2L)], rows.Values);
    }

    [Fact]
    public void S8_without_as_known_rows_created_later_are_counted()
    {
        var rows = Sweep(ttl: 0, asKnown: false, labels: [4, 5, 9], (1, 5, 1), (9, 9, 2));

        Assert.Equal([Value.Of(1L), Value.Of(1L), Value.Of(2L)], rows.Values);
        Assert.Equal(1, rows.Result.KnownLater);
    }

    [Fact]
    public void S20_a_default_stands_for_null_and_for_no_row()
    {
        var rows = Sweep(ttl: 0, asKnown: false, labels: [0, 1, 2], defaultValue: Value.Of(-7L), (1, null, null), (2, null, 5));

        Assert.Equal([Value.Of(-7L), Value.Of(-7L), Value.Of(5L)], rows.Values);
    }

    [Fact]
    public void Sweep_of_more_than_fits_says_so()
    {
        var index = Labels(Enumerable.Range(0, 100).Select(i => (long)i));
        var sweep = new PointInTimeSweep(index, Plan(0, false) with { CompactBytes = 100, MaxBytes = 200 });
        var batch = Rows([.. Enumerable.Range(0, 100).Select(i => ((long)i, (long?)null, (long?)i))]);

        Assert.False(sweep.Add(batch));
        Assert.Equal(SweepState.TooLarge, sweep.State);
    }

    static void Check(RandomTables tables, PointInTimeRows rows, int[] ordinals, int seed)
    {
        var columns = ordinals.Select(o => Column.Create(tables.Features[o])).ToArray();
        var places = new int[tables.Labels.Length];
        rows.Find(0, places);
        for (var i = 0; i < columns.Length; i++) rows.AppendTo(columns[i], i, Value.Null, places);
        for (var label = 0; label < tables.Labels.Length; label++)
        {
            var expected = NaiveTwin.Newest(tables.Rows, tables.Labels[label], tables.Ttl, tables.AsKnown, tables.HasCreated);
            for (var i = 0; i < columns.Length; i++)
                Assert.True((expected?.Features[ordinals[i]] ?? Value.Null) == columns[i].GetValue(label), $"seed {seed}, label {label}, feature {ordinals[i]}: expected {expected?.Features[ordinals[i]]}, found {columns[i].GetValue(label)} ({tables})");
        }
    }

    static (PointInTimeRows Result, Value[] Values) Sweep(long ttl, bool asKnown, long[] labels, params (long, long?, long?)[] rows) => Sweep(ttl, asKnown, labels, Value.Null, rows);

    static (PointInTimeRows Result, Value[] Values) Sweep(long ttl, bool asKnown, long[] labels, Value defaultValue, params (long, long?, long?)[] rows)
    {
        var sweep = new PointInTimeSweep(Labels(labels), Plan(ttl, asKnown));
        Assert.True(sweep.Add(Rows(rows)));
        var result = sweep.Finish();
        var column = Column.Create(FeatureType.Int64);
        var places = new int[labels.Length];
        result.Find(0, places);
        result.AppendTo(column, 0, defaultValue, places);
        return (result, [.. Enumerable.Range(0, labels.Length).Select(column.GetValue)]);
    }

    static LabelIndex Labels(IEnumerable<long> times)
    {
        var (key, time) = (new FixedColumn<long>(FeatureType.Int64), new FixedColumn<long>(FeatureType.Timestamp));
        foreach (var t in times)
        {
            key.Append(1);
            time.Append(t);
        }
        var index = new LabelIndex([FeatureType.Int64]);
        index.Add([key], time);
        index.Build();
        return index;
    }

    static SweepPlan Plan(long ttl, bool asKnown) => new()
    {
        Keys = [FeatureType.Int64],
        HasCreated = true,
        Features = new([new("x", FeatureType.Int64)]),
        Ordinals = [0],
        Ttl = ttl,
        AsKnown = asKnown,
    };

    static ColumnBatch Rows((long Time, long? Created, long? X)[] rows)
    {
        var batch = new ColumnBatch(new([new("k", FeatureType.Int64), new("ts", FeatureType.Timestamp), new("made", FeatureType.Timestamp), new("x", FeatureType.Int64)]));
        foreach (var (time, created, x) in rows)
            batch.AppendRow(Value.Of(1L), Value.Timestamp(time), created is { } c ? Value.Timestamp(c) : Value.Null, x is { } v ? Value.Of(v) : Value.Null);
        return batch;
    }
}
