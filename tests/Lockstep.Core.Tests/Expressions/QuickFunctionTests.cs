using System.Globalization;
using System.Numerics;
using System.Text;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Expressions.Functions;

namespace Lockstep.Core.Tests.Expressions;

/// <summary>Quick ways of functions against slow ones written from their definitions.</summary>
public sealed class QuickFunctionTests
{
    const int Seed = 4;

    static string Text(Random random, int most, string alphabet)
    {
        var text = new StringBuilder();
        for (var n = random.Next(most + 1); n > 0; n--)
        {
            var at = random.Next(alphabet.Length);
            if (char.IsLowSurrogate(alphabet[at])) at--;
            text.Append(alphabet, at, char.IsHighSurrogate(alphabet[at]) ? 2 : 1);
        }
        return text.ToString();
    }

    [Fact]
    public void S17_a_constant_pattern_of_like_matches_as_any_other()
    {
        var random = new Random(Seed);
        var (matched, prepared) = (0, 0);
        for (var i = 0; i < 50_000; i++)
        {
            var (pattern, text) = (Text(random, 5, i % 3 == 0 ? "ab%%_é" : "ab%%é"), Text(random, 7, "aabé"));
            if (LikePattern.Of(Encoding.UTF8.GetBytes(pattern)) is not { } quick) continue;
            var expected = TextFunctions.Like(Utf8Text.Of(text), Utf8Text.Of(pattern));
            Assert.True(expected == quick.Matches(Encoding.UTF8.GetBytes(text)), $"seed {Seed}: '{text}' like '{pattern}'");
            matched += expected ? 1 : 0;
            prepared++;
        }
        Assert.True(matched > 2_000 && prepared - matched > 2_000, $"{matched} of {prepared} matched");
    }

    [Fact]
    public void S17_round_is_of_the_exact_value_with_halves_away_from_zero()
    {
        var random = new Random(Seed);
        for (var i = 0; i < 100_000; i++)
        {
            var digits = random.Next(23);
            var x = random.Next(4) switch
            {
                0 => (random.Next(-1000, 1000) + 0.5) / Math.Pow(10, random.Next(digits + 1)), // often a half, or a hair beside it
                1 => Math.BitIncrement((random.Next(1000) + 0.5) / Math.Pow(10, digits)),
                2 => BitConverter.Int64BitsToDouble(random.NextInt64()),
                _ => (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-5, 16)),
            };
            if (!double.IsFinite(x)) continue;
            Assert.True(MathFunctions.Round(x, digits, out var rounded));
            Assert.True(Rounded(x, digits) + 0.0 == rounded + 0.0, $"seed {Seed}: round({x:R}, {digits}) = {rounded:R}, not {Rounded(x, digits):R}");
        }
    }

    // x = numerator 2^exponent; the decimal nearest to it, and the double nearest to that.
    static double Rounded(double x, int digits)
    {
        var bits = BitConverter.DoubleToInt64Bits(Math.Abs(x));
        var exponent = Math.Max((int)(bits >> 52), 1) - 1075;
        BigInteger numerator = (bits & 0xFFFFFFFFFFFFF) + (bits >> 52 == 0 ? 0 : 1L << 52), denominator = 1;
        if (exponent > 0) numerator <<= exponent; else denominator <<= -exponent;
        numerator *= BigInteger.Pow(10, digits);
        var whole = (2 * numerator + denominator) / (2 * denominator);
        return double.Parse($"{(x < 0 ? "-" : "")}{whole}e-{digits.ToString(CultureInfo.InvariantCulture)}", CultureInfo.InvariantCulture);
    }

    [Fact]
    public void S17_length_counts_code_points_wherever_the_text_stands_in_its_buffer()
    {
        var random = new Random(Seed);
        for (var i = 0; i < 20_000; i++)
        {
            var text = Text(random, 45, "abcdeéß漢😀");
            var bytes = Encoding.UTF8.GetBytes(text);
            var (before, after) = (random.Next(3), random.Next(40));
            var buffer = new byte[before + bytes.Length + after];
            buffer.AsSpan().Fill(0xBF);
            bytes.CopyTo(buffer, before);
            Assert.Equal(text.EnumerateRunes().Count(), TextFunctions.Length(new Utf8Text(buffer, before, bytes.Length)));
        }
    }

    [Fact]
    public void A_set_of_texts_holds_what_was_put_into_it_and_nothing_else()
    {
        var random = new Random(Seed);
        var (found, missed) = (0, 0);
        for (var round = 0; round < 500; round++)
        {
            var texts = Enumerable.Range(0, random.Next(1, 40)).Select(_ => Text(random, 10, "ab\0é")).ToHashSet(StringComparer.Ordinal);
            var set = new TextSet(texts);
            for (var i = 0; i < 100; i++)
            {
                var text = Text(random, 10, "ab\0é");
                Assert.True(texts.Contains(text) == set.Contains(Utf8Text.Of(text)), $"seed {Seed}, round {round}: '{text}'");
                if (texts.Contains(text)) found++; else missed++;
            }
            Assert.All(texts, t => Assert.True(set.Contains(Utf8Text.Of(t))));
        }
        Assert.True(found > 1_000 && missed > 1_000, $"{found} found, {missed} missed");
    }
}
