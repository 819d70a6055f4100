using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Runtime.Verification;

/// <summary>Cells of a view as they lie in the online store.</summary>
static class RawCells
{
    /// <summary>One for each key; empty where there is none.</summary>
    public static async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadAsync(IOnlineStore online, ViewVersion view, IEnumerable<Value[]> keys, CancellationToken token)
    {
        OnlineReadBatch batch = new();
        foreach (var key in keys)
        {
            EntityKey.TryWrite(key, batch.KeyBuffer);
            batch.Add(view.Id);
        }
        if (batch.Count > 0) await online.ReadAsync(batch, token);
        return [.. Enumerable.Range(0, batch.Count).Select(batch.Cell)];
    }
}
