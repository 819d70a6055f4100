using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.PointInTime;

/// <summary>Events of a range of groups, in chunks as they came: full chunks are never copied again, and go to disk whole.</summary>
internal sealed class SweepPartition(Schema schema)
{
    public const int ChunkBits = 12;
    public const int ChunkRows = 1 << ChunkBits;

    readonly List<ColumnBatch> _chunks = [];

    public IReadOnlyList<ColumnBatch> Chunks => _chunks;

    /// <summary>Events in memory and on disk.</summary>
    public long Rows { get; private set; }

    public bool Spilled { get; private set; }

    /// <summary>Appends rows of the columns, which are those of the schema.</summary>
    public void Append(ReadOnlySpan<Column> columns, ReadOnlySpan<int> rows)
    {
        Rows += rows.Length;
        while (!rows.IsEmpty)
        {
            if (_chunks.Count == 0 || _chunks[^1].Count == ChunkRows) _chunks.Add(NewChunk());
            var chunk = _chunks[^1];
            var some = rows[..Math.Min(rows.Length, ChunkRows - chunk.Count)];
            for (var i = 0; i < columns.Length; i++) chunk[i].AppendRows(columns[i], some);
            rows = rows[some.Length..];
        }
    }

    // The first grows, since there may be little; where one was filled there is more.
    ColumnBatch NewChunk()
    {
        var chunk = new ColumnBatch(schema);
        if (_chunks.Count > 0)
            foreach (var column in chunk.Columns) column.Reserve(ChunkRows);
        return chunk;
    }

    public long Bytes
    {
        get
        {
            var bytes = 0L;
            foreach (var chunk in _chunks)
                foreach (var column in chunk.Columns) bytes += column.Bytes;
            return bytes;
        }
    }

    /// <summary>Puts all chunks on disk and forgets them.</summary>
    public void Spill(IBatchSpill to, int number)
    {
        foreach (var chunk in _chunks) to.Write(number, chunk);
        Spilled |= _chunks.Count > 0;
        _chunks.Clear();
    }

    /// <summary>Reads back what was put on disk, behind what is in memory: the order does not matter.</summary>
    public void Load(IBatchSpill from, int number, CancellationToken token)
    {
        if (!Spilled) return;
        using var reader = from.Read(number, schema);
        for (var chunk = new ColumnBatch(schema); reader.Read(chunk, token); chunk = new(schema))
        {
            if (chunk.Count > ChunkRows) throw new InvalidOperationException($"A chunk of {chunk.Count} rows came back; {ChunkRows} is the most that was written.");
            _chunks.Add(chunk);
        }
        Spilled = false;
    }

    public void Clear() => _chunks.Clear();
}
