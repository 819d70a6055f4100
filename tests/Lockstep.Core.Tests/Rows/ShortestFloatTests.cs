using System.Globalization;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Rows;

public sealed class ShortestFloatTests
{
    // The runtime's text, wherever it is the value's; where it is not, ours still has to be.
    static void Check(double value)
    {
        var (ours, theirs) = (ShortestFloat.Format(value), value.ToString("R", CultureInfo.InvariantCulture));
        if (double.Parse(theirs, CultureInfo.InvariantCulture).Equals(value)) Assert.Equal(theirs, ours);
        Assert.Equal(BitConverter.DoubleToInt64Bits(value), BitConverter.DoubleToInt64Bits(double.Parse(ours, CultureInfo.InvariantCulture)));
    }

    static void Check(float value)
    {
        var (ours, theirs) = (ShortestFloat.Format(value), value.ToString("R", CultureInfo.InvariantCulture));
        if (float.Parse(theirs, CultureInfo.InvariantCulture).Equals(value)) Assert.Equal(theirs, ours);
        Assert.Equal(BitConverter.SingleToInt32Bits(value), BitConverter.SingleToInt32Bits(float.Parse(ours, CultureInfo.InvariantCulture)));
    }

    [Theory, InlineData(1), InlineData(2)]
    public void Random_bits_give_the_text_of_the_runtime(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 60_000; i++)
        {
            var value = BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue));
            if (double.IsFinite(value)) Check(value);
            var single = BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue));
            if (float.IsFinite(single)) Check(single);
        }
    }

    [Theory, InlineData(3)]
    public void Everyday_numbers_give_the_text_of_the_runtime(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 60_000; i++)
        {
            Check(random.NextDouble());
            Check(Math.Round(random.NextDouble() * Math.Pow(10, random.Next(-8, 20)), random.Next(0, 8)));
            Check((double)random.NextInt64(-(1L << 55), 1L << 55));
            Check(random.NextSingle() * (float)Math.Pow(10, random.Next(-8, 12)));
            Check((float)random.Next());
        }
    }

    [Fact]
    public void Powers_and_their_neighbours_give_the_text_of_the_runtime()
    {
        for (var e = -1_074; e <= 1_023; e++)
            foreach (var step in new[] { -2, -1, 0, 1, 2 })
                if (BitConverter.DoubleToInt64Bits(Math.ScaleB(1, e)) + step is > 0 and var bits && double.IsFinite(BitConverter.Int64BitsToDouble(bits))) Check(BitConverter.Int64BitsToDouble(bits));
        for (var e = -323; e <= 308; e++)
            foreach (var step in new[] { -2, -1, 0, 1, 2 })
                if (BitConverter.DoubleToInt64Bits(double.Parse($"1e{e}", CultureInfo.InvariantCulture)) + step is > 0 and var bits) Check(BitConverter.Int64BitsToDouble(bits));
        for (var e = -149; e <= 127; e++)
            foreach (var step in new[] { -2, -1, 0, 1, 2 })
                if (BitConverter.SingleToInt32Bits((float)Math.ScaleB(1, e)) + step is > 0 and var bits && float.IsFinite(BitConverter.Int32BitsToSingle(bits))) Check(BitConverter.Int32BitsToSingle(bits));
    }

    [Theory, InlineData(0d, "0"), InlineData(-0d, "-0"), InlineData(1d, "1"), InlineData(0.1, "0.1"), InlineData(1e15, "1000000000000000"), InlineData(1e18, "1E+18"), InlineData(123456789012345680d, "1.2345678901234568E+17")]
    [InlineData(0.0001, "0.0001"), InlineData(0.00001, "1E-05"), InlineData(5e-324, "5E-324"), InlineData(double.MaxValue, "1.7976931348623157E+308"), InlineData(9007199254740993d, "9007199254740992")]
    [InlineData(1 / 33554432d, "2.9802322387695312E-08")] // 2^-25, which the runtime writes as another number
    public void Chosen_numbers(double value, string text)
    {
        Assert.Equal(text, ShortestFloat.Format(value));
        Check(value);
    }
}
