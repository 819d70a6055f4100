using System.Buffers;
using Lockstep.Compliance.Aggregation;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Aggregation.Tiles;

/// <summary>A view of some functions and windows, its events, and the judge over them.</summary>
sealed class TileLab
{
    static readonly Field[] Columns = [new("amount", FeatureType.Float64), new("items", FeatureType.Int64), new("place", FeatureType.String)];

    public TileLab(long delay, params (string Function, int Column, string Window, long? Hop, int Filter)[] features) : this(delay, false, features)
    {
    }

    /// <param name="delay">Of the view.</param>
    /// <param name="parted">With cells in two parts, as large ones are.</param>
    /// <param name="features">Of the view.</param>
    public TileLab(long delay, bool parted, (string Function, int Column, string Window, long? Hop, int Filter)[] features)
    {
        (Delay, IsParted) = (delay, parted);
        WindowPlanBuilder builder = new([FeatureType.String], delay);
        List<NaiveFeature> naive = [];
        foreach (var (function, column, text, hop, filter) in features)
        {
            Window.TryParse(text, hop, out var window);
            builder.Add($"f{naive.Count}", function, column < 0 ? null : Columns[column], window, null, filter < 0 ? null : Filters[filter]);
            naive.Add(new(function, column, column < 0 ? null : Columns[column].Type, window) { Filter = filter });
        }
        Plan = builder.Build();
        Naive = naive;
        Layout = parted ? new(Plan) { PartAbove = 700, LeastFront = 500 } : new(Plan);
        Merger = new(Layout);
        Windows = new(Layout, [.. Enumerable.Range(0, naive.Count)]);
        // The plan orders filters as they came; the judge goes by number.
        FilterOf = [.. Plan.Filters.Select(f => Array.IndexOf(Filters, f))];
        Schema = new([new("key", FeatureType.String), new("time", FeatureType.Timestamp), .. Plan.Inputs.Fields.Select(f => new Field($"input:{f.Name}", f.Type)), .. Plan.Filters.Select((_, i) => new Field($"filter:{i}", FeatureType.Bool))]);
        States = new(Plan);
    }

    static readonly string[] Filters = ["a", "b"];

    public long Delay { get; }
    public bool IsParted { get; }
    public WindowPlan Plan { get; }
    public IReadOnlyList<NaiveFeature> Naive { get; }
    public TileLayout Layout { get; }
    public TileCellMerger Merger { get; }
    public TileWindows Windows { get; }
    public Schema Schema { get; }
    public EventStates States { get; }
    int[] FilterOf { get; }

    /// <summary>Functions, hops and windows that meet: shared tiers, windows inside windows, exact hops, lifetime.</summary>
    /// <param name="delay">Of the view.</param>
    /// <param name="exact">With windows that are exact to the microsecond: an answer then holds for no longer.</param>
    public static TileLab Everything(long delay, bool exact = true, bool parted = false) => new(delay, parted, [.. AllFeatures.Where(f => exact || f.Hop != 1)]);

    public static readonly IReadOnlyList<(string Function, int Column, string Window, long? Hop, int Filter)> AllFeatures =
    [
        ("count", -1, "5s", null, -1), ("count", -1, "1m", null, 0), ("count", 0, "1m", null, -1), ("sum", 0, "30s", null, -1), ("sum", 0, "90s", null, 1), ("avg", 0, "90s", null, -1),
        ("stddev_samp", 0, "10m", null, -1), ("sum", 1, "10m", 10 * Instant.Second, -1), ("min", 0, "3s", 1, -1), ("max", 2, "20s", 1, -1), ("max", 1, "6h", null, 0),
        ("sum", 0, "2d", null, -1), ("count", -1, "1d", null, -1), ("sum", 1, "lifetime", null, -1), ("min", 2, "lifetime", null, 1),
    ];

