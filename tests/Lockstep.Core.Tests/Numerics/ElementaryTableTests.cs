using System.Numerics;
using Lockstep.Core.Numerics;

namespace Lockstep.Core.Tests.Numerics;

/// <summary>The tables in the program, entry by entry, against the same numbers computed here from integers.</summary>
public sealed class ElementaryTableTests
{
    [Fact]
    public void S17_logarithms_are_of_the_reciprocals_beside_them()
    {
        for (var i = 0; i < 128; i++)
        {
            var row = ElementaryTables.Logarithms.Slice(3 * i, 3);
            Assert.Equal(row[0] * 512, Math.Round(row[0] * 512));
            var log = ExactTables.LogOfPart((int)(row[0] * 512), 512);
            Assert.Equal(row[1] * Math.ScaleB(1, 42), Math.Round(row[1] * Math.ScaleB(1, 42)));
            Same(-(log + row[1]).Hi, row[2], $"row {i}", toBits: 40);
            var middle = i < 80 ? (176.5 + i) / 256 : 1 + (i - 79.5) / 128;
            Assert.True(Math.Abs(middle * row[0] - 1) < 1.0 / 250, $"row {i}: {row[0]} is no reciprocal of {middle}");
        }
        Assert.Equal((1.0, 0.0, 1.0, 0.0), (ElementaryTables.Logarithms[79 * 3], ElementaryTables.Logarithms[79 * 3 + 1], ElementaryTables.Logarithms[80 * 3], ElementaryTables.Logarithms[80 * 3 + 1]));
    }

    [Fact]
    public void S17_powers_are_the_nearest_and_their_rests()
    {
        for (var i = 0; i < 128; i++)
        {
            var exact = ExactTables.PowersOfTwo[i];
            Assert.Equal(exact.Hi, ElementaryTables.Powers[2 * i]);
            Same(exact.Lo / exact.Hi, ElementaryTables.Powers[2 * i + 1], $"row {i}", toBits: 50);
        }
    }

    [Fact]
    public void S17_sines_and_cosines_of_the_circle()
    {
        for (var i = 0; i < 128; i++)
        {
            var row = ElementaryTables.Sines.Slice(4 * i, 4);
            var (sine, cosine) = (ExactTables.SineOfPart(i, 128), ExactTables.SineOfPart(i + 32, 128));
            Assert.Equal(sine.Hi, row[0]);
            Same(sine.Lo, row[1], $"sine {i}", toBits: 50);
            Assert.Equal(0, BitConverter.DoubleToInt64Bits(row[2]) & 0x7FFFFFF);
            Same((cosine + -row[2]).Hi, row[3], $"cosine {i}", toBits: 50);
        }
    }

    [Fact]
    public void S17_arc_tangents_of_points_in_the_middle_of_their_bins()
    {
        for (var i = 0; i < 288; i++)
        {
            var row = ElementaryTables.ArcTangents.Slice(3 * i, 3);
            Assert.Equal(Math.ScaleB(1 + (i % 32 + 0.5) / 32, i / 32 - 4), row[0]);
            var exact = ExactTables.ArcTangent((int)(row[0] * 1024), 1024);
            Assert.Equal(exact.Hi, row[1]);
            Same(exact.Lo, row[2], $"row {i}", toBits: 50);
        }
    }

    [Fact]
    public void S17_bits_of_the_inverse_of_a_turn()
    {
        var words = BigInteger.Zero;
        foreach (var word in ElementaryTables.InverseOfTurn) words = (words << 64) + word;
        // 1/2π = 2/π / 4, of which the twin has 1,280 bits
        Assert.Equal(ExactTables.TwoOverPi >> 2, words >> (22 * 64 - ExactTables.TwoOverPiBits));
        Assert.Equal(23, ElementaryTables.InverseOfTurn.Length);
    }

    static void Same(double exact, double found, string what, int toBits)
        => Assert.True(Math.Abs(exact - found) <= Math.Abs(exact) * Math.ScaleB(1, -toBits) + 1e-70, $"{what}: {found:R}, not {exact:R}");
}
