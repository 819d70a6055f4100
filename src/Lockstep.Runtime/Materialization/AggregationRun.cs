using System.Buffers;
using Lockstep.Core;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Expectations;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Expectations;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Runtime.Materialization;

// What a run over the table of an aggregation view does (S15, S25):
//  1. It finds the days whose tiles changed files touch, and the keys; or takes all.
//  2. Where the source has a stream too, it finds how far the table is complete. That is recorded as the new end when no expectation can
//     block the run any more, and before anything is written. The days from the old end to the new one were the log's and become the
//     table's, for every key.
//  3. It computes the tiles of these days afresh, from all files that hold rows of them, and replaces them whole, key by key: a reader
//     sees a key before or after. It never adds to a tile, so repeating a part of a run does no harm.
//  4. Keys that have nothing on these days lose what they had there. When the end moved, that goes for every key in the store, and for
//     those that the log alone knows: a writer that looked the end up before it was recorded may be about to make them.
/// <summary>One run over the table of an aggregation view.</summary>
internal sealed class AggregationRun : ViewRun
{
    readonly EventProgram _program;
    readonly TileMergers _mergers;
    readonly WindowExpectations? _expectations;
    long? _takenEnd; // cells that were taken over were built with this end or a later one

    public AggregationRun(ViewVersion view, MaterializeRequest request, MaterializationContext context, IProgress<WorkProgress>? progress) : base(view, request, context, progress)
    {
        _program = EventProgram.Of(view);
        _mergers = new(_program.Layout);
        _expectations = WindowExpectations.Of(_program);
    }

    protected override IReadOnlyList<ExpectationResult> Expected => _expectations?.Results ?? [];

    protected override string TableName => $"source '{_program.Source.Name}'";

    /// <summary>Tiles that another version keeps are copied; what has changed in the table since its last run is all that is left to compute.</summary>
    protected override async Task<(RecordedRun? Baseline, IReadOnlyList<TableState> Others, string? Whole)> TakeOverAsync(LeaseKeeper lease, CancellationToken token)
    {
        if (TileTakeover.Find(Request.Catalog, View) is not var (from, projection)) return (null, [], null);
        if (await MaterializationMark.ReadAsync(Context.Online, from.Id, token) is not { } mark || mark.Fingerprint != from.Fingerprint) return (null, [], $"{from.Id}, whose tiles it could take over, has not been materialized");
        var (baseline, why) = await StandsOnAsync(from.Id, mark, token);
        if (baseline is null) return (null, [], $"tiles of {from.Id} cannot be taken over: {why}");
        if (await TakenEndAsync(from, token) is not { } end) return (null, [], $"tiles of {from.Id} cannot be taken over: no end is recorded yet");
        Progress.Begin($"taking over tiles of {from.Id}: {Id}");
        var copy = new TileTakeover(Context, from, View, projection, _mergers, lease.Lease, end, Number);
        if (await copy.RunAsync(Progress, token) is { } problem) return (null, [], $"tiles of {from.Id} cannot be taken over: {problem}");
        (TakenFrom, _takenEnd, Keys) = (from.Id, end, copy.Keys);
        // After the copying: a run that has written what was copied has recorded what it read before.
        return (baseline, [.. await ReadSinceAsync(from.Id, baseline, token), .. await ReadSinceAsync(Id, null, token)], null);
    }

    protected override async Task ApplyAsync(SourceChanges changes, RunEnd? baseline, LeaseKeeper lease, CancellationToken token)
    {
        (Mode, Reason) = (changes.Mode, TakenFrom is null ? changes.Reason : $"tiles were taken over from {TakenFrom}{(changes.Reason is null ? "" : $", but {changes.Reason}")}");
        var (before, end) = await EndAsync(changes.Look.Input, token);
        var rows = new TileRows(Context.Engine, _program, Options, Now, Horizon, end, IsBounded, Counts);
        var table = changes.Look.Input with { More = [] };
        TouchedTiles touched = new();
        List<DayRange> ranges;
        if (IsPartial)
        {
            Mode = RunMode.Added;
            touched.AllKeys();
            ranges = [new(Instant.Floor(Request.From!.Value, Instant.Day), end)];
        }
        else if (changes.Mode == RunMode.Whole)
        {
            touched.AllKeys();
            ranges = [new(long.MinValue, end)];
        }
        else
        {
            Touch(changes, baseline!, rows, touched, token);
            if (before < end) touched.AllKeys();
            ranges = touched.Ranges(end);
            if (before < end) ranges = With(ranges, new(before, end));
            if (ranges.Count == 0)
            {
                await MoveEndAsync(end, token);
                (Mode, Reason) = (RunMode.Nothing, TakenFrom is null ? "the source is as the last run read it" : Reason);
                return;
            }
            if (Mode == RunMode.Nothing) Mode = RunMode.Added;
        }
        var writer = new TileWriter(Context.Online, Id, _mergers, lease.Lease, end, Context.Clock, Options.KeysPerWrite);
        var found = touched.Keys is null ? null : new KeySet();
        await WriteAsync(rows, table, ranges, end, touched.Keys, found, writer, lease, token);
        if (touched.Keys is { } keys) await RemoveMissingAsync(keys, found!, ranges, writer, token);
        else await RemoveOthersAsync(ranges, end, writer, lease.Lease.Number, token);
        if (before < end && end != TileCell.TableAlone) await CoverLogAsync(before, end, ranges, writer, lease.Lease.Number, token);
    }

