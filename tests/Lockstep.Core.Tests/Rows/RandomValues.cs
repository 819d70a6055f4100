using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Rows;

/// <summary>Random types and values for property tests: small ranges and extremes, so that ties and edges come up.</summary>
sealed class RandomValues(int seed)
{
    readonly Random _random = new(seed);

    public Random Random => _random;

    public FeatureType Type(int depth = 2) => _random.Next(depth > 0 ? 12 : 10) switch
    {
        0 => FeatureType.Bool,
        1 => FeatureType.Int32,
        2 => FeatureType.Int64,
        3 => FeatureType.Float32,
        4 => FeatureType.Float64,
        5 => DecimalType(),
        6 => FeatureType.String,
        7 => FeatureType.Bytes,
        8 => FeatureType.Timestamp,
        9 => FeatureType.Date,
        _ => FeatureType.List(Type(depth - 1)),
    };

    FeatureType DecimalType()
    {
        var precision = _random.Next(1, FeatureType.MaxPrecision + 1);
        return FeatureType.Decimal(precision, _random.Next(precision + 1));
    }

    public Schema Schema(int maxColumns = 8)
        => new(Enumerable.Range(0, _random.Next(0, maxColumns + 1)).Select(i => new Field($"c{i}", Type())));

    public Value Value(FeatureType type)
    {
        if (_random.Next(5) == 0) return Core.Rows.Value.Null;
        return type.Kind switch
        {
            TypeKind.Bool => Core.Rows.Value.Of(_random.Next(2) == 0),
            TypeKind.Int32 => Core.Rows.Value.Of(Pick(0, 1, -1, int.MinValue, int.MaxValue, _random.Next())),
            TypeKind.Int64 => Core.Rows.Value.Of(Pick(0, 1, -1, long.MinValue, long.MaxValue, _random.NextInt64())),
            TypeKind.Float32 => Core.Rows.Value.Of(Pick(0f, 1f, -1.5f, float.MaxValue, float.Epsilon, _random.NextSingle())),
            TypeKind.Float64 => Core.Rows.Value.Of(Pick(0d, 1d, -1.5, double.MaxValue, double.Epsilon, 0.1, _random.NextDouble())),
            TypeKind.Decimal => Core.Rows.Value.Decimal(_random.Next(-9, 10), type.Scale),
            TypeKind.String => Core.Rows.Value.Of(Pick("", "a", "b", "ab", "é", "\uD83D\uDE00", "x\0y", new string('z', _random.Next(40)))),
            TypeKind.Bytes => Core.Rows.Value.Of(Pick<byte[]>([], [0], [255], [1, 2, 3])),
            TypeKind.Timestamp => Core.Rows.Value.Timestamp(Pick(0L, -1, 1, Instant.Day, long.MinValue, long.MaxValue)),
            TypeKind.Date => Core.Rows.Value.Date(Pick(0, -1, 19000, int.MinValue / 2)),
            _ => Core.Rows.Value.List([.. Enumerable.Range(0, _random.Next(4)).Select(_ => Value(type.Element!))]),
        };
    }

    public Value[] Row(Schema schema) => [.. schema.Fields.Select(f => Value(f.Type))];

    public T Pick<T>(params T[] from) => from[_random.Next(from.Length)];
}
