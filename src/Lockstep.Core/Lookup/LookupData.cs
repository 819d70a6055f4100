using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Lookup;

/// <summary>
/// The rows of a lookup table in memory: one hash from key bytes to row, and the columns. Never changed once it is made, so any
/// number of threads read it without a lock; finding a row allocates nothing.
/// </summary>
public sealed class LookupData
{
    readonly BytesTable _rows;

    internal LookupData(BytesTable rows, IReadOnlyList<Column> columns) => (_rows, Columns) = (rows, columns);

    public int Count => _rows.Count;
    internal IReadOnlyList<Column> Columns { get; }

    /// <summary>The row of a key, or -1.</summary>
    internal int RowOf(ReadOnlySpan<byte> key) => _rows.Find(key);
}
