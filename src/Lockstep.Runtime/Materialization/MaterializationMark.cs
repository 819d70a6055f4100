using System.Buffers;
using System.Text;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Runtime.Materialization;

// The record of runs and the online store are two places; either may be lost, restored from a backup or exchanged for another alone.
// So the online store says itself which run it stands on: one cell under a key that no entity has (an entity's key begins with the
// version byte 1), written last, under the run's lease. An incremental run begins at that run; where it is not recorded, nothing is
// known of what the store holds, and everything is computed afresh.
/// <summary>The cell of a table that names the last run which brought all of its source online, and the meaning of the rows.</summary>
/// <param name="Run">The run's token.</param>
/// <param name="Fingerprint">Of the view.</param>
public sealed record MaterializationMark(Guid Run, string Fingerprint)
{
    const byte Format = 0xA1; // no cell of a view begins so

    public static readonly ReadOnlyMemory<byte> Key = new byte[] { 0 };

    /// <summary>Whether a key of a scan is no entity's: this mark, or how far a stream has been applied.</summary>
    public static bool IsMark(ReadOnlySpan<byte> key) => key.Length > 0 && key[0] == 0;

    public static async ValueTask<MaterializationMark?> ReadAsync(IOnlineStore store, string table, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(store);
        var batch = new OnlineReadBatch();
        batch.KeyBuffer.Write(Key.Span);
        batch.Add(table);
        await store.ReadAsync(batch, token);
        return Parse(batch.Cell(0).Span);
    }

    static MaterializationMark? Parse(ReadOnlySpan<byte> cell)
    {
        if (cell.IsEmpty) return null;
        if (cell[0] != Format || cell.Length < 17) throw new RowFormatException($"The mark of the last run has format {cell[0]} and {cell.Length} bytes; this program reads {Format}.");
        return new(new Guid(cell[1..17]), Encoding.UTF8.GetString(cell[17..]));
    }

    /// <summary>False: the lease has passed on.</summary>
    internal ValueTask<bool> WriteAsync(IOnlineStore store, string table, Fence fence, CancellationToken token)
    {
        var updates = new CellUpdates();
        updates.Add(Key.Span, [Format, .. Run.ToByteArray(), .. Encoding.UTF8.GetBytes(Fingerprint)]);
        return store.WriteAsync(table, updates, new Take(), fence, token);
    }

    sealed class Take : ICellMerge
    {
        public bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
        {
            merged.Write(update);
            return true;
        }
    }
}
