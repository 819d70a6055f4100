using System.Buffers;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Rows;

public sealed class EntityKeyTests
{
    static byte[]? Encode(params Value[] parts)
    {
        var buffer = new ArrayBufferWriter<byte>();
        return EntityKey.TryWrite(parts, buffer) ? buffer.WrittenSpan.ToArray() : null;
    }

    // Stored as keys in online stores: if this test fails, the format has changed and needs a new version byte.
    [Fact]
    public void Bytes_of_keys_are_pinned()
    {
        Assert.Equal("01" + "0701" + "31", Convert.ToHexString(Encode(Value.Of("1"))!));
        Assert.Equal("01" + "02FEFFFFFF" + "03" + "0000000001000000" + "0101" + "08020102",
            Convert.ToHexString(Encode(Value.Of(-2), Value.Of(1L << 32), Value.Of(true), Value.Of([1, 2]))!));
        Assert.Equal("01" + "07C801" + new string('6', 400).Replace("66", "61", StringComparison.Ordinal), Convert.ToHexString(Encode(Value.Of(new string('a', 200)))!));
    }

    [Fact]
    public void S4_composite_keys_with_the_same_text_in_sequence_never_meet()
        => Assert.NotEqual(Encode(Value.Of("1"), Value.Of("23")), Encode(Value.Of("12"), Value.Of("3")));

    [Fact]
    public void S4_keys_of_different_types_never_meet()
    {
        Assert.NotEqual(Encode(Value.Of("1")), Encode(Value.Of([(byte)'1'])));
        Assert.NotEqual(Encode(Value.Of(1L)), Encode(Value.Of(1)));
    }

    [Fact]
    public void S4_a_null_in_a_key_has_no_encoding() => Assert.Null(Encode(Value.Of("a"), Value.Null));

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void S4_equal_keys_have_equal_bytes_and_only_they(int seed)
    {
        var random = new RandomValues(seed);
        FeatureType[] types = [FeatureType.String, FeatureType.Bytes, FeatureType.Int32, FeatureType.Int64, FeatureType.Bool];
        var keys = Enumerable.Range(0, 400).Select(_ => Enumerable.Range(0, random.Random.Next(1, 4)).Select(_ => random.Value(random.Pick(types))).ToArray())
            .Where(k => !k.Any(v => v.IsNull)).ToList();
        foreach (var key in keys)
        {
            var bytes = Encode(key)!;
            Assert.Equal(key, EntityKey.Read(bytes));
            foreach (var other in keys)
                Assert.True(key.AsSpan().SequenceEqual(other) == bytes.AsSpan().SequenceEqual(Encode(other)), $"seed {seed}: [{string.Join(", ", key)}] and [{string.Join(", ", other)}]");
        }
    }

    [Theory, InlineData(1), InlineData(2)]
    public void Columns_and_values_give_the_same_bytes(int seed)
    {
        var random = new RandomValues(seed);
        var schema = new Schema([new("a", FeatureType.String), new("b", FeatureType.Int64), new("c", FeatureType.Bytes), new("d", FeatureType.Bool), new("e", FeatureType.Int32)]);
        var batch = new ColumnBatch(schema);
        for (var i = 0; i < 300; i++) batch.AppendRow(random.Row(schema));
        for (var i = 0; i < batch.Count; i++)
        {
            var buffer = new ArrayBufferWriter<byte>();
            var written = EntityKey.TryWrite([.. batch.Columns], i, buffer);
            Assert.Equal(Encode(batch.GetRow(i)), written ? buffer.WrittenSpan.ToArray() : null);
        }
    }

    [Fact]
    public void Random_bytes_are_read_or_refused()
    {
        var random = new Random(5);
        var refused = 0;
        for (var round = 0; round < 5_000; round++)
        {
            var bytes = new byte[random.Next(0, 12)];
            random.NextBytes(bytes);
            if (bytes.Length > 0 && random.Next(4) > 0) bytes[0] = EntityKey.FormatVersion;
            if (bytes.Length > 1) bytes[1] = (byte)random.Next(1, 10);
            try { _ = EntityKey.Read(bytes); }
            catch (RowFormatException) { refused++; }
        }
        Assert.InRange(refused, 100, 4_999);
    }
}
