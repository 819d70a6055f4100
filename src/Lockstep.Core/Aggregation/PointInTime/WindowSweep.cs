using System.Runtime.ExceptionServices;
using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.PointInTime;

/// <summary>How a sweep runs; none of it changes an answer.</summary>
public sealed record WindowSweepOptions
{
    /// <summary>S8: an event counts from the instant on at which it was known; batches have a last column that says when. Null: never.</summary>
    public bool AsKnown { get; init; }

    /// <summary>With <see cref="AsKnown"/>: and until when it was, exclusive; batches have one more column behind that says so. Null: for good.</summary>
    public bool IsReplaced { get; init; }

    /// <summary>Threads that compute the answers. Default: all cores.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Events beyond so many bytes go to <see cref="Spill"/>, where one is given.</summary>
    public long MaxBytes { get; init; } = 1L << 30;

    /// <summary>Where events go that do not fit; null: they stay in memory.</summary>
    public IBatchSpill? Spill { get; init; }

    /// <summary>Labels of a partition, about: fewer make more partitions, each with less memory.</summary>
    public int PartitionLabels { get; init; } = 1 << 15;
}

// Windows as of each label (S9 to S13): labels × events → feature columns.
//  1. LabelIndex has sorted the labels once: groups (keys), and a slot for each distinct (group, time).
//  2. Add takes events in any order. Those of other keys, without a time, or outside of every label's windows are dropped; the rest
//     go to the partition of their group: ranges of groups, some hundred of them, so that one fits into a core's cache.
//  3. Finish sorts each partition by (group, time) and lets the kernels sweep it, partitions side by side on all threads, the largest
//     first. A kernel computes one state for all windows of a group: see SweepKernel.
//  4. The slots of a partition are side by side: its features go to their place in columns by slot (SweepResult).
// Invariant: the answer depends on the sets of events and labels alone, never on their order, batches, partitions or threads, because
// every kernel computes a function of a window's set of events (S13).
// Cost: O(events + labels) a kernel and window, sorting aside; a key with half of all events is one partition's work and no more. Memory:
// the events that count (times, inputs, 4 bytes more), twice for the partitions in work, and the features. With a spill, partitions beyond
// MaxBytes wait on disk.
public sealed class WindowSweep
{
    readonly LabelIndex _labels;
    readonly WindowPlan _plan;
    readonly WindowSweepOptions _options;
    readonly Schema _schema;
    readonly SweepPartition[] _partitions;
    readonly int _shift; // group >> shift is its partition
    readonly Column[] _keys;
    readonly Column[] _columns;
    readonly long _rowBytes; // about
    readonly FixedColumn<int> _local = new(FeatureType.Int32);
    readonly int[] _counts;
    readonly long _earliest, _latest; // events outside of [earliest, latest) are in no window
    int[] _groups = [];
    int[] _scratch = [];
    int[] _rows = [];
    long _checkAt;

    public WindowSweep(LabelIndex labels, WindowPlan plan, WindowSweepOptions? options = null)
    {
        _labels = labels ?? throw new ArgumentNullException(nameof(labels));
        _plan = plan ?? throw new ArgumentNullException(nameof(plan));
        _options = options ?? new();
        _schema = new([
            new("group", FeatureType.Int32), new("time", FeatureType.Timestamp), .. plan.Inputs.Fields.Select((f, i) => new Field($"input {i}", f.Type)),
            .. plan.Filters.Select((_, i) => new Field($"filter {i}", FeatureType.Bool)), .. _options.AsKnown ? [new Field("known", FeatureType.Timestamp)] : Array.Empty<Field>(), .. HasUntil ? [new Field("until", FeatureType.Timestamp)] : Array.Empty<Field>()]);
        var wanted = Math.Clamp(labels.Slots / Math.Max(1, _options.PartitionLabels), 1, 256);
        while (labels.Groups >> _shift >= wanted) _shift++;
        _partitions = [.. Enumerable.Range(0, Math.Max(1, (labels.Groups + (1 << _shift) - 1) >> _shift)).Select(_ => new SweepPartition(_schema))];
        _counts = new int[_partitions.Length + 1];
        _columns = new Column[_schema.Count];
        _columns[0] = _local;
        _keys = new Column[plan.Keys.Count];
        _rowBytes = 12 + _schema.Fields.Skip(2).Sum(f => Math.Max(1, f.Type.Width));
        _checkAt = _options.MaxBytes;
        if (labels.Slots == 0) (_earliest, _latest) = (long.MaxValue, long.MinValue);
        else
        {
            _earliest = Enumerable.Range(0, plan.Windows.Count).Min(w => plan.Bounds(w, labels.Earliest).From);
            _latest = Enumerable.Range(0, plan.Windows.Count).Max(w => plan.Bounds(w, labels.Latest).To);
        }
    }

    bool HasUntil => _options is { AsKnown: true, IsReplaced: true };

    /// <summary>Events before this instant are in no window of any label; <see cref="Latest"/>, those from there on: sources can leave them out.</summary>
    public long Earliest => _earliest;

    public long Latest => _latest;