    /// <summary>Cells of the other version and of this one were built with this end or a later one.</summary>
    async Task<long?> TakenEndAsync(ViewVersion from, CancellationToken token)
    {
        if (ViewEnds.Fixed(_program.Source) is { } always) return always;
        var (theirs, own) = (await StandingAsync(from.Id), await StandingAsync(Id));
        return theirs is { } a && own is { } b ? Math.Min(a, b) : null;

        async Task<long?> StandingAsync(string id) => (await Context.Runs.EndsAsync(id, token)).LastOrDefault(e => e.Stands)?.End;
    }

    /// <summary>The end before this run and that of it. Only where there is none yet it is recorded here: a first one moves nothing.</summary>
    async Task<(long Before, long End)> EndAsync(TableInput input, CancellationToken token)
    {
        if (ViewEnds.Fixed(_program.Source) is { } always) return (always, always);
        var recorded = await Context.Runs.EndsAsync(Id, token);
        if (recorded.Count == 0)
        {
            var first = Compute(long.MinValue);
            await RecordAsync(first, token);
            if ((await Context.Runs.EndsAsync(Id, token)).Max(e => e.End) == first) return (_takenEnd ?? long.MinValue, first);
            recorded = await Context.Runs.EndsAsync(Id, token); // who wrote tiles meanwhile was first, and recorded a later one
        }
        // A run that died may have brought some keys further than what training uses: never back behind it.
        var last = recorded.Max(e => e.End);
        if (IsPartial) return (last, last); // it does not bring all that a new end asks for
        return (_takenEnd ?? recorded.LastOrDefault(e => e.Stands)?.End ?? long.MinValue, Compute(last));

        long Compute(long atLeast) => ViewEnds.Compute(Context.Engine, _program, input, Math.Min(Now, Horizon), atLeast, token);
    }

    /// <summary>Records where the end has moved to: after the last thing that may stop this run, before the first that it writes.</summary>
    async Task MoveEndAsync(long end, CancellationToken token)
    {
        if (ViewEnds.Fixed(_program.Source) is not null) return;
        var recorded = await Context.Runs.EndsAsync(Id, token);
        if (!IsPartial && end != recorded.LastOrDefault(e => e.Stands)?.End) await RecordAsync(end, token);
        if ((await Context.Runs.EndsAsync(Id, token)).Max(e => e.End) is var last && last != end)
            throw new LockstepException(ErrorKind.Conflict, $"View '{Id}': another run moved the end of the table to {Instant.Format(last)} while this one was computing up to {Instant.Format(end)}. Nothing was written; run it again.");
    }

    Task RecordAsync(long end, CancellationToken token) => Context.Runs.RecordEndAsync(Id, end, Instant.Now(Context.Clock), IsPartial ? null : Number, token).AsTask();

    void Touch(SourceChanges changes, RunEnd baseline, TileRows rows, TouchedTiles touched, CancellationToken token)
    {
        Progress.Begin($"reading which days changed: {Id}");
        rows.Touch(changes.AddedInput with { More = [] }, long.MinValue, touched, token);
        if (changes.Mode == RunMode.Keys) rows.TouchRemoved(changes.RemovedInput, touched, token);
        // Old files hold rows that were too late then and are not any more.
        if (baseline.LeftOut is { } leftOut && leftOut <= Horizon) rows.Touch(changes.KeptInput with { More = [] }, Math.Max(leftOut, baseline.TakenUpTo + 1), touched, token);
    }

