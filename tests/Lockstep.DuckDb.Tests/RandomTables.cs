using Lockstep.Core.Rows;

namespace Lockstep.DuckDb.Tests;

/// <summary>Values that sit on the edges of their types, mixed with ordinary ones and nulls. Same seed, same values.</summary>
internal static class RandomTables
{
    public static readonly FeatureType[] AllTypes =
    [
        FeatureType.Bool, FeatureType.Int32, FeatureType.Int64, FeatureType.Float32, FeatureType.Float64, FeatureType.Decimal(4, 1),
        FeatureType.Decimal(9, 9), FeatureType.Decimal(18, 6), FeatureType.Decimal(38, 10), FeatureType.String, FeatureType.Bytes,
        FeatureType.Timestamp, FeatureType.Date, FeatureType.List(FeatureType.Float32), FeatureType.List(FeatureType.Int64),
        FeatureType.List(FeatureType.String), FeatureType.List(FeatureType.List(FeatureType.Float64)), FeatureType.List(FeatureType.Timestamp),
    ];

    public static Schema AllTypesSchema { get; } = new(AllTypes.Select((t, i) => new Field($"c{i} {t}", t)));

    public static Value[] Row(Random random, Schema schema, double nulls = 0.2)
        => [.. schema.Fields.Select(f => random.NextDouble() < nulls ? Value.Null : Any(random, f.Type))];

    public static Value Any(Random random, FeatureType type) => type.Kind switch
    {
        TypeKind.Bool => Value.Of(random.Next(2) == 0),
        TypeKind.Int32 => Value.Of(Pick(random, () => random.Next(int.MinValue, int.MaxValue), 0, -1, int.MinValue, int.MaxValue)),
        TypeKind.Int64 => Value.Of(Pick(random, () => random.NextInt64(long.MinValue, long.MaxValue), 0, -1, long.MinValue, long.MaxValue, (1L << 53) + 1)),
        TypeKind.Float32 => Value.Of(Pick(random, () => BitConverter.Int32BitsToSingle(random.Next() & 0x7F7F_FFFF | random.Next(2) << 31) is var f && f == 0 ? 0 : f,
            0f, 1.5f, float.MaxValue, float.MinValue, float.Epsilon, 0.1f, 16777217f)),
        TypeKind.Float64 => Value.Of(Pick(random, () => BitConverter.Int64BitsToDouble(random.NextInt64() & 0x7FEF_FFFF_FFFF_FFFF | (long)random.Next(2) << 63) is var d && d == 0 ? 0 : d,
            0d, 0.1, double.MaxValue, double.MinValue, double.Epsilon, 1e22, 123456789.125)),
        TypeKind.Decimal => Value.Decimal(Decimal(random, type), type.Scale),
        TypeKind.String => Value.Of(Text(random)),
        TypeKind.Bytes => Value.Of(Bytes(random)),
        TypeKind.Timestamp => Value.Timestamp(Pick(random, () => random.NextInt64(-62_000_000_000_000_000, 250_000_000_000_000_000), 0, -1, 1, 1_700_000_000_000_001, -1_000_000, 1_700_000_000_000_000)),
        TypeKind.Date => Value.Date(Pick(random, () => random.Next(-700_000, 2_900_000), 0, -1, 19_000)),
        TypeKind.List => Value.List([.. Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(6) == 0 ? Value.Null : Any(random, type.Element!))]),
        _ => throw new NotSupportedException(type.ToString()),
    };

    static T Pick<T>(Random random, Func<T> any, params T[] edges) => random.Next(3) == 0 ? edges[random.Next(edges.Length)] : any();

    static Int128 Decimal(Random random, FeatureType type)
    {
        var limit = (Int128)Value.PowerOfTen(type.Precision) - 1;
        var any = new Int128((ulong)random.NextInt64(), (ulong)random.NextInt64()) % limit;
        return random.Next(5) switch { 0 => limit, 1 => -limit, 2 => 0, 3 => any, _ => -any };
    }

    static string Text(Random random) => random.Next(10) switch
    {
        0 => "",
        1 => "null",
        2 => "007",
        3 => "a \"quoted\" text, with a comma",
        4 => "line\r\nbreak",
        5 => "Zürich 東京 🚀 \u0001",
        6 => new string('x', random.Next(4000)),
        7 => " blanks ",
        _ => $"key-{random.Next(1000)}",
    };

    static byte[] Bytes(Random random)
    {
        var bytes = new byte[random.Next(3) == 0 ? 0 : random.Next(40)];
        random.NextBytes(bytes);
        return bytes;
    }
}
