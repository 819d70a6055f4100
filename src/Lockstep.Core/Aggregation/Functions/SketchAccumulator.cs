using System.Buffers;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Functions;

// State: 0 for none; or 1, the count of zeros, the number of buckets below and above zero, then for each side the buckets in ascending
// order: the first one's number (zigzag), of the others the distance to the one before less 1, each followed by its count. All LEB128.
// Of more than 2,048 buckets a side those nearest zero are written as one (S13). That this loses nothing when states are merged: what
// is merged lies at or below the 2,048th bucket of a part, and that of the whole is never nearer to zero.
internal sealed class SketchAccumulator : Accumulator, ICounted
{
    public Sketch Sketch { get; } = new();
    public long Count => Sketch.Count;

    public override void Clear() => Sketch.Clear();

    public override void Add(Column? column, ReadOnlySpan<long> times, ReadOnlySpan<int> rows)
    {
        foreach (var row in rows)
            if (!column!.IsNull(row)) Sketch.Add(Sketch.NumberOf(column, row), 1);
    }

    public override int Merge(ReadOnlySpan<byte> state) => Walk(state, Sketch);
    public override int Measure(ReadOnlySpan<byte> state) => Walk(state, null);

    static int Walk(ReadOnlySpan<byte> state, Sketch? sketch)
    {
        if (state.IsEmpty) throw StateBytes.Short(0);
        if (state[0] == 0) return 1;
        if (state[0] != 1) throw StateBytes.Header("sketch", state[0]);
        var at = 1;
        var zeros = (long)StateBytes.ReadVarint(state, ref at);
        sketch?.Add(0, 0, zeros);
        var (below, above) = (StateBytes.ReadCount(state, ref at), StateBytes.ReadCount(state, ref at));
        Side(-1, below, state, ref at, sketch);
        Side(1, above, state, ref at, sketch);
        return at;
    }

    static void Side(int side, int buckets, ReadOnlySpan<byte> state, ref int at, Sketch? sketch)
    {
        var bucket = 0L;
        for (var i = 0; i < buckets; i++)
        {
            var step = StateBytes.ReadVarint(state, ref at);
            bucket = i == 0 ? (long)(step >> 1) ^ -(long)(step & 1) : bucket + (long)step + 1;
            if (bucket is < -65536 or > 65536) throw new RowFormatException($"The bucket {bucket} in a sketch's state is beyond every double.");
            var count = (long)StateBytes.ReadVarint(state, ref at);
            sketch?.Add(side, (int)bucket, count);
        }
    }

    public override void MergeFrom(Accumulator other)
    {
        var from = ((SketchAccumulator)other).Sketch;
        Sketch.Add(0, 0, from.Zero);
        Merge(-1, from.Negative);
        Merge(1, from.Positive);
    }

    void Merge(int sign, SketchSide side)
    {
        if (side.Total == 0) return;
        for (var bucket = side.First; bucket <= side.Last; bucket++)
            if (side.Raw(bucket) is not 0 and var count) Sketch.Add(sign, bucket, count);
    }

    public override void Write(IBufferWriter<byte> to)
    {
        to.GetSpan(1)[0] = Sketch.Count == 0 ? (byte)0 : (byte)1;
        to.Advance(1);
        if (Sketch.Count == 0) return;
        StateBytes.WriteVarint(to, (ulong)Sketch.Zero);
        StateBytes.WriteVarint(to, (ulong)Math.Min(Sketch.Negative.Used, Sketch.MaxBuckets));
        StateBytes.WriteVarint(to, (ulong)Math.Min(Sketch.Positive.Used, Sketch.MaxBuckets));
        Write(Sketch.Negative, to);
        Write(Sketch.Positive, to);
    }

    static void Write(SketchSide side, IBufferWriter<byte> to)
    {
        if (side.Total == 0) return;
        var floor = side.Floor();
        var before = long.MinValue;
        for (var bucket = floor; bucket <= side.Last; bucket++)
        {
            var count = side.At(bucket, floor);
            if (count == 0) continue;
            StateBytes.WriteVarint(to, before == long.MinValue ? (uint)(bucket << 1 ^ bucket >> 31) : (ulong)(bucket - before - 1));
            StateBytes.WriteVarint(to, (ulong)count);
            before = bucket;
        }
    }
}
