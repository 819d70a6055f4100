using Lockstep.Core.Rows;

namespace Lockstep.Core.PointInTime;

/// <summary>Rows that may turn out to be answers, column by column. Rows are only appended; from time to time the sweep forgets those that do not stand any more.</summary>
internal sealed class RowArena(Schema schema)
{
    readonly Column[] _columns = [.. schema.Fields.Select(f => Column.Create(f.Type))];

    public int Count => _columns[0].Count;
    public ReadOnlySpan<Column> Columns => _columns;

    public void Append(ReadOnlySpan<Column> source, ReadOnlySpan<int> rows)
    {
        for (var i = 0; i < _columns.Length; i++) _columns[i].AppendRows(source[i], rows);
    }

    /// <summary>Keeps these rows, which are in ascending order.</summary>
    public void Keep(ReadOnlySpan<int> rows)
    {
        foreach (var column in _columns) column.Keep(rows);
    }

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
}
