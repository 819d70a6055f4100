using System.Buffers;

namespace Lockstep.Runtime.OnlineStore;

/// <summary>Keys and updates of one write, in one buffer that is reused.</summary>
public sealed class CellUpdates
{
    readonly ArrayBufferWriter<byte> _bytes = new(1 << 16);
    readonly List<(int Key, int KeyEnd, int UpdateEnd)> _entries = [];

    public int Count => _entries.Count;
    public long Bytes => _bytes.WrittenCount;

    public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> update)
    {
        var start = _bytes.WrittenCount;
        _bytes.Write(key);
        var keyEnd = _bytes.WrittenCount;
        _bytes.Write(update);
        _entries.Add((start, keyEnd, _bytes.WrittenCount));
    }

    public ReadOnlySpan<byte> Key(int index) => _bytes.WrittenSpan[_entries[index].Key.._entries[index].KeyEnd];
    public ReadOnlySpan<byte> Update(int index) => _bytes.WrittenSpan[_entries[index].KeyEnd.._entries[index].UpdateEnd];

    /// <summary>Orders the entries by the bytes of their keys: what a store with an ordered index writes fastest.</summary>
    public void SortByKey() => _entries.Sort((a, b) =>
        _bytes.WrittenSpan[a.Key..a.KeyEnd].SequenceCompareTo(_bytes.WrittenSpan[b.Key..b.KeyEnd]));

    public void Clear()
    {
        _bytes.ResetWrittenCount();
        _entries.Clear();
    }
}
