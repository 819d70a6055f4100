using System.Runtime.CompilerServices;

namespace Lockstep.Core.Tests.Numerics;

/// <summary>
/// A number as the exact sum of two doubles, the second at most half a unit in the last place of the first: about 106 bits.
/// Built from IEEE additions, multiplications and explicit fused multiply-adds, which give the same bits on every processor.
/// Sources: T. J. Dekker, "A floating-point technique for extending the available precision" (1971); D. E. Knuth, TAOCP 2, 4.2.2.
/// </summary>
readonly record struct DoubleDouble(double Hi, double Lo)
{
    /// <summary>a + b exactly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleDouble Sum(double a, double b)
    {
        var sum = a + b;
        var part = sum - a;
        return new(sum, (a - (sum - part)) + (b - part));
    }

    /// <summary>a + b exactly, for |a| >= |b| or a = 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleDouble OrderedSum(double a, double b)
    {
        var sum = a + b;
        return new(sum, b - (sum - a));
    }

    /// <summary>a × b exactly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleDouble Product(double a, double b)
    {
        var product = a * b;
        return new(product, Math.FusedMultiplyAdd(a, b, -product));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleDouble operator +(DoubleDouble a, DoubleDouble b)
    {
        var high = Sum(a.Hi, b.Hi);
        var low = Sum(a.Lo, b.Lo);
        var middle = OrderedSum(high.Hi, high.Lo + low.Hi);
        return OrderedSum(middle.Hi, middle.Lo + low.Lo);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleDouble operator +(DoubleDouble a, double b)
    {
        var high = Sum(a.Hi, b);
        return OrderedSum(high.Hi, high.Lo + a.Lo);
    }

    public static DoubleDouble operator -(DoubleDouble a) => new(-a.Hi, -a.Lo);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleDouble operator *(DoubleDouble a, DoubleDouble b)
    {
        var product = Product(a.Hi, b.Hi);
        return OrderedSum(product.Hi, product.Lo + Math.FusedMultiplyAdd(a.Hi, b.Lo, a.Lo * b.Hi));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleDouble operator *(DoubleDouble a, double b)
    {
        var product = Product(a.Hi, b);
        return OrderedSum(product.Hi, Math.FusedMultiplyAdd(a.Lo, b, product.Lo));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DoubleDouble operator /(DoubleDouble a, DoubleDouble b)
    {
        var quotient = a.Hi / b.Hi;
        var rest = Math.FusedMultiplyAdd(-quotient, b.Hi, a.Hi) + Math.FusedMultiplyAdd(-quotient, b.Lo, a.Lo);
        return OrderedSum(quotient, rest / b.Hi);
    }

    public static DoubleDouble Sqrt(DoubleDouble a)
    {
        if (a.Hi <= 0) return default;
        var root = Math.Sqrt(a.Hi);
        return OrderedSum(root, (Math.FusedMultiplyAdd(-root, root, a.Hi) + a.Lo) / (2 * root));
    }
}
