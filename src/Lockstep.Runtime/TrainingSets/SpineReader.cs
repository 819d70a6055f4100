using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.TrainingSets;

// Reads a spine in order, twice: first the labels (keys and timestamps) of a block, as many as the memory allowed for it holds; then,
// once they are answered, the same rows with all their columns, batch by batch. So what a spine carries along costs no memory, however
// wide it is, and blocks are large. Both readings go on side by side, the second behind the first.
// A reader of the caller's is read once: its rows wait in memory until they are answered.
internal sealed class SpineReader : IDisposable
{
    const long LargeBlock = 64 << 20;

    readonly TrainingSetPlan _plan;
    readonly string _name;
    readonly BatchReader _labels;
    readonly BatchReader? _rows; // null: the batches of _waiting
    readonly Queue<ColumnBatch> _waiting = new();
    ColumnBatch? _current;
    int _taken; // rows of the current batch
    long _nextLabel = 1;
    bool _ended;

    public SpineReader(TrainingSetPlan plan, Spine spine, IBatchEngine engine, CancellationToken token)
    {
        (_plan, _name) = (plan, spine.Name);
        if (spine.Reader is { } reader)
        {
            _labels = reader;
            return;
        }
        _labels = Open(engine, spine.Table!, plan.LabelColumns.Select(c => plan.Spine[c]), token);
        try
        {
            _rows = Open(engine, spine.Table!, plan.Spine.Fields, token);
        }
        catch
        {
            _labels.Dispose();
            throw;
        }
    }

    static ScanReader Open(IBatchEngine engine, TableInput table, IEnumerable<Field> fields, CancellationToken token)
        => engine.Scan(new() { Table = table, Columns = [.. fields.Select(f => new ScanColumn(f.Name, f))], KeepOrder = true }, token);

    /// <summary>Labels read so far.</summary>
    public long Rows => _nextLabel - 1;

    /// <summary>The labels of the next block; null at the end. <paramref name="bytesPerLabel"/> is what the answers need besides the label itself.</summary>
    public SpineBlock? ReadBlock(long bytes, long bytesPerLabel, Action<ColumnBatch> seen, CancellationToken token)
    {
        // What the last block held fills the memory that is allowed, and nothing of it is used any more: without this two blocks stand in memory.
        if (_nextLabel > 1 && !_ended && bytes >= LargeBlock) GC.Collect();
        List<ColumnBatch> labels = [];
        var first = _nextLabel;
        while (!_ended && bytes > 0)
        {
            token.ThrowIfCancellationRequested();
            var batch = new ColumnBatch(_labels.Schema); // kept: a reader refills what it is given
            if (!_labels.Read(batch, token))
            {
                _ended = true;
                break;
            }
            if (batch.Count == 0) continue;
            bytes -= batch.Columns.Sum(c => c.Bytes) + batch.Count * bytesPerLabel;
            if (_rows is null)
            {
                batch = AsPlanned(batch);
                _waiting.Enqueue(batch);
                batch = new(_plan.Labels, [.. _plan.LabelColumns.Select(c => batch[c])]);
            }
            seen(batch);
            labels.Add(batch);
            _nextLabel += batch.Count;
        }
        return labels.Count == 0 ? null : new(_name, first, labels);
    }

    /// <summary>The next rows with all their columns, at most <paramref name="most"/>; to be used before the next call.</summary>
    public ColumnBatch ReadRows(int most, CancellationToken token)
    {
        while (_current is null || _taken == _current.Count)
        {
            _taken = 0;
            if (_rows is null) _current = _waiting.Dequeue();
            else if (!_rows.Read(_current ??= new(_rows.Schema), token)) throw Changed();
        }
        var (first, count) = (_taken, Math.Min(most, _current.Count - _taken));
        _taken += count;
        return count == _current.Count ? _current : SpineBlock.Slice(_current, first, count);
    }

    /// <summary>Called when all blocks are written: there must be no more rows.</summary>
    public void End(CancellationToken token)
    {
        if ((_current is not null && _taken < _current.Count) || (_rows is not null && _rows.Read(_current ?? new(_rows.Schema), token))) throw Changed();
    }

    LockstepException Changed() => new(ErrorKind.Failed, $"{_name} changed while it was read: it had {Rows} rows at first. Make the training set again.");

    // A reader of the caller's may bring the timestamp as text or date; an engine has converted it.
    ColumnBatch AsPlanned(ColumnBatch batch)
    {
        if (batch.Schema[_plan.Time].Type == FeatureType.Timestamp) return batch;
        var columns = batch.Columns.ToArray();
        columns[_plan.Time] = ColumnConversion.Convert(columns[_plan.Time], FeatureType.Timestamp, new(_name, _nextLabel, batch.Schema[_plan.Time].Name, "the instant of a row"));
        return new(_plan.Spine, columns);
    }

    public void Dispose()
    {
        if (_rows is null) return; // the reader is the caller's
        _labels.Dispose();
        _rows.Dispose();
    }
}
