using System.Buffers;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Materialization;

/// <summary>Keys and days whose tiles files touch.</summary>
internal sealed class TouchedTiles
{
    /// <summary>More ranges than this are taken together: a merge looks at each for every tile.</summary>
    const int MostRanges = 64;

    readonly SortedSet<long> _days = [];

    /// <summary>Null: all keys.</summary>
    public KeySet? Keys { get; private set; } = new();

    public bool IsEmpty => _days.Count == 0;

    public void AllKeys() => Keys = null;

    public void Add(ReadOnlySpan<byte> key, long time)
    {
        Keys?.Add(key);
        _days.Add(Instant.Floor(time, Instant.Day));
    }

    /// <summary>The days, neighbours together; those before <paramref name="end"/>.</summary>
    public List<DayRange> Ranges(long end)
    {
        List<DayRange> ranges = [];
        foreach (var day in _days)
        {
            if (day >= end) break;
            var next = day > long.MaxValue - Instant.Day ? long.MaxValue : day + Instant.Day;
            if (ranges.Count > 0 && ranges[^1].To == day) ranges[^1] = ranges[^1] with { To = next };
            else ranges.Add(new(day, next));
        }
        return ranges.Count > MostRanges ? [new(ranges[0].From, ranges[^1].To)] : ranges;
    }
}

/// <summary>Reads the events of an aggregation view's table, in bounded memory, down to the tiles of each key.</summary>
internal sealed class TileRows(IBatchEngine engine, EventProgram program, MaterializerOptions options, long now, long horizon, long end, bool bounded, ReadCounts counts)
{
    readonly long _readFrom = program.Layout.ReadFrom(TileLayout.Cut(now));

    /// <summary>The latest event that is taken.</summary>
    long Last => end switch { long.MaxValue => horizon, long.MinValue => long.MinValue, _ => Math.Min(horizon, end - 1) };

    /// <summary>Adds the keys and days of all rows of files that are gone, however late: a run that took more may have written them.</summary>
    public void TouchRemoved(TableInput input, TouchedTiles into, CancellationToken token) => Touch(input, long.MinValue, long.MaxValue, into, token);

    /// <summary>Adds the keys and days of the rows of files, of those from an instant on that a window can reach.</summary>
    public void Touch(TableInput input, long notBefore, TouchedTiles into, CancellationToken token)
    {
        if (bounded && horizon < long.MaxValue) counts.LeftOut = Math.Min(counts.LeftOut, horizon + 1);
        Touch(input, notBefore, Last, into, token);
    }

    void Touch(TableInput input, long notBefore, long last, TouchedTiles into, CancellationToken token)
    {
        if (input.IsEmpty) return;
        var touched = program.TouchedRows(); // of rows that filters drop, too: computing a tile afresh does no harm
        using var reader = engine.Scan(new() { Table = input, Columns = ViewColumns.Scan(touched), TimeColumn = program.Timestamp, NotBefore = Math.Max(notBefore, _readFrom), NotAfter = bounded ? last : long.MaxValue }, token);
        var rows = touched.Open();
        var keyCount = program.View.Keys.Count;
        Column[] keys = [.. rows.Output.Columns.Take(keyCount)];
        var time = (FixedColumn<long>)rows.Output[keyCount];
        var key = new ArrayBufferWriter<byte>(64);
        while (reader.Read(rows.Input, token))
        {
            rows.Run();
            for (var row = 0; row < rows.Output.Count; row++)
            {
                if (time.IsNull(row)) continue;
                if (time.Values[row] > last)
                {
                    if (time.Values[row] > horizon) counts.LeftOut = Math.Min(counts.LeftOut, time.Values[row]); // comes later; from the end on it is the log's
                    continue;
                }
                key.ResetWrittenCount();
                if (EntityKey.TryWrite(keys, row, key)) into.Add(key.WrittenSpan, time.Values[row]);
            }
            if (into.Keys is { } set && set.Bytes > options.MemoryBytes / 2) into.AllKeys();
        }
    }

    /// <summary>The keys of all rows from an instant on, some at a time; a key may come again.</summary>
    public IEnumerable<KeySet> KeysFrom(TableInput input, long notBefore, CancellationToken token)
    {
        if (input.IsEmpty) yield break;
        var touched = program.TouchedRows();
        using var reader = engine.Scan(new() { Table = input, Columns = ViewColumns.Scan(touched), TimeColumn = program.Timestamp, NotBefore = notBefore }, token);
        var rows = touched.Open();
        Column[] keys = [.. rows.Output.Columns.Take(program.View.Keys.Count)];
        var key = new ArrayBufferWriter<byte>(64);
        KeySet found = new();
        while (reader.Read(rows.Input, token))
        {
            rows.Run();
            for (var row = 0; row < rows.Output.Count; row++)
            {
                key.ResetWrittenCount();
                if (EntityKey.TryWrite(keys, row, key)) found.Add(key.WrittenSpan);
            }
            if (found.Bytes <= options.MemoryBytes / 2) continue;
            yield return found;
            found = new();
        }
        if (found.Count > 0) yield return found;
    }

