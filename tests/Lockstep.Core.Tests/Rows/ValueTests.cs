using System.Text;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Rows;

public sealed class ValueTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void S6_columns_and_values_order_alike_and_the_order_is_total(int seed)
    {
        var random = new RandomValues(seed);
        for (var round = 0; round < 200; round++)
        {
            var type = random.Type();
            var column = Column.Create(type);
            var values = Enumerable.Range(0, 6).Select(_ => random.Value(type)).ToArray();
            foreach (var value in values) column.Append(value);
            for (var a = 0; a < values.Length; a++)
                for (var b = 0; b < values.Length; b++)
                {
                    var order = Math.Sign(column.Compare(a, column, b));
                    Assert.Equal(order, Math.Sign(Value.CompareForNewest(values[a], values[b])));
                    Assert.Equal(-order, Math.Sign(column.Compare(b, column, a)));
                    Assert.True((order == 0) == (values[a] == values[b]), $"seed {seed}: {type} {values[a]} against {values[b]} gives {order}");
                }
        }
    }

    [Fact]
    public void S6_null_is_lowest_false_before_true_the_shorter_list_first()
    {
        Value[] ascending = [Value.Null, Value.Of(false), Value.Of(true)];
        for (var i = 1; i < ascending.Length; i++) Assert.True(Value.CompareForNewest(ascending[i - 1], ascending[i]) < 0);
        Value[] lists = [Value.Null, Value.List(), Value.List(Value.Null), Value.List(Value.Of(1)), Value.List(Value.Of(1), Value.Null), Value.List(Value.Of(2))];
        for (var i = 1; i < lists.Length; i++) Assert.True(Value.CompareForNewest(lists[i - 1], lists[i]) < 0, $"{lists[i - 1]} before {lists[i]}");
        // By UTF-8, U+FFFD stands before an emoji; by UTF-16 it would stand behind.
        Assert.True(Value.CompareForNewest(Value.Of("\uFFFD"), Value.Of("\uD83D\uDE00")) < 0);
    }

    [Theory]
    [InlineData("12.34", 10, 2, 1234, true)]
    [InlineData("-0.5", 10, 2, -50, true)]
    [InlineData("7", 3, 2, 700, true)]
    [InlineData("7.100", 3, 2, 710, true)]
    [InlineData("7.101", 3, 2, 0, false)]
    [InlineData("10", 3, 2, 0, false)]
    [InlineData("", 3, 2, 0, false)]
    [InlineData(".", 3, 2, 0, false)]
    [InlineData("1e3", 9, 2, 0, false)]
    public void S2_decimals_are_read_exactly_or_not_at_all(string text, int precision, int scale, int unscaled, bool read)
    {
        Assert.Equal(read, Value.TryParseDecimal(text, precision, scale, out var value));
        if (read) Assert.Equal(unscaled, value);
    }

    [Fact]
    public void S2_a_decimal_of_38_digits_reads_back()
    {
        var text = "-" + new string('9', 20) + "." + new string('9', 18);
        Assert.True(Value.TryParseDecimal(text, 38, 18, out var value));
        Assert.Equal(text, Value.FormatDecimal(value, 18));
        Assert.Equal("-170141183460469231731687303715884105728", Value.FormatDecimal(Int128.MinValue, 0));
        Assert.Equal("0.05", Value.FormatDecimal(5, 2));
    }

    [Theory]
    [InlineData("bool")]
    [InlineData("decimal(38,0)")]
    [InlineData("list<list<float32>>")]
    [InlineData("timestamp")]
    public void S2_a_type_reads_back(string text) => Assert.Equal(text, FeatureType.Parse(text).ToString());

    [Theory]
    [InlineData("int")]
    [InlineData("decimal(39,0)")]
    [InlineData("decimal(3,4)")]
    [InlineData("list<>")]
    [InlineData("list<int32")]
    public void S2_what_is_no_type_is_refused(string text) => Assert.False(FeatureType.TryParse(text, out _));

    // Vectors of the specification and of the reference implementation.
    [Theory]
    [InlineData("", 0xEF46DB3751D8E999)]
    [InlineData("a", 0xD24EC4F1A98C6E5B)]
    [InlineData("abc", 0x44BC2CF5AD770999)]
    [InlineData("Nobody inspects the spammish repetition", 0xFBCEA83C8A378BF1)]
    public void S13_xxHash64_agrees_with_its_reference(string text, ulong hash) => Assert.Equal(hash, XxHash64.Hash(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void S13_the_hash_of_a_number_is_that_of_its_bytes()
    {
        var random = new Random(3);
        for (var i = 0; i < 100; i++)
        {
            var number = (ulong)random.NextInt64();
            Assert.Equal(XxHash64.Hash(BitConverter.GetBytes(number)), XxHash64.Hash(number));
        }
    }
}
