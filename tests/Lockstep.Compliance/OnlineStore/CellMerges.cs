using System.Buffers;
using System.Buffers.Binary;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Compliance.OnlineStore;

/// <summary>The update becomes the cell; an empty one removes it.</summary>
public sealed class TakeUpdate : ICellMerge
{
    public bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
    {
        merged.Write(update);
        return true;
    }
}

/// <summary>Adds the number in the update to the number in the cell.</summary>
public sealed class AddNumbers : ICellMerge
{
    public bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
    {
        var sum = (cell.IsEmpty ? 0 : BinaryPrimitives.ReadInt64LittleEndian(cell)) + BinaryPrimitives.ReadInt64LittleEndian(update);
        BinaryPrimitives.WriteInt64LittleEndian(merged.GetSpan(8), sum);
        merged.Advance(8);
        return true;
    }
}

/// <summary>Any function.</summary>
public sealed class MergeBy(Func<byte[], byte[], byte[]?> merge) : ICellMerge
{
    public bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
    {
        if (merge(cell.ToArray(), update.ToArray()) is not { } result) return false;
        merged.Write(result);
        return true;
    }
}
