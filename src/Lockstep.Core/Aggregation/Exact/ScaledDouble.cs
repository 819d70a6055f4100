using System.Runtime.CompilerServices;

namespace Lockstep.Core.Aggregation.Exact;

/// <summary>Doubles as integers: times 2^64, rounded to the nearest, ties to even (S13).</summary>
internal static class ScaledDouble
{
    /// <summary>False for a value outside [-2^63, 2^63), NaN included: it has no such integer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryScale(double value, out Words128 scaled)
    {
        var bits = BitConverter.DoubleToInt64Bits(value);
        var exponent = (int)(bits >> 52) & 0x7FF;
        var mantissa = (ulong)bits & 0xFFFFFFFFFFFFF | 0x10000000000000;
        var shift = exponent - 1011; // mantissa × 2^(exponent - 1075) × 2^64
        if ((uint)shift > 74)
        {
            if (shift > 0)
            {
                scaled = new(0, 1UL << 63);
                return value == -9223372036854775808.0;
            }
            // Rounded: what is cut off is below, at or above a half.
            if (shift < -53) // below 2^-65, where a half rounds to the even zero; zeros and subnormals too
            {
                scaled = default;
                return true;
            }
            var kept = mantissa >> -shift;
            var cut = mantissa << (64 + shift);
            const ulong half = 1UL << 63;
            if (cut > half || (cut == half && (kept & 1) != 0)) kept++;
            scaled = bits < 0 ? -(long)kept : (long)kept;
            return true;
        }
        ulong low, high;
        if (shift < 64) (low, high) = (mantissa << shift, shift == 0 ? 0 : mantissa >> (64 - shift));
        else (low, high) = (0, mantissa << (shift - 64));
        var sign = (ulong)(bits >> 63);
        low ^= sign;
        high ^= sign;
        low -= sign; // minus minus one
        if (sign != 0 && low == 0) high++;
        scaled = new(low, high);
        return true;
    }
}
