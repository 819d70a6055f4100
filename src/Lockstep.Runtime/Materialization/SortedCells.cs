using System.Buffers;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Materialization;

/// <summary>Keys in ascending order, each once, with the cell that a run has computed for it.</summary>
internal abstract class SortedCells
{
    public abstract bool MoveNext();

    /// <summary>Stands until the next move, as the cell does.</summary>
    public abstract ReadOnlySpan<byte> Key { get; }

    public abstract ReadOnlySpan<byte> Cell { get; }
}

/// <summary>Rows that fit into memory.</summary>
internal sealed class CellsInMemory : SortedCells
{
    readonly NewestRows _rows;
    readonly Action<ValueCellWriter> _begin;
    readonly int[] _order;
    readonly ValueCellWriter _writer = new();
    readonly ArrayBufferWriter<byte> _cell = new(256);
    int _at = -1;

    /// <param name="rows">The rows; not to be changed while this is read.</param>
    /// <param name="begin">Begins a cell: the run's number, the places of the log that it has read.</param>
    public CellsInMemory(NewestRows rows, Action<ValueCellWriter> begin)
    {
        (_rows, _begin) = (rows, begin);
        _order = rows.Sorted();
    }

    public override ReadOnlySpan<byte> Key => _rows.KeyBytes(_order[_at]);
    public override ReadOnlySpan<byte> Cell => _cell.WrittenSpan;

    public override bool MoveNext()
    {
        if (++_at >= _order.Length) return false;
        _begin(_writer);
        _rows.WriteTo(_order[_at], _writer);
        _cell.ResetWrittenCount();
        _writer.Write(_cell);
        return true;
    }
}

/// <summary>Puts two cells of a key together; false, with nothing written, when the first holds it all.</summary>
internal delegate bool CombineCells(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> other, IBufferWriter<byte> to);

/// <summary>Several sorted runs read as one; cells of a key that stands in several are put together.</summary>
internal sealed class MergedCells : SortedCells
{
    readonly CombineCells _combine;
    readonly PriorityQueue<SortedCells, SortedCells> _heads;
    readonly ArrayBufferWriter<byte> _key = new(64);
    ArrayBufferWriter<byte> _cell = new(256), _spare = new(256);

    /// <summary>Of rows, which compete by S6.</summary>
    public static MergedCells OfRows(RowLayout layout, long now, IEnumerable<SortedCells> runs)
    {
        ArrayBufferWriter<byte> update = new(256);
        return new((cell, other, to) =>
        {
            update.ResetWrittenCount();
            ValueCellUpdate.Write(update, ValueUpdateKind.Add, 0, other);
            return ValueCellUpdate.Apply(layout, now, cell, update.WrittenSpan, to) == ValueCellOutcome.Changed;
        }, runs);
    }

    public MergedCells(CombineCells combine, IEnumerable<SortedCells> runs)
    {
        _combine = combine;
        _heads = new(Comparer<SortedCells>.Create((a, b) => a.Key.SequenceCompareTo(b.Key)));
        foreach (var run in runs)
            if (run.MoveNext()) _heads.Enqueue(run, run);
    }

    public override ReadOnlySpan<byte> Key => _key.WrittenSpan;
    public override ReadOnlySpan<byte> Cell => _cell.WrittenSpan;

    public override bool MoveNext()
    {
        if (!_heads.TryDequeue(out var head, out _)) return false;
        Set(_key, head.Key);
        Set(_cell, head.Cell);
        Next(head);
        while (_heads.TryPeek(out head, out _) && head.Key.SequenceEqual(_key.WrittenSpan))
        {
            _heads.Dequeue();
            _spare.ResetWrittenCount();
            if (_combine(_cell.WrittenSpan, head.Cell, _spare)) (_cell, _spare) = (_spare, _cell);
            Next(head);
        }
        return true;
    }

    void Next(SortedCells run)
    {
        if (run.MoveNext()) _heads.Enqueue(run, run);
    }

    static void Set(ArrayBufferWriter<byte> to, ReadOnlySpan<byte> bytes)
    {
        to.ResetWrittenCount();
        to.Write(bytes);
    }
}
