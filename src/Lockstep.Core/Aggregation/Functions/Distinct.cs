using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Functions;

[AggregateFunction(20)]
internal sealed class DistinctCount : AggregateFunction
{
    public override string Name => "distinct_count";
    public override string Summary => "How many different values: exact up to 1,024, beyond that a HyperLogLog's estimate (standard error 1.6 %). Of none it is 0.";
    public override string Takes => "any type";
    public override bool Accepts(FeatureType type) => true;

    public override BoundAggregate Bind(FeatureType? column, AggregateArguments arguments, Window window) => new(new DistinctSpec { Column = column }, new DistinctOutput());
}

internal sealed record DistinctSpec : AccumulatorSpec
{
    public override string Name => $"distinct({Column})";
    public override Accumulator Create() => new DistinctAccumulator();
    public override int? MaxBytes => 3 + 8 * DistinctAccumulator.ExactLimit;
}

internal sealed class DistinctOutput : AggregateOutput
{
    public override FeatureType Type => FeatureType.Int64;

    public override AggregateStatus AppendTo(Accumulator state, in WindowBounds window, Column to)
    {
        ((FixedColumn<long>)to).Append(((DistinctAccumulator)state).Count);
        return AggregateStatus.Present;
    }
}

// Hashes of values, exactly, or from the 1,025th on as registers of a HyperLogLog: which of the two depends only on the set.
// State: 0 for none; 1, their number (2 bytes) and the hashes in ascending order; 2 and the 4,096 registers.
internal sealed class DistinctAccumulator : Accumulator
{
    public const int ExactLimit = 1024;

    ulong[] _slots = new ulong[16]; // open addressing; 0 is free, the hash 0 itself is _zero
    bool _zero;
    int _used;
    byte[]? _registers;
    bool _estimated;
    ulong[] _sorted = [];

    public long Count => _estimated ? HyperLogLog.Estimate(_registers) : Exact;

    int Exact => _used + (_zero ? 1 : 0);

    public override void Clear()
    {
        if (_used > 0) _slots.AsSpan().Clear();
        (_zero, _used, _estimated) = (false, 0, false);
    }

    public override void Add(Column? column, ReadOnlySpan<long> times, ReadOnlySpan<int> rows)
    {
        foreach (var row in rows)
            if (!column!.IsNull(row)) AddHash(ValueHash.Of(column, row));
    }

    public void AddHash(ulong hash)
    {
        if (_estimated)
        {
            HyperLogLog.Add(_registers, hash);
            return;
        }
        if (hash == 0) _zero = true;
        else if (!Insert(hash)) return;
        if (Exact > ExactLimit) Estimate();
    }

    bool Insert(ulong hash)
    {
        if (_used >= _slots.Length / 2) Grow();
        var mask = _slots.Length - 1;
        for (var at = (int)hash & mask; ; at = at + 1 & mask)
        {
            if (_slots[at] == hash) return false;
            if (_slots[at] != 0) continue;
            _slots[at] = hash;
            _used++;
            return true;
        }
    }

    void Grow()
    {
        var old = _slots;
        _slots = new ulong[old.Length * 2];
        var mask = _slots.Length - 1;
        foreach (var hash in old)
        {
            if (hash == 0) continue;
            var at = (int)hash & mask;
            while (_slots[at] != 0) at = at + 1 & mask;
            _slots[at] = hash;
        }
    }

    public override int Merge(ReadOnlySpan<byte> state)
    {
        var length = Measure(state);
        if (state[0] == 1)
        {
            for (var at = 3; at < length; at += 8) AddHash(BinaryPrimitives.ReadUInt64LittleEndian(state[at..]));
        }
        else if (state[0] == 2)
        {
            Estimate();
            HyperLogLog.Merge(_registers, state.Slice(1, HyperLogLog.Registers));
        }
        return length;
    }

    /// <summary>Goes over to registers.</summary>
    void Estimate()
    {
        if (_estimated) return;
        _registers ??= new byte[HyperLogLog.Registers];
        _registers.AsSpan().Clear();
        _estimated = true;
        if (_zero) HyperLogLog.Add(_registers, 0);
        foreach (var one in _slots)
            if (one != 0) HyperLogLog.Add(_registers, one);
    }

    public override int Measure(ReadOnlySpan<byte> state)
    {
        if (state.IsEmpty) throw StateBytes.Short(0);
        var length = state[0] switch
        {
            0 => 1,
            1 => state.Length < 3 ? 3 : 3 + 8 * BinaryPrimitives.ReadUInt16LittleEndian(state[1..]),
            2 => 1 + HyperLogLog.Registers,
            _ => throw StateBytes.Header("distinct", state[0]),
        };
        return length <= state.Length ? length : throw StateBytes.Short(state.Length);
    }

    public override void MergeFrom(Accumulator other)
    {
        var from = (DistinctAccumulator)other;
        if (from._estimated)
        {
            Estimate();
            HyperLogLog.Merge(_registers, from._registers);
            return;
        }
        if (from._zero) AddHash(0);
        foreach (var hash in from._slots)
            if (hash != 0) AddHash(hash);
    }

    public override void Write(IBufferWriter<byte> to)
    {
        if (_estimated)
        {
            to.GetSpan(1)[0] = 2;
            to.Advance(1);
            to.Write(_registers);
            return;
        }
        var count = Exact;
        if (_sorted.Length < count) _sorted = new ulong[Math.Max(count, 2 * _sorted.Length)];
        var at = 0;
        if (_zero) _sorted[at++] = 0;
        foreach (var hash in _slots)
            if (hash != 0) _sorted[at++] = hash;
        _sorted.AsSpan(0, count).Sort();
        var span = to.GetSpan(3 + 8 * count);
        span[0] = count == 0 ? (byte)0 : (byte)1;
        BinaryPrimitives.WriteUInt16LittleEndian(span[1..], (ushort)count);
        for (var i = 0; i < count; i++) BinaryPrimitives.WriteUInt64LittleEndian(span[(3 + 8 * i)..], _sorted[i]);
        to.Advance(count == 0 ? 1 : 3 + 8 * count);
    }
}

