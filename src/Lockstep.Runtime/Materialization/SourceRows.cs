using System.Buffers;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Expectations;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Materialization;

/// <summary>Files to read and from when on.</summary>
internal readonly record struct SourcePart(TableInput Input, long NotBefore);

/// <summary>Which keys to take; both null: all.</summary>
internal readonly record struct KeyFilter(KeySet? Only, KeySet? Except)
{
    public bool Takes(ReadOnlySpan<byte> key) => Only is null ? Except is null || !Except.Contains(key) : Only.Contains(key);
}

/// <summary>What was counted while reading.</summary>
internal sealed class ReadCounts
{
    /// <summary>Rows read; those of them that filters dropped, that are too late, that no key can find.</summary>
    public long Rows, Dropped, Ahead, WithoutKey, WithoutTime;

    /// <summary>The earliest row that was left out as too late; <see cref="long.MaxValue"/>: there was none.</summary>
    public long LeftOut = long.MaxValue;

    public SortedDictionary<string, long> NonFinite { get; } = new(StringComparer.Ordinal);
}

/// <summary>Reads a value view's source, in bounded memory, down to the rows of each key that can be an answer from <c>now - grace</c> to the horizon.</summary>
internal sealed class SourceRows(
    IBatchEngine engine, ViewColumns columns, RowLayout layout, MaterializerOptions options, long now, long horizon, bool bounded, ReadCounts counts, ViewExpectations? expectations)
{
    readonly RowProgram _program = columns.Program(Enumerable.Range(0, layout.Schema.Count), also: expectations?.Reads);

    /// <summary>Keys of files that have been removed from the table.</summary>
    public KeySet Keys(TableInput input, CancellationToken token)
    {
        var keys = new KeySet();
        var program = columns.KeyProgram(); // of rows that the filter drops, too: computing a key afresh does no harm
        using var reader = engine.Scan(new() { Table = input, Columns = ViewColumns.Scan(program) }, token);
        var rows = program.Open();
        var key = new ArrayBufferWriter<byte>(64);
        Column[] parts = [.. rows.Output.Columns];
        while (keys.Bytes <= options.MemoryBytes / 2 && reader.Read(rows.Input, token))
        {
            rows.Run();
            for (var row = 0; row < rows.Output.Count; row++)
            {
                key.ResetWrittenCount();
                if (EntityKey.TryWrite(parts, row, key)) keys.Add(key.WrittenSpan);
            }
        }
        return keys;
    }

    /// <summary>Counts all rows for the expectations, and takes none.</summary>
    public void Expect(TableInput input, ProgressMeter progress, CancellationToken token)
    {
        if (expectations is null || input.IsEmpty) return;
        using var reader = engine.Scan(new() { Table = input, Columns = ViewColumns.Scan(_program), Where = _program.Conditions }, token);
        var rows = _program.Open();
        while (reader.Read(rows.Input, token))
        {
            var read = rows.Input.Count;
            rows.Run();
            expectations.Add(rows.Output);
            counts.Rows += read;
            progress.Add(read, reader.Progress);
        }
        counts.Rows += reader.LeftOut;
        counts.Dropped += rows.Dropped + reader.LeftOut;
    }

    /// <param name="parts">What to read.</param>
    /// <param name="filter">Which keys to take.</param>
    /// <param name="expect">Whether the rows count for the expectations: no row twice in a run.</param>
    /// <param name="memory">Bytes of rows to hold before they are put into files.</param>
    /// <param name="begin">Begins a cell.</param>
    /// <param name="progress">Hears of rows.</param>
    /// <param name="token">Stops it.</param>
    public Collected Read(IEnumerable<SourcePart> parts, KeyFilter filter, bool expect, long memory, Action<ValueCellWriter> begin, ProgressMeter progress, CancellationToken token)
    {
        var collected = new Collected(layout, now, new(layout, now - ValueCell.Grace), new(options.SpillFolder), begin);
        try
        {
            foreach (var part in parts)
                if (!part.Input.IsEmpty) Read(part, filter, expect ? expectations : null, memory, collected, progress, token);
            return collected;
        }
        catch
        {
            collected.Dispose();
            throw;
        }
    }

    void Read(SourcePart part, KeyFilter filter, ViewExpectations? expected, long memory, Collected to, ProgressMeter progress, CancellationToken token)
    {
        var request = new ScanRequest { Table = part.Input, Columns = ViewColumns.Scan(_program), Where = _program.Conditions };
        // Rows after the horizon are read as well, so that it is known whether there are any: except where an end was asked for, which may be long ago.
        if (part.NotBefore != long.MinValue || bounded) request = request with { TimeColumn = columns.Timestamp, NotBefore = part.NotBefore, NotAfter = bounded ? horizon : long.MaxValue };
        if (bounded && horizon < long.MaxValue) counts.LeftOut = Math.Min(counts.LeftOut, horizon + 1);
        using var reader = engine.Scan(request, token);
        var rows = _program.Open();
        var batch = rows.Output;
        var keyCount = columns.View.Keys.Count;
        Column[] keys = [.. batch.Columns.Take(keyCount)];
        var time = (FixedColumn<long>)batch[keyCount];
        var created = columns.HasCreated ? (FixedColumn<long>)batch[keyCount + 1] : null;
        Column[] features = [.. batch.Columns.Skip(keyCount + (created is null ? 1 : 2)).Take(layout.Schema.Count)];
        var packer = new RowWriter(layout);
        var key = new ArrayBufferWriter<byte>(64);
        while (reader.Read(rows.Input, token))
        {
            var read = rows.Input.Count;
            rows.Run();
            expected?.Add(batch);
            for (var row = 0; row < batch.Count; row++)
            {
                if (time.IsNull(row))
                {
                    counts.WithoutTime++;
                    continue;
                }
                key.ResetWrittenCount();
                if (!EntityKey.TryWrite(keys, row, key))
                {
                    counts.WithoutKey++;
                    continue;
                }
                if (!filter.Takes(key.WrittenSpan)) continue;
                var at = time.Values[row];
                if (at > horizon)
                {
                    counts.Ahead++;
                    counts.LeftOut = Math.Min(counts.LeftOut, at);
                    continue;
                }
                to.Offer(key.WrittenSpan, at, created is null || created.IsNull(row) ? null : created.Values[row], packer, features, row);
            }
            counts.Rows += read;
            to.SpillIfLarge(memory, token);
            progress.Add(read, reader.Progress);
        }
        counts.Rows += reader.LeftOut;
        counts.Dropped += rows.Dropped + reader.LeftOut;
        _program.CountNonFinite(reader.NonFinite, counts.NonFinite);
    }
}

/// <summary>The rows that were read: in memory, and in sorted files where they did not fit.</summary>
internal sealed class Collected(RowLayout layout, long now, NewestRows rows, CellSpill spill, Action<ValueCellWriter> begin) : IDisposable
{
    /// <summary>Keys, when all are in memory; otherwise -1: a key may stand in several files.</summary>
    public long Keys => spill.Count == 0 ? rows.Count : -1;

    public void Offer(ReadOnlySpan<byte> key, long time, long? created, RowWriter packer, Column[] features, int row)
    {
        var number = rows.Key(key);
        if (rows.CanMatter(number, time)) rows.Add(number, time, created, packer.Write(features, row));
    }

    public void SpillIfLarge(long bytes, CancellationToken token)
    {
        if (rows.Bytes <= bytes) return;
        spill.Write(new CellsInMemory(rows, begin), token);
        rows.Clear();
    }

    public SortedCells Open()
    {
        var inMemory = new CellsInMemory(rows, begin);
        return spill.Count == 0 ? inMemory : MergedCells.OfRows(layout, now, [.. spill.Read(), inMemory]);
    }

    public void Dispose() => spill.Dispose();
}
