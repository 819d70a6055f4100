using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>Reads a spine in order, block by block; a block is as many rows as the memory allowed for it holds.</summary>
internal sealed class SpineReader : IDisposable
{
    readonly TrainingSetPlan _plan;
    readonly string _name;
    readonly BatchReader _reader;
    readonly bool _owned;
    long _nextRow = 1;
    bool _ended;

    public SpineReader(TrainingSetPlan plan, Spine spine, IBatchEngine engine, CancellationToken token)
    {
        (_plan, _name, _owned) = (plan, spine.Name, spine.Reader is null);
        _reader = spine.Reader ?? engine.Scan(new() { Table = spine.Table!, Columns = [.. plan.Spine.Fields.Select(f => new ScanColumn(f.Name, f))], KeepOrder = true }, token);
    }

    /// <summary>Rows read so far.</summary>
    public long Rows => _nextRow - 1;

    /// <summary>The next block; null at the end. <paramref name="bytesPerRow"/> is what the answers need for a row besides the row itself.</summary>
    public SpineBlock? ReadBlock(long bytes, long bytesPerRow, Action<ColumnBatch> seen, CancellationToken token)
    {
        List<ColumnBatch> batches = [];
        var first = _nextRow;
        while (!_ended && bytes > 0)
        {
            token.ThrowIfCancellationRequested();
            var batch = new ColumnBatch(_reader.Schema); // kept: a reader refills what it is given
            if (!_reader.Read(batch, token))
            {
                _ended = true;
                break;
            }
            if (batch.Count == 0) continue;
            batch = AsPlanned(batch);
            seen(batch);
            batches.Add(batch);
            _nextRow += batch.Count;
            bytes -= batch.Columns.Sum(c => c.Bytes) + batch.Count * bytesPerRow;
        }
        return batches.Count == 0 ? null : new(_name, first, batches);
    }

    // A reader of the caller's may bring the timestamp as text or date; an engine has converted it.
    ColumnBatch AsPlanned(ColumnBatch batch)
    {
        if (batch.Schema[_plan.Time].Type == FeatureType.Timestamp) return batch;
        var columns = batch.Columns.ToArray();
        columns[_plan.Time] = ColumnConversion.Convert(columns[_plan.Time], FeatureType.Timestamp, new(_name, _nextRow, batch.Schema[_plan.Time].Name, "the instant of a row"));
        return new(_plan.Spine, columns);
    }

    public void Dispose()
    {
        if (_owned) _reader.Dispose();
    }
}
