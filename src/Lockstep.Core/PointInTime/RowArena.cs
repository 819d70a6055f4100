using Lockstep.Core.Rows;

namespace Lockstep.Core.PointInTime;

/// <summary>
/// Rows that may turn out to be answers, column by column. Rows are only appended; when they take too much memory the sweep copies
/// those that still stand to the other set of columns.
/// </summary>
internal sealed class RowArena(Schema schema)
{
    Column[] _columns = Create(schema);
    Column[]? _spare;

    public int Count => _columns[0].Count;
    public ReadOnlySpan<Column> Columns => _columns;

    public void Append(ReadOnlySpan<Column> source, ReadOnlySpan<int> rows)
    {
        for (var i = 0; i < _columns.Length; i++) _columns[i].AppendRows(source[i], rows);
    }

    /// <summary>Keeps these rows, in this order, and forgets all others.</summary>
    public void Keep(ReadOnlySpan<int> rows)
    {
        var kept = _spare ?? Create(schema);
        for (var i = 0; i < kept.Length; i++) kept[i].AppendRows(_columns[i], rows);
        foreach (var column in _columns) column.Clear();
        (_columns, _spare) = (kept, _columns);
    }

    /// <summary>Gives up the memory that only further compaction would need.</summary>
    public void Freeze() => _spare = null;

    /// <summary>Bytes of the rows; validity and slack not counted.</summary>
    public long Bytes
    {
        get
        {
            var bytes = 0L;
            foreach (var column in _columns) bytes += column.Bytes;
            return bytes;
        }
    }

    static Column[] Create(Schema schema) => [.. schema.Fields.Select(f => Column.Create(f.Type))];
}
