using System.Runtime.CompilerServices;

namespace Lockstep.Core.Numerics;

// Inverse trigonometry. The arc tangent by a table of 32 points c in each octave from 1/16 to 32 (after Gal and Bachelis, 1991):
//
//   atan x = atan c + atan t,   t = (x - c) / (1 + x c),   |t| < 1/64
//
// Below 1/16 t is x itself, above 32 it is -1/x, and c is infinite. Arc sine and arc cosine by the series below 1/2, and above it by
// asin x = π/2 - 2 asin √((1 - x)/2), as in Sun's fdlibm (e_asin.c, 1993).
static partial class Elementary
{
    public static double Atan(double x)
    {
        var size = Math.Abs(x);
        if (size < 0.0625) return x + x * AtanTail(x * x);
        double t, angle, angleRest;
        if (size < 32)
        {
            var row = ElementaryTables.ArcTangents.Slice((int)((BitConverter.DoubleToInt64Bits(size) >> 47) - (0x3FB0000000000000 >> 47)) * 3, 3);
            var c = row[0];
            t = (size - c) / (1 + size * c);
            (angle, angleRest) = (row[1], row[2]);
        }
        else
        {
            t = -1 / size;
            (angle, angleRest) = (HalfPiUpper, HalfPiRest);
        }
        var upper = angle + t;
        return WithSignOf(upper + (angle - upper + t + (angleRest + t * AtanTail(t * t))), x);
    }

    // atan t / t - 1, of z = t², |t| <= 1/16.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static double AtanTail(double z)
    {
        var z2 = z * z;
        return z * ((-0.3333333333333333 + z * 0.1999999999999979) + z2 * ((-0.14285714285083995 + z * 0.11111110422311014) + z2 * (-0.09090568687313817 + z * 0.07614684924721683)));
    }

    /// <summary>The angle of the point (x, y); of the origin 0, as negative zero is zero (S3).</summary>
    public static double Atan2(double y, double x)
    {
        if (double.IsNaN(x) || double.IsNaN(y)) return double.NaN;
        if (y == 0) return x < 0 ? PiUpper : 0;
        var (height, width) = (Math.Abs(y), Math.Abs(x));
        if (!(height is > 1e-100 and < 1e100 && width is > 1e-100 and < 1e100)) BringNear(ref height, ref width);

        double angle, rest;
        var ratio = height / width;
        if (ratio < 0.0625)
        {
            if (ratio < 1e-290 && x > 0) return WithSignOf(Math.Abs(y) / Math.Abs(x), y); // perhaps subnormal
            angle = Quotient(height, 0, width, 0, out rest);
            rest += ratio * AtanTail(ratio * ratio);
        }
        else
        {
            double t;
            if (ratio < 32)
            {
                var row = ElementaryTables.ArcTangents.Slice((int)((BitConverter.DoubleToInt64Bits(ratio) >> 47) - (0x3FB0000000000000 >> 47)) * 3, 3);
                var c = row[0];
                var head = Head(width);
                t = (height - c * head - c * (width - head)) / (width + c * height); // all products above the line are exact
                (angle, rest) = (row[1], row[2]);
            }
            else
            {
                t = -width / height;
                (angle, rest) = (HalfPiUpper, HalfPiRest);
            }
            var sum = angle + t;
            rest += angle - sum + t + t * AtanTail(t * t);
            angle = sum;
        }
        if (x < 0)
        {
            var left = PiUpper - angle;
            rest = PiUpper - left - angle + (PiRest - rest);
            angle = left;
        }
        return WithSignOf(angle + rest, y);
    }

    // The same angle, with sides of which neither products nor quotients leave the range of a double.
    static void BringNear(ref double height, ref double width)
    {
        if (double.IsInfinity(height)) (height, width) = (1, double.IsInfinity(width) ? 1 : 0);
        else if (double.IsInfinity(width)) (height, width) = (0, 1);
        var exponent = Math.ILogB(Math.Max(height, width));
        (height, width) = (Math.ScaleB(height, -exponent), Math.ScaleB(width, -exponent));
        if (width == 0 || width < height * 1e-200) width = height * 1e-200; // far below the last place of π/2
    }

    public static double Asin(double x)
    {
        var size = Math.Abs(x);
        if (size < 0.5) return x + x * AsinTail(x * x);
        if (!(size <= 1)) return double.NaN;
        var s = AsinOfRoot((1 - size) * 0.5, out var rest);
        var upper = HalfPiUpper - 2 * s;
        return WithSignOf(upper + (HalfPiUpper - upper - 2 * s + (HalfPiRest - 2 * rest)), x);
    }

    public static double Acos(double x)
    {
        var size = Math.Abs(x);
        double upper, rest;
        if (size < 0.5)
        {
            upper = HalfPiUpper - x;
            return upper + (HalfPiUpper - upper - x + (HalfPiRest - x * AsinTail(x * x)));
        }
        if (!(size <= 1)) return double.NaN;
        var s = AsinOfRoot((1 - size) * 0.5, out rest);
        if (x > 0) return 2 * (s + rest);
        upper = PiUpper - 2 * s;
        return upper + (PiUpper - upper - 2 * s + (PiRest - 2 * rest));
    }

    // asin √z as a sum of two.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static double AsinOfRoot(double z, out double rest)
    {
        var s = Math.Sqrt(z);
        var head = Head(s);
        var left = z - head * head - (s - head) * (s + head); // z - s², exact
        // What the root lacks is left / 2s: so small that 1/s to 4 % will do, by halving the exponent (J. F. Blinn, "Floating-point tricks", 1997).
        rest = left * 0.5 * BitConverter.Int64BitsToDouble(0x5FE6EB50C7B537A9 - (BitConverter.DoubleToInt64Bits(z) >> 1)) + s * AsinTail(z);
        return s;
    }

    // asin x / x - 1, of z = x² up to 1/4.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static double AsinTail(double z)
    {
        var (z2, z4) = (z * z, z * z * (z * z));
        return z * ((0.16666666666666669 + z * 0.07499999999998433) + z2 * (0.04464285714635543 + z * 0.030381944138531247)
            + z4 * ((0.02237217294214989 + z * 0.017352392720869973) + z2 * (0.013971212973552933 + z * 0.011479177415184906)
            + z4 * ((0.01032281435018578 + z * 0.005457506718640358) + z2 * (0.01740087944269402 + z * -0.014851887071247204) + z4 * 0.028757851367421566)));
    }
}
