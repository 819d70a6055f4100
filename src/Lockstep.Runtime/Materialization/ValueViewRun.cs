using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Expectations;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Expectations;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Materialization;

/// <summary>One run over a value view: the newest row of each key (S6).</summary>
internal sealed class ValueViewRun : ViewRun
{
    const int ConflictRounds = 20;

    readonly ViewColumns _columns;
    readonly RowLayout _layout;
    StoredSql? _sql;

    public ValueViewRun(ViewVersion view, MaterializeRequest request, MaterializationContext context, IProgress<WorkProgress>? progress) : base(view, request, context, progress)
    {
        _columns = ViewColumns.Of(view, request.Catalog);
        _layout = new(view.Features);
        Expectations = ViewExpectations.Of(_columns);
    }

    bool IsSql => _columns.Definition.Sql is not null;

    ViewExpectations? Expectations { get; }

    protected override IReadOnlyList<ExpectationResult> Expected => Expectations?.Results ?? [];
    protected override string TableName => _columns.TableName;
    protected override string? AlwaysWhole => IsSql ? _sql?.Reason ?? "SQL yields all rows anew" : null;

    protected override void Prepare(CancellationToken token)
    {
        if (!IsSql) return;
        _sql = StoredRows.Compute(Context, Request, View, _columns, Token, Progress, token);
        Stored = _sql.Version;
    }

    protected override void Check(CancellationToken token)
    {
        if (_sql is { Mode: { } mode, Reason: { } reason }) (Mode, Reason) = (mode, reason);
        Rows(Expectations).Expect(Look(null, token).Input, Progress, token);
        Expectations?.ThrowIfBlocked();
    }

    // Of a SQL view what this run has stored, which others do not see before it has finished.
    protected override TableLook Look(TableState? since, CancellationToken token) => IsSql
        ? Context.Offline.Look(View, since, Instant.Now(Context.Clock), token, Stored)
        : base.Look(since, token);

    protected override async Task ApplyAsync(SourceChanges changes, RunEnd? baseline, LeaseKeeper lease, CancellationToken token)
    {
        (Mode, Reason) = (changes.Mode, changes.Reason);
        var writer = NewWriter(lease, changes.Look);
        var rows = Rows(Expectations);
        if (IsPartial)
        {
            Mode = RunMode.Added;
            using var collected = Read(rows, [new(changes.Look.Input, Request.From!.Value)], default, writer, token);
            Expectations?.ThrowIfBlocked();
            await WriteAsync(collected, ValueUpdateKind.Add, writer, token);
        }
        else if (changes.Mode == RunMode.Whole || !await TryApplyChangesAsync(changes, baseline!, rows, writer, token))
            await ApplyWholeAsync(changes, rows, writer, lease, token);
        await ResolveConflictsAsync(writer, lease, token);
    }

    async Task ApplyWholeAsync(SourceChanges changes, SourceRows rows, OnlineWriter writer, LeaseKeeper lease, CancellationToken token)
    {
        var isEmpty = !(await Context.Online.ListAsync(token)).Any(t => t.Name == Id && t.Cells > 0);
        using var collected = Read(rows, [new(changes.Look.Input, long.MinValue)], default, writer, token);
        Expectations?.ThrowIfBlocked();
        await WriteAsync(collected, ValueUpdateKind.Replace, writer, token);
        if (!isEmpty) await RemoveOthersAsync(writer, lease.Lease.Number, token);
    }

    /// <summary>False: more has to be computed than the changes.</summary>
    async Task<bool> TryApplyChangesAsync(SourceChanges changes, RunEnd baseline, SourceRows rows, OnlineWriter writer, CancellationToken token)
    {
        List<SourcePart> added = [new(changes.AddedInput, long.MinValue)];
        // Old files hold rows that were too late then and are not any more.
        if (baseline.LeftOut is { } leftOut && leftOut <= Horizon) added.Add(new(changes.KeptInput, Math.Max(leftOut, baseline.TakenUpTo + 1)));
        KeySet? keys = null;
        if (changes.Mode == RunMode.Keys)
        {
            try
            {
                Progress.Begin($"reading the keys that changed: {Id}");
                keys = rows.Keys(changes.RemovedInput, token);
            }
            catch (LockstepException) when (changes.Removed.Any(f => !File.Exists(f.Path)))
            {
                return Whole("files that were removed from it are vacuumed, and with them the keys they held");
            }
            if (keys.Bytes > Options.MemoryBytes / 2) return Whole("most of its keys have changed");
        }
        // Everything is read before anything is written: what expectations block must not be half there. The keys that changed are computed
        // from the whole source, so that no row counts twice.
        using (var replaced = keys is null ? null : Read(rows, [new(changes.Look.Input, long.MinValue)], new(keys, null), writer, token, memory: Options.MemoryBytes / 2))
        using (var fresh = added.Any(p => !p.Input.IsEmpty) ? Read(rows, added, new(null, keys), writer, token, expect: keys is null, memory: keys is null ? Options.MemoryBytes : Options.MemoryBytes / 2) : null)
        {
            Expectations?.ThrowIfBlocked();
            if (replaced is not null)
            {
                var found = new KeySet();
                await WriteAsync(replaced, ValueUpdateKind.Replace, writer, token, found);
                await RemoveMissingAsync(keys!, found, writer, token);
            }
            if (fresh is not null) await WriteAsync(fresh, ValueUpdateKind.Add, writer, token);
        }
        if (Mode == RunMode.Nothing && added.Count > 1) Mode = RunMode.Added;
        if (Mode == RunMode.Nothing) Reason = "the source is as the last run read it";
        return true;

        bool Whole(string reason)
        {
            (Mode, Reason) = (RunMode.Whole, reason);
            return false;
        }
    }

