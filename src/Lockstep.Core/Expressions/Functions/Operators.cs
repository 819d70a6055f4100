using System.Numerics;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;

namespace Lockstep.Core.Expressions.Functions;

/// <summary>What the operators compile to. Division by zero and overflow are null (S17).</summary>
static class Operators
{
    [Function("+", Hidden = true)]
    public static bool Add(long a, long b, out long sum)
    {
        sum = unchecked(a + b);
        return ((a ^ sum) & (b ^ sum)) >= 0; // overflow: both have another sign than the sum
    }

    [Function("-", Hidden = true)]
    public static bool Subtract(long a, long b, out long difference)
    {
        difference = unchecked(a - b);
        return ((a ^ b) & (a ^ difference)) >= 0;
    }

    [Function("*", Hidden = true)]
    public static bool Multiply(long a, long b, out long product)
    {
        var high = Math.BigMul(a, b, out product);
        return high == product >> 63;
    }

    [Function("//", Hidden = true)]
    public static bool Divide(long a, long b, out long quotient)
    {
        quotient = 0;
        if (b == 0 || (a == long.MinValue && b == -1)) return false;
        quotient = a / b;
        return true;
    }

    [Function("%", Hidden = true)]
    public static bool Remainder(long a, long b, out long remainder)
    {
        remainder = 0;
        if (b == 0) return false;
        remainder = b == -1 ? 0 : a % b;
        return true;
    }

    [Function("neg", Hidden = true)]
    public static bool Negate(long a, out long negated)
    {
        negated = unchecked(-a);
        return a != long.MinValue;
    }

    [Function("+", Hidden = true)]
    public static double Add(double a, double b) => a + b;

    [Function("-", Hidden = true)]
    public static double Subtract(double a, double b) => a - b;

    [Function("*", Hidden = true)]
    public static double Multiply(double a, double b) => a * b;

    [Function("/", Hidden = true)]
    public static double Divide(double a, double b) => a / b; // by zero: not finite, so null

    [Function("//", Hidden = true)]
    public static double TruncatedDivide(double a, double b) => Math.Truncate(a / b);

    [Function("%", Hidden = true)]
    public static double Remainder(double a, double b) => a % b; // of truncation; exact in IEEE arithmetic

    [Function("neg", Hidden = true)]
    public static double Negate(double a) => -a;

    [Function("not", Hidden = true)]
    public static bool Not(bool a) => !a;

    [Function("||", Hidden = true)]
    public static Utf8Text Concatenate(Scratch scratch, Utf8Text a, Utf8Text b)
    {
        var room = scratch.Rent(a.Length + b.Length);
        a.Span.CopyTo(room);
        b.Span.CopyTo(room[a.Length..]);
        return scratch.Finish(a.Length + b.Length);
    }

    // Of types without a machine comparison. The result has the sign of the order.
    [Function("compare", Hidden = true)]
    public static long Compare(Utf8Text a, Utf8Text b) => a.CompareTo(b);

    [Function("compare", Hidden = true)]
    public static long Compare(Blob a, Blob b) => a.Bytes.CompareTo(b.Bytes);

    /// <summary>By exact value (S17): 2^53 + 1 is not 2^53.</summary>
    [Function("compare", Hidden = true)]
    public static long Compare(long a, double b)
    {
        if (b >= 9223372036854775808.0) return -1;
        if (b < -9223372036854775808.0) return 1;
        var whole = (long)b; // towards zero, exact
        return a != whole ? a.CompareTo(whole) : 0d.CompareTo(b - whole);
    }

    [Function("compare", Hidden = true)]
    public static long Compare(double a, long b) => -Compare(b, a);

    /// <summary>Decimals of any two scales, exactly.</summary>
    [Function("compare", Hidden = true)]
    public static long Compare(Int128 a, long scaleA, Int128 b, long scaleB)
        => scaleA == scaleB ? a.CompareTo(b) : (a * BigInteger.Pow(10, (int)scaleB)).CompareTo(b * BigInteger.Pow(10, (int)scaleA));
}
