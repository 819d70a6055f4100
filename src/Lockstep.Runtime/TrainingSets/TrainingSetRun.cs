using Lockstep.Core;
using Lockstep.Core.Aggregation.PointInTime;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Expectations;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore;

namespace Lockstep.Runtime.TrainingSets;

// One training set.
//  1. Every table is looked at once: what was found is recorded (S19) and read in all blocks.
//  2. The labels of the spine are read in its own order, a block at a time, as many as memory allows.
//  3. For a block: the labels are indexed once for each choice of key columns; each view is read in one pass, pruned to the block's
//     times, for all its lookups (PointInTimeSweep); then the rows of the block are read again, whole, and written with their features.
// Order comes for free: rows leave as they came. Memory is bounded by the labels of a block and the candidates of one view at a time.
// A block whose candidates do not fit after all (long texts) is cut in half and done again. Cost: the spine twice, and one pass over
// the sources for each block.
internal sealed class TrainingSetRun(
    IBatchEngine engine, ITrackedTables tables, TimeProvider clock, Func<ViewVersion, IReadOnlyList<RecordedEnd>>? ends, TrainingSetRequest request, TrainingSetPlan plan, IProgress<WorkProgress>? progress)
{
    /// <summary>Rows written at a time; the scratch columns for them stay in the cache.</summary>
    const int WriteRows = 32 * 1024;

    readonly Dictionary<ViewScan, TableLook> _tables = [];
    readonly Dictionary<ViewScan, TableEnds> _ends = [];
    readonly LookupTally[] _tallies = [.. plan.Features.Lookups.Select(l => new LookupTally(l))];
    readonly LeakageChecks _checks = new(plan, Instant.Now(clock));
    readonly ResultExpectations? _expectations = request.CheckExpectations ? new(plan.Features, plan.Output, plan.Time, plan.Spine.Count) : null;
    readonly ProgressMeter _meter = new(progress, clock);
    int _blocks;

    public TrainingSetReport Execute(CancellationToken token)
    {
        RefuseToReplaceTheSpine();
        foreach (var scan in plan.Scans)
        {
            if (scan.Events is not null) _ends.Add(scan, Ends(scan)); // before the log is looked at: an event is then in one of both
            _tables.Add(scan, Look(scan, token));
        }
        using var spine = new SpineReader(plan, request.Spine, engine, token);
        using var writer = request.Writer is not null ? request.Writer(plan.Output)
            : engine.CreateFile(request.Output ?? throw new ArgumentException("A training set goes to a file or to a writer."), plan.Output, token);
        _meter.Begin($"reading {request.Spine.Name}");
        while (spine.ReadBlock(request.MemoryBytes, BytesPerLabel(), _checks.LabelBatch, token) is { } block)
        {
            Do(block, spine, writer, token);
            _meter.Begin($"reading {request.Spine.Name}");
        }
        spine.End(token);
        _expectations?.ThrowIfBlocked();
        var record = Record(spine.Rows);
        if (request.Output is null || !request.WriteRecord) writer.Complete(token);
        else record.Save(TrainingSetRecord.PathFor(request.Output.Path), () => writer.Complete(token));
        return new()
        {
            Rows = spine.Rows,
            Columns = plan.Output,
            Lookups = [.. _tallies.Select(t => t.Report())],
            Warnings = [.. _checks.Warnings(request, _tallies).Distinct(StringComparer.Ordinal)],
            Expectations = _expectations?.Results ?? [],
            Record = record,
            Blocks = _blocks,
        };
    }

    TableLook Look(ViewScan scan, CancellationToken token)
    {
        var view = scan.Columns.View;
        if (request.Again is not { } record) return tables.Look(view, request.Catalog, null, token);
        var state = record.StateOf(view);
        return new(tables.Reopen(view, request.Catalog, state, token), state, TableChange.None);
    }

    // S25: where the table ends and the log begins.
    TableEnds Ends(ViewScan scan)
    {
        if (ViewEnds.Fixed(scan.Events!.Source) is { } always) return TableEnds.Always(always);
        var view = scan.Columns.View;
        var found = request.Again is { } record ? record.EndsOf(view) : ends?.Invoke(view) is { Count: > 0 } standing ? TableEnds.Of(standing, request.KnownOnly) : null;
        return found ?? throw new LockstepException(ErrorKind.Conflict, $"View '{view.Id}' reads a table and a stream, and no run has finished yet that says where the table ends. Run: lockstep materialize --view {view.Name}");
    }

    void Do(SpineBlock block, SpineReader spine, BatchWriter writer, CancellationToken token)
    {
        if (Answer(block, token) is { } answers)
        {
            _blocks++;
            for (var i = 0; i < answers.Length; i++)
            {
                answers[i].Tell(_tallies[i], block);
                if (request.OutOfRange is { } told) answers[i].TellOutOfRange((label, ordinal) => told(i, block.FirstRow + label - 1, ordinal));
            }
            Write(block, spine, answers, writer, token);
            return;
        }
        var (first, second) = block.Split();
        Do(first, spine, writer, token);
        Do(second, spine, writer, token);
    }

    /// <summary>The answers of all lookups, or null where what must be kept for them does not fit.</summary>
    Answer[]? Answer(SpineBlock block, CancellationToken token)
    {
        var indexes = plan.Keys.Select(k => block.Index(k, 0)).ToArray();
        var answers = new Answer[plan.Features.Lookups.Count];
        foreach (var scan in plan.Scans)
        {
            while (true)
            {
                var state = scan.Events is { } events ? SweepWindows(scan, events, indexes, answers, token) : Sweep(scan, indexes, answers, block.Rows > 1, token);
                if (state == SweepState.Running) break;
                if (state == SweepState.TooLarge) return null;
                scan.ReadFeaturesBetween();
            }
        }
        return answers;
    }

    SweepState Sweep(ViewScan scan, LabelIndex[] indexes, Answer[] answers, bool canSplit, CancellationToken token)
    {
        var columns = scan.Columns;
        var labels = scan.Lookups.Select(l => indexes[plan.KeyOf[l]]).ToArray();
        var sweepPlan = new SweepPlan
        {
            Keys = [.. columns.View.Keys.Fields.Select(f => f.Type)],
            HasCreated = columns.HasCreated,
            Features = new(scan.Ordinals.Select(o => columns.View.Features[o])),
            Ordinals = scan.Ordinals,
            Ttl = columns.Definition.Ttl,
            AsKnown = request.KnownOnly,
            HasKnown = scan.HasKnown,
            CompactBytes = Math.Min(request.MemoryBytes / 4, 64L << 20), // fresh memory costs more than compaction
            MaxBytes = canSplit ? Math.Min(request.MemoryBytes, 768L << 20) : long.MaxValue, // a single row has to fit
        };
        var sweeps = labels.Select(l => new PointInTimeSweep(l, sweepPlan)).ToArray();
        var input = _tables[scan].Input;
        if (labels.Any(l => l.Slots > 0) && !input.IsEmpty)
        {
            var (earliest, latest) = (labels.Min(l => l.Earliest), labels.Max(l => l.Latest));
            using var reader = engine.Scan(new()
            {
                Table = input,
                Columns = ViewColumns.Scan(scan.Program),
                Where = scan.Program.Conditions,
                TimeColumn = columns.Timestamp,
                NotBefore = columns.Definition.Ttl > 0 ? (long)Int128.Max(long.MinValue, (Int128)earliest - columns.Definition.Ttl) : long.MinValue,
                NotAfter = latest,
            }, token);
            _meter.Begin($"reading {columns.TableName}");
            long dropped;
            using (var ahead = new ReadAhead(reader, scan.Program, token))
            {
                while (ahead.Next(token) is { } batch)
                {
                    _checks.SourceBatch(scan, (FixedColumn<long>)batch[columns.View.Keys.Count]);
                    foreach (var sweep in sweeps)
                        if (!sweep.Add(batch)) return sweep.State;
                    _meter.Add(batch.Count, ahead.Progress);
                }
                dropped = ahead.Dropped + reader.LeftOut;
            }
            for (var i = 0; i < sweeps.Length; i++) _tallies[scan.Lookups[i]].Read(sweeps[i].Rows, dropped, scan.Program, reader.NonFinite);
        }
        for (var i = 0; i < sweeps.Length; i++) answers[scan.Lookups[i]] = new(sweeps[i].Finish(), scan.Ordinals);
        return SweepState.Running;
    }

    /// <summary>One pass over the events, for all lookups of the view. The windows decide which are read: files whose events are in none stay closed.</summary>
    SweepState SweepWindows(ViewScan scan, EventProgram events, LabelIndex[] indexes, Answer[] answers, CancellationToken token)
    {
        using var spill = new FileSpill(Path.GetTempPath());
        var options = new WindowSweepOptions { AsKnown = request.KnownOnly && (scan.HasKnown || scan.Columns.HasCreated), IsReplaced = _ends[scan].Move, MaxBytes = request.MemoryBytes / scan.Lookups.Length, Spill = scan.Lookups.Length == 1 ? spill : null };
        var labels = scan.Lookups.Select(l => indexes[plan.KeyOf[l]]).ToArray();
        var sweeps = labels.Select(l => new WindowSweep(l, events.Plan, options)).ToArray();
        var (input, ends) = (_tables[scan].Input, _ends[scan]);
        var (earliest, latest) = (sweeps.Min(s => s.Earliest), sweeps.Max(s => s.Latest));
        if (earliest < latest)
        {
            // The table up to the end, the log from there on (S25).
            if (ends.Last != TileCell.LogAlone) Read(input with { More = [] }, earliest, Math.Min(latest, ends.Last), isLog: false);
            foreach (var log in input.More) Read(log, Math.Max(earliest, ends.First), latest, isLog: true);
        }
        for (var i = 0; i < sweeps.Length; i++) answers[scan.Lookups[i]] = new(sweeps[i].Finish(token), labels[i], scan.Ordinals);
        return SweepState.Running;

        void Read(TableInput part, long from, long to, bool isLog)
        {
            if (part.IsEmpty || from >= to) return;
            using var reader = engine.Scan(new()
            {
                Table = part,
                Columns = ViewColumns.Scan(scan.Program),
                TimeColumn = scan.Columns.Timestamp,
                NotBefore = from,
                NotAfter = to - 1,
            }, token);
            _meter.Begin($"reading {scan.Columns.TableName}");
            using var ahead = new ReadAhead(reader, scan.Program, token);
            var rows = 0L;
            while (ahead.Next(token) is { } batch)
            {
                _checks.SourceBatch(scan, (FixedColumn<long>)batch[scan.Columns.View.Keys.Count]);
                var known = ends.Move ? ends.Limit(batch, scan.Columns.View.Keys.Count, isLog) : batch;
                foreach (var sweep in sweeps) sweep.Add(known);
                rows += batch.Count;
                _meter.Add(batch.Count, ahead.Progress);
            }
            foreach (var lookup in scan.Lookups) _tallies[lookup].Read(rows, ahead.Dropped, scan.Program, reader.NonFinite);
        }
    }

    void Write(SpineBlock block, SpineReader spine, Answer[] answers, BatchWriter writer, CancellationToken token)
    {
        _meter.Begin("writing");
        var outputs = plan.Features.Outputs;
        var features = outputs.Select(o => Column.Create(o.Type)).ToArray();
        var columns = features.ToArray();
        var bare = outputs.Select((o, i) => _expectations?.Outputs.Contains(i) == true && !o.Default.IsNull ? Column.Create(o.Type) : features[i]).ToArray(); // without defaults
        var values = bare.ToArray();
        var onDemand = plan.Features.OnDemand is { } expressions ? new OnDemandColumns(expressions, plan) : null;
        var places = outputs.Select(o => o.IsOnDemand ? o.Ordinal : Array.IndexOf(answers[o.Lookup].Ordinals, o.Ordinal)).ToArray();
        var rows = answers.Select(_ => new int[Math.Min(block.Rows, WriteRows)]).ToArray();
        for (var first = 0; first < block.Rows;)
        {
            var batch = spine.ReadRows(Math.Min(block.Rows - first, WriteRows), token);
            for (var i = 0; i < answers.Length; i++) answers[i].Find(first, rows[i].AsSpan(0, batch.Count));
            onDemand?.Compute(batch, answers, rows, new(block.Spine, block.FirstRow + first));
            for (var i = 0; i < features.Length; i++)
            {
                if (outputs[i].IsOnDemand)
                {
                    columns[i] = onDemand!.Output(places[i], outputs[i].Default, batch, features[i]);
                    values[i] = bare[i] == features[i] ? columns[i] : onDemand.Output(places[i], default, batch, bare[i]);
                    continue;
                }
                features[i].Clear();
                answers[outputs[i].Lookup].AppendTo(features[i], places[i], outputs[i].Default, rows[outputs[i].Lookup].AsSpan(0, batch.Count));
                if (bare[i] == features[i]) continue;
                bare[i].Clear();
                answers[outputs[i].Lookup].AppendTo(bare[i], places[i], default, rows[outputs[i].Lookup].AsSpan(0, batch.Count));
            }
            _expectations?.Add(batch.Columns, values, batch.Count);
            var result = new ColumnBatch(plan.Output, [.. batch.Columns, .. columns]);
            _checks.ResultBatch(result);
            writer.Write(result, token);
            first += batch.Count;
            _meter.Add(batch.Count, (double)first / block.Rows);
        }
    }

    /// <summary>About what a label needs besides its own row: its place in the indexes, its slots, the rows that stand for it.</summary>
    long BytesPerLabel()
    {
        const int inIndex = 40, slot = 24, answer = 5, varying = 32;
        long all = plan.Keys.Count * inIndex, most = 0;
        foreach (var scan in plan.Scans)
        {
            var row = scan.Ordinals.Sum(o => scan.Columns.View.Features[o].Type is { Width: > 0 and var width } ? width : varying);
            all += scan.Lookups.Length * (answer + row / 2 * 3);
            most = Math.Max(most, scan.Lookups.Length * (slot + row / 2));
        }
        return all + most;
    }

    TrainingSetRecord Record(long rows) => new()
    {
        MadeAt = Instant.Format(Instant.Now(clock)),
        Spine = request.Spine.Name,
        Timestamp = plan.Spine[plan.Time].Name,
        Rows = rows,
        FullNames = request.Full,
        AsKnown = request.KnownOnly,
        Features = TrainingSetRecord.FeaturesOf(plan.Features),
        Expectations = _expectations is { Results: { Count: > 0 } results } ? results : null,
        Views = [.. plan.Scans.Select(s => new RecordedView(s.Columns.View.Id, s.Columns.View.Fingerprint, _tables[s].State) { End = HasEnds(s) ? Instant.Format(_ends[s].Last) : null, Ends = HasEnds(s) && _ends[s].Move ? _ends[s].Record() : null }), .. TrainingSetRecord.OnDemandOf(plan.Features)],
    };

    static bool HasEnds(ViewScan scan) => scan.Events is { } events && ViewEnds.Fixed(events.Source) is null;

    void RefuseToReplaceTheSpine()
    {
        if (request.Output is { } output && request.Spine.Table is { } table && table.Files.Any(f => Path.GetFullPath(f.Path) == Path.GetFullPath(output.Path)))
            throw new LockstepException(ErrorKind.BadArguments, $"The output '{output.Path}' is the spine itself. Name another file.");
    }
}