/// <summary>HyperLogLog with p = 12: the first 12 bits of a hash choose a register, which holds the greatest place of the first one among the other 52.</summary>
internal static class HyperLogLog
{
    public const int Registers = 4096;
    const int Rest = 52;

    public static void Add(Span<byte> registers, ulong hash)
    {
        var place = (byte)Math.Min(BitOperations.LeadingZeroCount(hash << 12) + 1, Rest + 1);
        ref var register = ref registers[(int)(hash >> Rest)];
        if (register < place) register = place;
    }

    public static void Merge(Span<byte> registers, ReadOnlySpan<byte> other)
    {
        var mine = MemoryMarshal.Cast<byte, Vector<byte>>(registers);
        var theirs = MemoryMarshal.Cast<byte, Vector<byte>>(other);
        for (var i = 0; i < mine.Length; i++) mine[i] = Vector.Max(mine[i], theirs[i]);
    }

    public static long Estimate(ReadOnlySpan<byte> registers)
    {
        Span<int> histogram = stackalloc int[Rest + 2];
        histogram.Clear();
        foreach (var register in registers) histogram[Math.Min((int)register, Rest + 1)]++;
        return Estimate(histogram);
    }

    /// <summary>Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), algorithm 6.</summary>
    public static long Estimate(ReadOnlySpan<int> histogram)
    {
        const double m = Registers, alpha = 1 / (2 * 0.6931471805599453);
        var z = m * Tau(1 - histogram[Rest + 1] / m);
        for (var k = Rest; k >= 1; k--) z = 0.5 * (z + histogram[k]);
        z += m * Sigma(histogram[0] / m);
        return (long)Math.Round(m * m * alpha / z, MidpointRounding.ToEven);
    }

    static double Sigma(double x)
    {
        if (x == 1) return double.PositiveInfinity;
        for (double y = 1, z = x; ; y += y)
        {
            x *= x;
            var next = z + x * y;
            if (next == z) return z;
            z = next;
        }
    }

    static double Tau(double x)
    {
        if (x is 0 or 1) return 0;
        for (double y = 0.5, z = 1 - x; ; y *= 0.5)
        {
            x = Math.Sqrt(x);
            var next = z - (1 - x) * (1 - x) * y;
            if (next == z) return z / 3;
            z = next;
        }
    }
}

/// <summary>xxHash64 of a value's bytes (S13): integers, instants, dates and bools as 8 bytes, floats as the bits of their float64, decimals as 16 bytes, text as UTF-8; of a list its elements, each behind a byte that is 0 for null and its length (4 bytes).</summary>
internal static class ValueHash
{
    public static ulong Of(Column column, int row)
    {
        switch (column)
        {
            case FixedColumn<double> c: return XxHash64.Hash(BitConverter.DoubleToUInt64Bits(c.Values[row]));
            case FixedColumn<float> c: return XxHash64.Hash(BitConverter.DoubleToUInt64Bits(c.Values[row]));
            case FixedColumn<long> c: return XxHash64.Hash((ulong)c.Values[row]);
            case FixedColumn<int> c: return XxHash64.Hash((ulong)(long)c.Values[row]);
            case FixedColumn<byte> c: return XxHash64.Hash((ulong)c.Values[row]);
            case BytesColumn c: return XxHash64.Hash(c[row]);
            case FixedColumn<Int128> c:
                Span<byte> unscaled = stackalloc byte[16];
                BinaryPrimitives.WriteInt128LittleEndian(unscaled, c.Values[row]);
                return XxHash64.Hash(unscaled);
            default:
                var bytes = new ArrayBufferWriter<byte>();
                Write(column, row, bytes);
                return XxHash64.Hash(bytes.WrittenSpan);
        }
    }

    static void Write(Column column, int row, ArrayBufferWriter<byte> to)
    {
        var span = to.GetSpan(16);
        switch (column)
        {
            case FixedColumn<double> c: Long(BitConverter.DoubleToInt64Bits(c.Values[row]), span); break;
            case FixedColumn<float> c: Long(BitConverter.DoubleToInt64Bits(c.Values[row]), span); break;
            case FixedColumn<long> c: Long(c.Values[row], span); break;
            case FixedColumn<int> c: Long(c.Values[row], span); break;
            case FixedColumn<byte> c: Long(c.Values[row], span); break;
            case FixedColumn<Int128> c:
                BinaryPrimitives.WriteInt128LittleEndian(span, c.Values[row]);
                to.Advance(16);
                break;
            case BytesColumn c: to.Write(c[row]); break;
            case ListColumn c:
                var element = new ArrayBufferWriter<byte>();
                for (var i = c.Start(row); i < c.Ends[row]; i++)
                {
                    span = to.GetSpan(5);
                    span[0] = c.Elements.IsNull(i) ? (byte)0 : (byte)1;
                    if (span[0] == 0)
                    {
                        to.Advance(1);
                        continue;
                    }
                    element.Clear();
                    Write(c.Elements, i, element);
                    BinaryPrimitives.WriteInt32LittleEndian(span[1..], element.WrittenCount);
                    to.Advance(5);
                    to.Write(element.WrittenSpan);
                }
                break;
            default: throw new NotSupportedException($"No hash of {column.Type}.");
        }

        void Long(long value, Span<byte> at)
        {
            BinaryPrimitives.WriteInt64LittleEndian(at, value);
            to.Advance(8);
        }
    }
}