    /// <summary>Events taken in.</summary>
    public long Rows { get; private set; }

    /// <summary>Events that are in a window of some label's key, roughly.</summary>
    public long Kept { get; private set; }

    /// <summary>Takes a batch of the plan's layout, and with <see cref="WindowSweepOptions.AsKnown"/> one or two more columns; what is needed of it is copied. One thread at a time.</summary>
    public void Add(ColumnBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var rows = batch.Count;
        Rows += rows;
        if (rows == 0 || _labels.Slots == 0) return;
        if (_groups.Length < rows) (_groups, _scratch, _rows) = (new int[rows], new int[rows], new int[rows]);
        for (var i = 0; i < _keys.Length; i++) _keys[i] = batch[i];
        for (var i = 1; i < _columns.Length; i++) _columns[i] = batch[_plan.TimeAt + i - 1];
        var groups = _groups.AsSpan(0, rows);
        _labels.FindGroups(_keys, groups, _scratch);
        var kept = Choose((FixedColumn<long>)_columns[1], groups);
        Kept += kept;
        if (kept == 0) return;
        // Rows by partition, in their order: a counting sort.
        var mask = (1 << _shift) - 1;
        _counts.AsSpan().Clear();
        foreach (var group in groups)
            if (group >= 0) _counts[(group >> _shift) + 1]++;
        for (var p = 0; p < _partitions.Length; p++) _counts[p + 1] += _counts[p];
        _local.Clear();
        _local.Reserve(rows);
        for (var row = 0; row < groups.Length; row++)
        {
            var group = groups[row];
            _local.Append(group & mask);
            if (group >= 0) _rows[_counts[group >> _shift]++] = row;
        }
        var first = 0; // each count is now where the next partition begins
        for (var p = 0; p < _partitions.Length; p++)
        {
            if (_counts[p] > first) _partitions[p].Append(_columns, _rows.AsSpan(first, _counts[p] - first));
            first = _counts[p];
        }
        if (_options.Spill is not null && Kept * _rowBytes > _checkAt) Spill(_options.Spill);
    }

    /// <summary>Sets the groups of events to -1 that are in no window, and says how many are left.</summary>
    int Choose(FixedColumn<long> time, Span<int> groups)
    {
        var times = time.Values;
        var known = _options.AsKnown ? (FixedColumn<long>)_columns[HasUntil ? ^2 : ^1] : null;
        var until = HasUntil ? (FixedColumn<long>)_columns[^1] : null;
        var timesNull = time.HasNulls;
        var kept = 0;
        for (var row = 0; row < groups.Length; row++)
        {
            if (groups[row] < 0) continue;
            if (times[row] < _earliest || times[row] >= _latest || (timesNull && time.IsNull(row)) || (known is not null && IsKnownToNobody(row))) groups[row] = -1;
            else kept++;
        }
        return kept;

        bool IsKnownToNobody(int row) => known!.IsNull(row) || known.Values[row] > _labels.Latest || (until is not null && !until.IsNull(row) && until.Values[row] <= _labels.Earliest);
    }

    // The largest partitions first, until half of what is allowed is left.
    void Spill(IBatchSpill spill)
    {
        var sizes = _partitions.Select(p => p.Bytes).ToArray();
        var left = sizes.Sum();
        if (left > _options.MaxBytes)
            foreach (var p in Enumerable.Range(0, sizes.Length).OrderByDescending(p => sizes[p]))
            {
                if (left <= _options.MaxBytes / 2) break;
                _partitions[p].Spill(spill, p);
                left -= sizes[p];
            }
        _checkAt = Kept * _rowBytes + Math.Max(1, _options.MaxBytes - left) / 2;
    }

    /// <summary>The answers. The sweep takes no more events.</summary>
    public WindowRows Finish(CancellationToken token)
    {
        var result = new SweepResult(_labels, _plan, _partitions.Length);
        var next = -1;
        var order = Enumerable.Range(0, _partitions.Length).OrderByDescending(p => _partitions[p].Rows).ToArray();
        var workers = Math.Clamp(_options.Threads, 1, _partitions.Length);
        try
        {
            Parallel.For(0, workers, new() { MaxDegreeOfParallelism = workers, CancellationToken = token }, _ =>
            {
                var worker = new SweepWorker(_labels, _plan, _options.AsKnown, HasUntil);
                for (var at = Interlocked.Increment(ref next); at < order.Length; at = Interlocked.Increment(ref next))
                {
                    token.ThrowIfCancellationRequested();
                    var partition = order[at];
                    if (_options.Spill is { } spill) _partitions[partition].Load(spill, partition, token);
                    var firstGroup = partition << _shift;
                    var output = worker.Run(_partitions[partition].Chunks, firstGroup, Math.Min(_labels.Groups, (partition + 1) << _shift), token);
                    result.Put(partition, _labels.FirstSlots[firstGroup], output);
                    _partitions[partition].Clear();
                }
            });
        }
        catch (AggregateException e) when (e.InnerException is not null)
        {
            ExceptionDispatchInfo.Throw(e.InnerException); // callers tell failures apart by their type
        }
        return result.Finish();
    }
}