/// <summary>What one lookup found for each label, the newest row or the values of windows, and the ordinals of the features in it.</summary>
internal readonly struct Answer
{
    readonly PointInTimeRows? _rows;
    readonly WindowRows? _windows;
    readonly LabelIndex? _labels;

    public Answer(PointInTimeRows rows, int[] ordinals) => (_rows, Ordinals) = (rows, ordinals);
    public Answer(WindowRows windows, LabelIndex labels, int[] ordinals) => (_windows, _labels, Ordinals) = (windows, labels, ordinals);

    public int[] Ordinals { get; }

    /// <summary>The rows of the labels from <paramref name="first"/> on, for <see cref="AppendTo"/>.</summary>
    public void Find(int first, Span<int> rows)
    {
        if (_rows is not null) _rows.Find(first, rows);
        else _windows!.Find(first, rows);
    }

    /// <summary>Appends a feature, by its place in <see cref="Ordinals"/>.</summary>
    public void AppendTo(Column to, int feature, Value defaultValue, ReadOnlySpan<int> rows)
    {
        if (_rows is not null) _rows.AppendTo(to, feature, defaultValue, rows);
        else _windows!.AppendTo(to, feature, defaultValue, rows);
    }

    public void Tell(LookupTally tally, SpineBlock block)
    {
        if (_rows is not null) tally.Add(_rows);
        else tally.Add(_windows!, _labels!, Ordinals, label => $"row {block.FirstRow + label} of {block.Spine}");
    }

    /// <summary>Each label and feature, by its ordinal, whose window does not fit.</summary>
    public void TellOutOfRange(Action<int, int> told)
    {
        for (var i = 0; _windows is not null && i < Ordinals.Length; i++)
            foreach (var label in _windows.OutOfRange(i)) told(label, Ordinals[i]);
    }
}
