using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.PointInTime;

/// <summary>Thin random tables: few keys, few instants, many ties and nulls, so that every boundary is hit.</summary>
internal sealed class RandomTables
{
    static readonly FeatureType[] KeyTypes = [FeatureType.String, FeatureType.Int32, FeatureType.Int64, FeatureType.Bytes, FeatureType.Bool];
    static readonly FeatureType[] FeatureTypes =
    [
        FeatureType.Bool, FeatureType.Int32, FeatureType.Int64, FeatureType.Float32, FeatureType.Float64, FeatureType.Decimal(30, 2), FeatureType.String,
        FeatureType.Bytes, FeatureType.Timestamp, FeatureType.Date, FeatureType.List(FeatureType.Float32), FeatureType.List(FeatureType.String),
    ];

    readonly Random _random;

    public RandomTables(int seed)
    {
        _random = new(seed);
        Keys = [.. Pick(KeyTypes, _random.Next(0, 4))];
        Features = [.. Pick(FeatureTypes, _random.Next(1, 4))];
        HasCreated = _random.Next(3) > 0;
        AsKnown = _random.Next(2) == 0;
        Ttl = _random.Next(3) == 0 ? 0 : _random.Next(1, 8);
        Base = _random.Next(4) switch { 0 => -5, 1 => long.MaxValue - 40, 2 => long.MinValue + 40, _ => 1_700_000_000_000_000 };
        Rows = [.. Enumerable.Range(0, _random.Next(60)).Select(_ => new ViewRow(RandomKey(), Time(20), HasCreated ? Time(5) : null, [.. Features.Select(RandomValue)]))];
        Labels = [.. Enumerable.Range(0, _random.Next(1, 40)).Select(_ => new Label(RandomKey(), Time(20)))];
    }

    public FeatureType[] Keys { get; }
    public FeatureType[] Features { get; }
    public bool HasCreated { get; }
    public bool AsKnown { get; }
    public long Ttl { get; }
    public long Base { get; }
    public ViewRow[] Rows { get; }
    public Label[] Labels { get; }

    public SweepPlan Plan(params int[] ordinals) => new()
    {
        Keys = Keys,
        HasCreated = HasCreated,
        Features = new(ordinals.Select(o => new Field($"f{o}", Features[o]))),
        Ordinals = ordinals,
        Ttl = Ttl,
        AsKnown = AsKnown,
        CompactBytes = _random.Next(2) == 0 ? 1 : 1 << 20,
    };

    /// <summary>The labels, added in batches of any size.</summary>
    public LabelIndex Index()
    {
        var index = new LabelIndex(Keys);
        foreach (var chunk in Cut(Labels))
        {
            var keys = Keys.Select(k => Column.Create(k)).ToArray();
            var times = new FixedColumn<long>(FeatureType.Timestamp);
            foreach (var label in chunk)
            {
                for (var i = 0; i < keys.Length; i++) keys[i].Append(label.Key[i]);
                times.Append(label.Time is { } t ? Value.Timestamp(t) : Value.Null);
            }
            index.Add(keys, times);
        }
        index.Build();
        return index;
    }

    /// <summary>The rows in any order and in batches of any size, with the features asked for.</summary>
    public IEnumerable<ColumnBatch> Batches(int[] ordinals)
    {
        var shuffled = Rows.ToArray();
        _random.Shuffle(shuffled);
        var schema = new Schema([
            .. Keys.Select((k, i) => new Field($"k{i}", k)), new Field("ts", FeatureType.Timestamp),
            .. HasCreated ? [new Field("made", FeatureType.Timestamp)] : Array.Empty<Field>(), .. ordinals.Select(o => new Field($"f{o}", Features[o]))]);
        var batch = new ColumnBatch(schema);
        foreach (var chunk in Cut(shuffled))
        {
            batch.Clear();
            foreach (var row in chunk)
                batch.AppendRow([.. row.Key, Instant(row.Time), .. HasCreated ? [Instant(row.Created)] : Array.Empty<Value>(), .. ordinals.Select(o => row.Features[o])]);
            yield return batch;
        }
    }

    public int[] RandomOrdinals() => [.. Enumerable.Range(0, Features.Length).Where(_ => _random.Next(2) == 0).DefaultIfEmpty(Features.Length - 1)];

    public override string ToString() => $"keys {string.Join(",", (object[])Keys)}; features {string.Join(",", (object[])Features)}; created {HasCreated}; as known {AsKnown}; ttl {Ttl}; base {Base}";

    static Value Instant(long? micros) => micros is { } t ? Value.Timestamp(t) : Value.Null;

    long? Time(int nullOneIn) => _random.Next(nullOneIn) == 0 ? null : Base + _random.Next(-9, 9);

    // Two values a part, so that keys meet; texts that collide when joined without a length.
    Value[] RandomKey() => [.. Keys.Select(k => _random.Next(12) == 0 ? Value.Null : (k.Kind, _random.Next(2)) switch
    {
        (TypeKind.String, var n) => Value.Of(n == 0 ? "a" : "a\0b"),
        (TypeKind.Bytes, var n) => Value.Of(n == 0 ? [] : new byte[] { 0, 255 }),
        (TypeKind.Int32, var n) => Value.Of(n == 0 ? int.MinValue : 7),
        (TypeKind.Int64, var n) => Value.Of(n == 0 ? long.MaxValue : 7L),
        (_, var n) => Value.Of(n == 0),
    })];

    Value RandomValue(FeatureType type)
    {
        if (_random.Next(5) == 0) return Value.Null;
        var n = _random.Next(3);
        return type.Kind switch
        {
            TypeKind.Bool => Value.Of(n == 0),
            TypeKind.Int32 => Value.Of(n == 0 ? int.MinValue : n),
            TypeKind.Int64 => Value.Of(n == 0 ? long.MinValue : n),
            TypeKind.Float32 => Value.Of(n == 0 ? -1.5f : n == 1 ? 0f : float.Epsilon),
            TypeKind.Float64 => Value.Of(n == 0 ? -1e300 : n == 1 ? 0d : double.Epsilon),
            TypeKind.Decimal => Value.Decimal(n == 0 ? -(Int128)1e25 : n, 2),
            TypeKind.String => Value.Of(n == 0 ? "" : n == 1 ? "é" : "z"), // é is after z by bytes
            TypeKind.Bytes => Value.Of(n == 0 ? [] : n == 1 ? [200] : new byte[] { 1, 2 }),
            TypeKind.Timestamp => Value.Timestamp(n - 1),
            TypeKind.Date => Value.Date(n - 1),
            _ => Value.List([.. Enumerable.Range(0, n).Select(_ => RandomValue(type.Element!))]),
        };
    }

    T[] Pick<T>(T[] from, int count) => [.. Enumerable.Range(0, count).Select(_ => from[_random.Next(from.Length)])];

    IEnumerable<T[]> Cut<T>(T[] all)
    {
        for (var at = 0; at < all.Length;)
        {
            var size = Math.Min(all.Length - at, _random.Next(0, 9));
            yield return all[at..(at + size)];
            at += size;
        }
    }
}
