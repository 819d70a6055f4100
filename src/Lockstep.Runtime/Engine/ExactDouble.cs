using System.Numerics;

namespace Lockstep.Runtime.Engine;

/// <summary>Between doubles and scaled integers, where nothing is lost.</summary>
static class ExactDouble
{
    /// <summary>The integer that is the double times 10^scale, if there is one of at most 127 bits.</summary>
    public static bool TryScale(double value, int scale, out Int128 unscaled)
    {
        unscaled = 0;
        if (value == 0) return true;
        if (scale == 0)
        {
            if (Math.Truncate(value) != value || Math.Abs(value) >= 1.7014118346046923e38) return false; // 2^127
            unscaled = (Int128)value;
            return true;
        }
        var bits = BitConverter.DoubleToInt64Bits(value);
        var biased = (int)(bits >> 52 & 0x7FF);
        var mantissa = (bits & 0xF_FFFF_FFFF_FFFF) | (biased == 0 ? 0 : 1L << 52);
        var exponent = Math.Max(biased, 1) - 1075; // value = mantissa * 2^exponent
        if (exponent > 128) return false;
        var product = mantissa * BigInteger.Pow(10, scale);
        if (exponent >= 0) product <<= exponent;
        else
        {
            var whole = product >> -exponent;
            if (whole << -exponent != product) return false;
            product = whole;
        }
        if (product > (BigInteger)Int128.MaxValue) return false;
        unscaled = value < 0 ? -(Int128)product : (Int128)product;
        return true;
    }

    /// <summary>The double that is unscaled / 10^scale, if there is one.</summary>
    public static bool TryFrom(Int128 unscaled, int scale, out double value)
    {
        // x / (2^s 5^s) is a double only if 5^s divides x (after tens are cancelled, which that covers); the division by 2^s is then exact.
        var rest = unscaled;
        for (var i = 0; i < scale; i++)
        {
            if (rest % 5 != 0) { value = 0; return false; }
            rest /= 5;
        }
        value = (double)rest;
        var exact = value < 1.7014118346046923e38 && (Int128)value == rest;
        value = Math.ScaleB(value, -scale);
        return exact;
    }
}
