using System.Buffers;

namespace Lockstep.Runtime.OnlineStore;

/// <summary>How the updates of streams to one table are applied. Each names its places in the log: applied again, in whatever cut, it changes nothing (S15).</summary>
public interface IStreamUpdates
{
    /// <summary>Applies them; one for each write or read.</summary>
    ICellMerge Merge(long now);

    /// <summary>Makes one update of several to a key, oldest first: it does what they do one after the other.</summary>
    void Combine(long now, IReadOnlyList<ReadOnlyMemory<byte>> updates, IBufferWriter<byte> combined);
}
