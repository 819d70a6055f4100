using System.Numerics;
using Lockstep.Core.Rows;

namespace Lockstep.DuckDb.Engine.Vectors;

// S3 for whole vectors: one pass adds +0.0 to each value, which turns -0 into 0 and leaves every other value as it is, and ors together
// whether any exponent is all ones. Only a vector that has one is looked at again, value by value.

internal sealed class Float64Reader : VectorReader
{
    protected override void Append(nint vector, int first, int count, ReadOnlySpan<ulong> validity, Column to)
        => Float64Column.Append(Values<double>(vector, first, count), validity, (FixedColumn<double>)to, ref NonFinite);
}

internal sealed class WidenFloatReader : VectorReader
{
    readonly double[] _buffer = new double[2048];

    protected override void Append(nint vector, int first, int count, ReadOnlySpan<ulong> validity, Column to)
    {
        var values = Values<float>(vector, first, count);
        var wide = count <= _buffer.Length ? _buffer.AsSpan(0, count) : new double[count];
        for (var i = 0; i < count; i++) wide[i] = values[i];
        Float64Column.Append(wide, validity, (FixedColumn<double>)to, ref NonFinite);
    }
}

internal sealed class Float32Reader : VectorReader
{
    protected override void Append(nint vector, int first, int count, ReadOnlySpan<ulong> validity, Column to)
        => Float32Column.Append(Values<float>(vector, first, count), validity, (FixedColumn<float>)to, ref NonFinite);
}

/// <summary>float64 to float32, rounded to the nearest; beyond its range is not finite (S2, S3).</summary>
internal sealed class NarrowReader : VectorReader
{
    readonly float[] _buffer = new float[2048];

    protected override void Append(nint vector, int first, int count, ReadOnlySpan<ulong> validity, Column to)
    {
        var values = Values<double>(vector, first, count);
        var narrow = count <= _buffer.Length ? _buffer.AsSpan(0, count) : new float[count];
        for (var i = 0; i < count; i++) narrow[i] = (float)values[i];
        Float32Column.Append(narrow, validity, (FixedColumn<float>)to, ref NonFinite);
    }
}

internal static class Float64Column
{
    const long Exponent = 0x7FF0_0000_0000_0000;

    public static void Append(ReadOnlySpan<double> values, ReadOnlySpan<ulong> validity, FixedColumn<double> to, ref long nonFinite)
    {
        var start = to.Count;
        to.AppendRange(values, validity);
        var written = to.Writable[start..];
        var i = 0;
        var found = false;
        if (Vector.IsHardwareAccelerated)
        {
            var (zero, exponent, any) = (Vector<double>.Zero, new Vector<long>(Exponent), Vector<long>.Zero);
            for (; i <= written.Length - Vector<double>.Count; i += Vector<double>.Count)
            {
                var sum = new Vector<double>(written[i..]) + zero;
                any |= Vector.Equals(Vector.AsVectorInt64(sum) & exponent, exponent);
                sum.CopyTo(written[i..]);
            }
            found = any != Vector<long>.Zero;
        }
        for (; i < written.Length; i++)
        {
            written[i] += 0.0;
            found |= !double.IsFinite(written[i]);
        }
        if (!found) return;
        for (i = 0; i < written.Length; i++)
        {
            if (double.IsFinite(written[i]) || to.IsNull(start + i)) continue;
            to.SetNull(start + i);
            nonFinite++;
        }
    }
}

internal static class Float32Column
{
    const int Exponent = 0x7F80_0000;

    public static void Append(ReadOnlySpan<float> values, ReadOnlySpan<ulong> validity, FixedColumn<float> to, ref long nonFinite)
    {
        var start = to.Count;
        to.AppendRange(values, validity);
        var written = to.Writable[start..];
        var i = 0;
        var found = false;
        if (Vector.IsHardwareAccelerated)
        {
            var (zero, exponent, any) = (Vector<float>.Zero, new Vector<int>(Exponent), Vector<int>.Zero);
            for (; i <= written.Length - Vector<float>.Count; i += Vector<float>.Count)
            {
                var sum = new Vector<float>(written[i..]) + zero;
                any |= Vector.Equals(Vector.AsVectorInt32(sum) & exponent, exponent);
                sum.CopyTo(written[i..]);
            }
            found = any != Vector<int>.Zero;
        }
        for (; i < written.Length; i++)
        {
            written[i] += 0.0f;
            found |= !float.IsFinite(written[i]);
        }
        if (!found) return;
        for (i = 0; i < written.Length; i++)
        {
            if (float.IsFinite(written[i]) || to.IsNull(start + i)) continue;
            to.SetNull(start + i);
            nonFinite++;
        }
    }
}