    public ColumnBatch Batch(IEnumerable<NaiveEvent> events)
    {
        ColumnBatch batch = new(Schema);
        foreach (var e in events)
            batch.AppendRow([e.Key[0], e.Time is { } time ? Value.Timestamp(time) : Value.Null, .. Plan.Inputs.Fields.Select(f => e.Values[Array.FindIndex(Columns, c => c.Name == f.Name)]), .. FilterOf.Select(f => Value.Of(e.Passes[f]))]);
        return batch;
    }

    public static NaiveEvent Event(Random random, long time, string key = "k")
    {
        var amount = random.Next(8) switch { 0 => Value.Null, 1 => Value.Of(Math.ScaleB(random.NextDouble(), random.Next(-30, 40))), 2 => Value.Of(-random.NextDouble()), _ => Value.Of((double)random.Next(-5, 6) is var whole && whole == 0 ? 0 : whole) };
        return new([Value.Of(key)], time, [amount, random.Next(6) == 0 ? Value.Null : Value.Of((long)random.Next(-100, 100)), random.Next(6) == 0 ? Value.Null : Value.Of($"p{random.Next(12)}")], [random.Next(3) > 0, random.Next(3) == 0]);
    }

    /// <summary>The cell that a run computes of some events of a key; null without any that count.</summary>
    public byte[]? Build(IEnumerable<NaiveEvent> events, long now, long run, long end)
    {
        TileBuilder builder = new(Layout, Schema, now);
        builder.Add(Batch(events));
        return builder.Sort() == 0 ? null : Bytes(to => builder.Write(0, run, end, to));
    }

    /// <summary>Updates that took no more than the front of a cell.</summary>
    public int Fronts { get; private set; }

    public byte[] Nothing(long run, long end) => Bytes(to => TileUpdate.Nothing(to, Layout, run, end));

    public byte[] Apply(byte[] cell, byte[] update, long now, out TileOutcome outcome)
    {
        ArrayBufferWriter<byte> merged = new();
        var body = cell.Length == 0 ? 0 : new TileCellReader(Layout, cell).BodyLength;
        if (body > 0 && Merger.TryApplyToFront(now, cell.AsSpan(..^body), update, merged, out outcome))
        {
            Fronts++;
            return outcome == TileOutcome.Changed ? [.. merged.WrittenSpan, .. cell[^body..]] : cell;
        }
        outcome = Merger.Apply(now, cell, update, merged);
        return outcome == TileOutcome.Changed ? merged.WrittenSpan.ToArray() : cell;
    }

    public byte[] LogUpdate(long end, params IEnumerable<(LogPlace Place, NaiveEvent Event)> events)
    {
        TileEvents update = new();
        update.Begin(end);
        foreach (var (place, e) in events) update.Add(place, e.Time!.Value, States.Of(Batch([e]), 0));
        return Bytes(to => update.Write(to, 0));
    }

    /// <summary>Holds all features of a cell as of an instant against the judge.</summary>
    public void Check(byte[] cell, IReadOnlyList<NaiveEvent> truth, long at, string what)
    {
        Windows.Read(cell, at);
        for (var i = 0; i < Naive.Count; i++)
        {
            var (value, status) = NaiveWindows.Compute(truth, [Value.Of("k")], at, Naive[i], Delay);
            var got = (Windows.Value(i).GetValue(0), Windows.Status(i));
            Assert.True((value, status) == got, $"{what}, as of {at}: {Naive[i]} is {got}, not {(value, status)}");
        }
        var widest = Plan.Windows.MaxBy(w => (w.Length, w.Hop));
        var (from, to) = NaiveWindows.Bounds(widest, Delay, at);
        var newest = truth.Where(e => e.Time >= from && e.Time < to).Max(e => e.Time);
        Assert.True(newest == Windows.Newest, $"{what}, as of {at}: newest {Windows.Newest}, not {newest}");
        Assert.True(Windows.From <= at && at <= Windows.Until, what);
    }

    public static byte[] Bytes(Action<IBufferWriter<byte>> write)
    {
        ArrayBufferWriter<byte> to = new();
        write(to);
        return to.WrittenSpan.ToArray();
    }
}
