using System.Buffers;

namespace Lockstep.Runtime.OnlineStore;

/// <summary>Cells to read and what was found. Reused from request to request: it allocates only while it grows.</summary>
public sealed class OnlineReadBatch
{
    readonly ArrayBufferWriter<byte> _keys = new(256);
    (string Table, int Start, int End)[] _reads = new (string, int, int)[8];
    ReadOnlyMemory<byte>[] _cells = new ReadOnlyMemory<byte>[8];

    public int Count { get; private set; }

    /// <summary>Where the next key is written before <see cref="Add"/> closes it.</summary>
    public IBufferWriter<byte> KeyBuffer => _keys;

    /// <summary>Closes the key written to <see cref="KeyBuffer"/> since the last call and says which table it is of; returns its place.</summary>
    public int Add(string table)
    {
        if (Count == _reads.Length)
        {
            Array.Resize(ref _reads, Count * 2);
            Array.Resize(ref _cells, Count * 2);
        }
        _reads[Count] = (table, Count == 0 ? 0 : _reads[Count - 1].End, _keys.WrittenCount);
        _cells[Count] = default;
        return Count++;
    }

    public string Table(int index) => _reads[index].Table;
    public ReadOnlySpan<byte> Key(int index) => _keys.WrittenSpan[_reads[index].Start.._reads[index].End];
    public ReadOnlyMemory<byte> KeyMemory(int index) => _keys.WrittenMemory[_reads[index].Start.._reads[index].End];

    /// <summary>The cell; empty when there is none. Whoever holds it may keep it: stores never change the bytes of a cell that they gave out.</summary>
    public ReadOnlyMemory<byte> Cell(int index) => _cells[index];

    public void SetCell(int index, ReadOnlyMemory<byte> cell) => _cells[index] = cell;

    public void Clear()
    {
        _keys.ResetWrittenCount();
        Array.Clear(_cells, 0, Count);
        Count = 0;
    }
}