    Collected Read(SourceRows rows, IReadOnlyList<SourcePart> parts, KeyFilter filter, OnlineWriter writer, CancellationToken token, bool expect = true, long? memory = null)
    {
        Progress.Begin($"reading {Id}");
        return rows.Read(parts, filter, expect, memory ?? Options.MemoryBytes, writer.Begin, Progress, token);
    }

    async Task WriteAsync(Collected collected, ValueUpdateKind kind, OnlineWriter writer, CancellationToken token, KeySet? found = null)
    {
        Progress.Begin($"writing {Id}");
        var cells = collected.Open();
        var (written, reported) = (0L, 0L);
        while (cells.MoveNext())
        {
            writer.Add(kind, cells.Key, cells.Cell);
            found?.Add(cells.Key);
            written++;
            if (!writer.IsFull) continue;
            await writer.FlushAsync(token);
            Progress.Add((int)(written - reported), collected.Keys > 0 ? written / (double)collected.Keys : double.NaN);
            reported = written;
        }
        await writer.FlushAsync(token);
        Progress.Add((int)(written - reported), 1);
        Keys += written;
    }

    async Task RemoveMissingAsync(KeySet keys, KeySet found, OnlineWriter writer, CancellationToken token)
    {
        foreach (var key in keys.Sorted())
        {
            if (found.Contains(key)) continue;
            writer.Remove(key);
            KeysRemoved++;
            if (writer.IsFull) await writer.FlushAsync(token);
        }
        await writer.FlushAsync(token);
    }

    /// <summary>Removes the keys that this run has not written: the source does not have them.</summary>
    async Task RemoveOthersAsync(OnlineWriter writer, long run, CancellationToken token)
    {
        Progress.Begin($"removing what {_columns.TableName} has no longer: {Id}");
        await foreach (var (key, cell) in Context.Online.ScanAsync(Id, token))
        {
            if (MaterializationMark.IsMark(key) || !IsOthers(cell, run)) continue;
            writer.Remove(key);
            KeysRemoved++;
            if (writer.IsFull) await writer.FlushAsync(token);
        }
        await writer.FlushAsync(token);

        static bool IsOthers(byte[] cell, long run) => new ValueCellReader(cell) is var reader && reader.Run != run && !reader.IsRemoved;
    }

    /// <summary>Keys that met a push are computed again from what the source holds by then.</summary>
    async Task ResolveConflictsAsync(OnlineWriter writer, LeaseKeeper lease, CancellationToken token)
    {
        var keys = writer.TakeConflicts();
        for (var round = 1; keys.Count > 0; round++)
        {
            if (round > ConflictRounds)
                throw new LockstepException(ErrorKind.Conflict, $"View '{Id}': {keys.Count} keys hold pushed rows that {_columns.TableName} does not have. Is its log another than the one they were pushed to? Drop the online table to begin anew.");
            var look = Look(null, token);
            await RecordReadAsync(look.State, token);
            var again = NewWriter(lease, look);
            var found = new KeySet();
            var expectations = ViewExpectations.Of(_columns); // files may have come since
            using var collected = Read(Rows(expectations), [new(look.Input, long.MinValue)], new(keys, null), again, token);
            expectations?.ThrowIfBlocked();
            await WriteAsync(collected, ValueUpdateKind.Replace, again, token, found);
            await RemoveMissingAsync(keys, found, again, token);
            keys = again.TakeConflicts();
        }
    }

    OnlineWriter NewWriter(LeaseKeeper lease, TableLook look) => new(Context.Online, Id, _layout, lease.Lease, look.Log, Context.Clock, Options.KeysPerWrite);

    SourceRows Rows(ViewExpectations? expectations) => new(Context.Engine, _columns, _layout, Options, Now, Horizon, IsBounded, Counts, expectations);
}