    /// <summary>The tiles of these days, or of all, of the keys wanted, or of all.</summary>
    public TileCells Read(TableInput input, IReadOnlyList<DayRange> ranges, KeySet? only, long run, ProgressMeter progress, CancellationToken token)
    {
        var cells = new TileCells(program.Layout, program.Rows.Schema, now, run, end, new(options.SpillFolder));
        try
        {
            if (!input.IsEmpty && ranges.Count > 0) Read(input, ranges, only, cells, progress, token);
            return cells;
        }
        catch
        {
            cells.Dispose();
            throw;
        }
    }

    void Read(TableInput input, IReadOnlyList<DayRange> ranges, KeySet? only, TileCells to, ProgressMeter progress, CancellationToken token)
    {
        var all = ranges[^1].To == long.MaxValue || ranges[^1].To >= end;
        if (bounded && horizon < long.MaxValue) counts.LeftOut = Math.Min(counts.LeftOut, horizon + 1);
        using var reader = engine.Scan(new()
        {
            Table = input,
            Columns = ViewColumns.Scan(program.Rows),
            TimeColumn = program.Timestamp,
            NotBefore = Math.Max(_readFrom, ranges[0].From),
            // Rows after the horizon are read as well where all are wanted, so that it is known whether there are any.
            NotAfter = bounded || end != long.MaxValue ? Last : all ? long.MaxValue : ranges[^1].To - 1,
        }, token);
        var rows = program.Rows.Open();
        var batch = rows.Output;
        var keyCount = program.View.Keys.Count;
        var key = new ArrayBufferWriter<byte>(64);
        int[] kept = [];
        Column[] keys = [.. batch.Columns.Take(keyCount)];
        Column[] columns = [.. batch.Columns.Distinct()];
        var time = (FixedColumn<long>)batch[keyCount];
        while (reader.Read(rows.Input, token))
        {
            counts.Rows += rows.Input.Count;
            rows.Run();
            var read = batch.Count;
            if (kept.Length < read) kept = new int[read];
            var count = 0;
            for (var row = 0; row < read; row++)
            {
                if (!time.IsNull(row))
                {
                    var at = time.Values[row];
                    if (at > horizon)
                    {
                        counts.Ahead++;
                        counts.LeftOut = Math.Min(counts.LeftOut, at);
                        continue;
                    }
                    if (at > Last || !IsIn(ranges, at)) continue;
                    if (only is not null)
                    {
                        key.ResetWrittenCount();
                        if (!EntityKey.TryWrite(keys, row, key) || !only.Contains(key.WrittenSpan)) continue;
                    }
                }
                kept[count++] = row;
            }
            if (count < read)
                foreach (var column in columns) column.Keep(kept.AsSpan(0, count));
            to.Builder.Add(batch);
            to.SpillIfLarge(options.MemoryBytes, token);
            progress.Add(read, reader.Progress);
        }
        counts.Dropped += rows.Dropped;
        counts.WithoutKey += to.Builder.WithoutKey;
        counts.WithoutTime += to.Builder.WithoutTime;
        program.Rows.CountNonFinite(reader.NonFinite, counts.NonFinite);
    }

    static bool IsIn(IReadOnlyList<DayRange> ranges, long at)
    {
        var (low, high) = (0, ranges.Count); // the first range that ends after it
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (ranges[middle].To <= at && ranges[middle].To != long.MaxValue) low = middle + 1;
            else high = middle;
        }
        return low < ranges.Count && ranges[low].From <= at;
    }
}

/// <summary>Cells that a run has computed: in memory, and in sorted files where they did not fit.</summary>
internal sealed class TileCells(TileLayout layout, Schema events, long now, long run, long end, CellSpill spill) : IDisposable
{
    public TileBuilder Builder { get; } = new(layout, events, now);

    public void SpillIfLarge(long bytes, CancellationToken token)
    {
        if (Builder.Bytes <= bytes) return;
        spill.Write(new BuiltCells(Builder, run, end), token);
        Builder.Clear();
    }

    public SortedCells Open()
    {
        var inMemory = new BuiltCells(Builder, run, end);
        if (spill.Count == 0) return inMemory;
        var merger = new TileCellMerger(layout);
        var update = new ArrayBufferWriter<byte>(256);
        return new MergedCells((cell, other, to) =>
        {
            update.ResetWrittenCount();
            TileUpdate.Combine(update, other);
            return merger.Apply(now, cell, update.WrittenSpan, to) == TileOutcome.Changed;
        }, [.. spill.Read(), inMemory]);
    }

    public void Dispose() => spill.Dispose();

    sealed class BuiltCells(TileBuilder builder, long run, long end) : SortedCells
    {
        readonly ArrayBufferWriter<byte> _cell = new(1 << 12);
        readonly int _count = builder.Sort();
        int _at = -1;

        public override ReadOnlySpan<byte> Key => builder.Key(_at);
        public override ReadOnlySpan<byte> Cell => _cell.WrittenSpan;

        public override bool MoveNext()
        {
            if (++_at >= _count) return false;
            _cell.ResetWrittenCount();
            builder.Write(_at, run, end, _cell);
            return true;
        }
    }
}
