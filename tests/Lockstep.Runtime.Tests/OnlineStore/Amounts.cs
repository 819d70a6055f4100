using System.Buffers;
using System.Buffers.Binary;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Runtime.Tests.OnlineStore;

/// <summary>The least that updates of a stream are: a cell is the last place and a total, an update some amounts with their places.</summary>
sealed class Amounts : IStreamUpdates, ICellMerge
{
    const int Size = 16;

    public ICellMerge Merge(long now) => this;

    public void Combine(long now, IReadOnlyList<ReadOnlyMemory<byte>> updates, IBufferWriter<byte> combined)
    {
        foreach (var update in updates) combined.Write(update.Span);
    }

    public bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
    {
        var (place, total) = Read(cell);
        var before = place;
        for (; !update.IsEmpty; update = update[Size..])
            if (Read(update) is var (next, amount) && next > place) (place, total) = (next, total + amount);
        if (place == before) return false;
        merged.Write(Bytes(place, total));
        return true;
    }

    public static byte[] Bytes(long place, long amount)
    {
        var bytes = new byte[Size];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, place);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), amount);
        return bytes;
    }

    public static (long Place, long Total) Read(ReadOnlySpan<byte> cell)
        => cell.IsEmpty ? (-1, 0) : (BinaryPrimitives.ReadInt64LittleEndian(cell), BinaryPrimitives.ReadInt64LittleEndian(cell[8..]));
}

/// <summary>What a run does: the total is another, the place stays.</summary>
sealed class SetTotal(long total) : ICellMerge
{
    public bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
    {
        merged.Write(Amounts.Bytes(Amounts.Read(cell).Place, total));
        return true;
    }
}
