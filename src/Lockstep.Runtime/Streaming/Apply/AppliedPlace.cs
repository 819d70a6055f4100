using System.Buffers;
using System.Buffers.Binary;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Runtime.Streaming.Apply;

// From where on a partition of the log is to be applied to a view when a process begins. Every event up to there has been applied; more
// may have been, which each key knows by itself. So it may be written now and then, after the cells, and an old one does no harm.
/// <summary>How far a partition of the log has been applied to a view, kept in the view's own table.</summary>
public static class AppliedPlace
{
    const byte Format = 0xA2; // no cell of a view begins so

    static byte[] Key(uint partition)
    {
        byte[] key = [0, (byte)'P', 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(key.AsSpan(2), partition);
        return key;
    }

    /// <summary>Whether an entry of a scan says how far a partition has been applied.</summary>
    public static bool TryRead(ReadOnlySpan<byte> key, ReadOnlySpan<byte> cell, out LogPlace place)
    {
        var found = key.Length == 6 && key[0] == 0 && key[1] == (byte)'P' && !cell.IsEmpty;
        place = found ? new(BinaryPrimitives.ReadUInt32LittleEndian(key[2..]), Parse(cell)) : default;
        return found;
    }

    /// <summary>-1: nothing is known.</summary>
    public static async ValueTask<long> ReadAsync(IOnlineStore store, string table, uint partition, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(store);
        var batch = new OnlineReadBatch();
        batch.KeyBuffer.Write(Key(partition));
        batch.Add(table);
        await store.ReadAsync(batch, token);
        return Parse(batch.Cell(0).Span);
    }

    static long Parse(ReadOnlySpan<byte> cell)
    {
        if (cell.IsEmpty) return -1;
        if (cell[0] != Format || cell.Length != 9) throw new RowFormatException($"A place of the log has format {cell[0]} and {cell.Length} bytes; this program reads {Format}.");
        return BinaryPrimitives.ReadInt64LittleEndian(cell[1..]);
    }

    /// <summary>Never goes back.</summary>
    public static async ValueTask WriteAsync(IOnlineStore store, string table, LogPlace place, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(store);
        var updates = new CellUpdates();
        var cell = new byte[9];
        cell[0] = Format;
        BinaryPrimitives.WriteInt64LittleEndian(cell.AsSpan(1), place.Place);
        updates.Add(Key(place.Partition), cell);
        await store.WriteAsync(table, updates, new Greater(), Fence.None, token);
    }

    /// <summary>Applies the partition from its beginning next time.</summary>
    internal static async ValueTask ForgetAsync(IOnlineStore store, string table, uint partition, CancellationToken token)
    {
        var updates = new CellUpdates();
        updates.Add(Key(partition), default);
        await store.WriteAsync(table, updates, new Forget(), Fence.None, token);
    }

    sealed class Forget : ICellMerge
    {
        public bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged) => !cell.IsEmpty;
    }

    sealed class Greater : ICellMerge
    {
        public bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
        {
            if (Parse(cell) >= Parse(update)) return false;
            merged.Write(update);
            return true;
        }
    }
}
