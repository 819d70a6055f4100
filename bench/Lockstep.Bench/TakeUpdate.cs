using System.Buffers;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Bench;

/// <summary>The cell is the update.</summary>
sealed class TakeUpdate : ICellMerge
{
    public bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
    {
        merged.Write(update);
        return true;
    }
}