    static List<DayRange> With(List<DayRange> ranges, DayRange more)
    {
        List<DayRange> all = [.. ranges.Where(r => r.To < more.From)];
        foreach (var near in ranges.Where(r => r.To >= more.From && r.From <= more.To)) more = new(Math.Min(near.From, more.From), Math.Max(near.To, more.To));
        all.Add(more);
        all.AddRange(ranges.Where(r => r.From > more.To));
        return all;
    }

    async Task WriteAsync(TileRows rows, TableInput table, List<DayRange> ranges, long end, KeySet? only, KeySet? found, TileWriter writer, LeaseKeeper lease, CancellationToken token)
    {
        Progress.Begin($"reading {Id}");
        using var cells = rows.Read(table, ranges, only, lease.Lease.Number, Progress, token);
        await ExpectAsync(cells, ranges, token);
        await MoveEndAsync(end, token);
        Progress.Begin($"writing {Id}");
        var sorted = cells.Open();
        var reported = 0L;
        while (sorted.MoveNext())
        {
            writer.Replace(sorted.Key, ranges, sorted.Cell);
            found?.Add(sorted.Key);
            Keys++;
            if (!writer.IsFull) continue;
            await writer.FlushAsync(token);
            Progress.Add((int)(Keys - reported), double.NaN);
            reported = Keys;
        }
        await writer.FlushAsync(token);
        Progress.Add((int)(Keys - reported), 1);
    }

    /// <summary>What the keys that are about to be written will answer at this run's instant; one that blocks ends the run here.</summary>
    async Task ExpectAsync(TileCells cells, List<DayRange> ranges, CancellationToken token)
    {
        if (_expectations is null) return;
        Progress.Begin($"evaluating what is expected: {Id}");
        var batch = new OnlineReadBatch();
        List<byte[]> computed = [];
        for (var (sorted, more) = (cells.Open(), true); more;)
        {
            batch.Clear();
            computed.Clear();
            while (computed.Count < KeysPerLook && (more = sorted.MoveNext()))
            {
                batch.KeyBuffer.Write(sorted.Key);
                batch.Add(Id);
                computed.Add(sorted.Cell.ToArray());
            }
            await Context.Online.ReadAsync(batch, token);
            for (var i = 0; i < computed.Count; i++) _expectations.Add(batch.Key(i), batch.Cell(i).Span, ranges, computed[i], Now);
        }
        _expectations.ThrowIfBlocked();
    }

    const int KeysPerLook = 256;

    async Task RemoveMissingAsync(KeySet keys, KeySet found, List<DayRange> ranges, TileWriter writer, CancellationToken token)
    {
        foreach (var key in keys.Sorted())
        {
            if (found.Contains(key)) continue;
            writer.Remove(key, ranges);
            KeysRemoved++;
            if (writer.IsFull) await writer.FlushAsync(token);
        }
        await writer.FlushAsync(token);
    }

    /// <summary>Keys that this run has not written have nothing on these days.</summary>
    async Task RemoveOthersAsync(List<DayRange> ranges, long end, TileWriter writer, long run, CancellationToken token)
    {
        Progress.Begin($"removing what {TableName} has no longer: {Id}");
        await foreach (var (key, cell) in Context.Online.ScanAsync(Id, token))
        {
            if (MaterializationMark.IsMark(key) || !IsOthers(cell)) continue;
            writer.Remove(key, ranges);
            KeysRemoved++;
            if (writer.IsFull) await writer.FlushAsync(token);
        }
        await writer.FlushAsync(token);

        bool IsOthers(byte[] cell) => new TileCellReader(_program.Layout, cell) is var reader && reader.Run != run && !(reader.HasNoTiles && reader.End == end);
    }

    /// <summary>Keys of events that the log holds from the old end on, also beyond the new one: each has a cell that knows the new end before this run is over, whoever is about to make one with the old end.</summary>
    async Task CoverLogAsync(long before, long end, List<DayRange> ranges, TileWriter writer, long run, CancellationToken token)
    {
        var rows = new TileRows(Context.Engine, _program, Options, Now, Horizon, end, bounded: true, new());
        var batch = new OnlineReadBatch();
        foreach (var log in Context.Tables.Look(View, Request.Catalog, null, token).Input.More)
            foreach (var keys in rows.KeysFrom(log, before, token))
            {
                foreach (var key in keys.Sorted())
                {
                    batch.Clear();
                    batch.KeyBuffer.Write(key);
                    batch.Add(Id);
                    await Context.Online.ReadAsync(batch, token);
                    if (new TileCellReader(_program.Layout, batch.Cell(0).Span).Run != run) writer.Remove(key, ranges);
                    if (writer.IsFull) await writer.FlushAsync(token);
                }
                await writer.FlushAsync(token);
            }
    }
}
