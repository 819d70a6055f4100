using System.Diagnostics;
using System.Globalization;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Expectations;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Materialization;

// One run over one view (S7). In this order, so that it may die anywhere:
//  1. Take the lease: its number is the run's. Whoever held it before writes nothing from now on.
//  2. Ask the online store which run it stands on (the mark), and the record what that run read, and every run since.
//  3. Look at the source and record what is about to be read. Durable before anything is written.
//  4. Read and write. Where only files were added, their rows compete. Where files went that can still be read, their keys are computed
//     afresh from the whole source and replaced. Otherwise every key is, and stored keys that the source does not have are removed.
//  5. Keys that met a push which step 4 had not read are computed again, until none is left.
//  6. Look again: were files written to while they were read, the run has failed, and another begins.
//  7. Record the end, then set the mark. A run that dies before leaves the old mark: the next one does it all again.
// Rows later than the horizon are left out. The record says how far rows were taken and when the earliest one left out comes, so that
// the run which reaches it reads the old files once more, from there on.
/// <summary>Brings one view online.</summary>
internal sealed class ViewRun
{
    const int ConflictRounds = 20;

    readonly ViewVersion _view;
    readonly MaterializeRequest _request;
    readonly MaterializationContext _context;
    readonly ViewColumns _columns;
    readonly RowLayout _layout;
    readonly ProgressMeter _progress;
    readonly ReadCounts _counts = new();
    readonly ViewExpectations? _expectations;
    readonly Guid _token = Guid.NewGuid();
    readonly List<TableState> _reads = [];
    readonly long _now;
    readonly long _horizon;
    long _number;
    long _keys;
    long _removed;
    RunMode _mode;
    string? _reason;
    long? _stored;

    public ViewRun(ViewVersion view, MaterializeRequest request, MaterializationContext context, IProgress<WorkProgress>? progress)
    {
        (_view, _request, _context) = (view, request, context);
        _columns = ViewColumns.Of(view, request.Catalog);
        _layout = new(view.Features);
        _expectations = ViewExpectations.Of(_columns);
        _progress = new(progress, context.Clock);
        _now = Instant.Now(context.Clock);
        _horizon = Math.Min(request.To ?? long.MaxValue, _now + context.Options.MaxFuture);
    }

    bool IsSql => _columns.Definition.Sql is not null;
    bool IsBounded => _request.To is { } to && to <= _horizon;
    bool IsPartial => _request.From is not null;
    string Id => _view.Id;
    MaterializerOptions Options => _context.Options;

    public async Task<ViewRunReport> RunAsync(CancellationToken token)
    {
        await DropOtherMeaningAsync(token);
        await using var lease = await LeaseKeeper.TakeAsync(_context.Online, Id, Owner(), Options, _context.Clock, HeldByAnotherAsync, token);
        _number = await _context.Runs.BeginAsync(new()
        {
            View = Id,
            Fingerprint = _view.Fingerprint,
            Store = Options.OnlineStore,
            Token = _token,
            Lease = lease.Lease.Number,
            Owner = lease.Lease.Owner,
            StartedAt = _now,
            From = _request.From,
            To = _request.To,
            Full = _request.Full,
            Horizon = _horizon,
        }, token);
        try
        {
            var leftOut = await WorkAsync(lease, lease.Token);
            await _context.Runs.EndAsync(_number, End(RunState.Finished, leftOut, null), CancellationToken.None);
            if (!IsPartial && _view.View.Online) await new MaterializationMark(_token, _view.Fingerprint).WriteAsync(_context.Online, Id, new(lease.Lease.Number), CancellationToken.None);
            return Report();
        }
        catch (Exception e)
        {
            var cause = e is OperationCanceledException && lease.IsLost && !token.IsCancellationRequested ? new LeaseLostException(Id) : e;
            await RecordFailureAsync(cause);
            if (cause != e) throw cause;
            throw;
        }
    }

    async Task RecordFailureAsync(Exception cause)
    {
        try
        {
            await _context.Runs.EndAsync(_number, End(RunState.Failed, null, cause is OperationCanceledException ? "cancelled" : cause.Message), CancellationToken.None);
        }
        catch (LockstepException)
        {
            // The cause is what people must hear of; the next run will find this one abandoned.
        }
    }

    public ViewRunReport Report(Exception? error = null) => new()
    {
        View = Id,
        Run = _number,
        Mode = _mode,
        Reason = _reason,
        RowsRead = _counts.Rows,
        Keys = _keys,
        KeysRemoved = _removed,
        RowsDropped = _counts.Dropped,
        RowsAhead = _counts.Ahead,
        RowsWithoutKey = _counts.WithoutKey,
        RowsWithoutTime = _counts.WithoutTime,
        NonFinite = _counts.NonFinite,
        Expectations = _expectations?.Results ?? [],
        StartedAt = _now,
        EndedAt = Instant.Now(_context.Clock),
        Error = error,
    };

    /// <summary>Returns the earliest row that was left out.</summary>
    async Task<long?> WorkAsync(LeaseKeeper lease, CancellationToken token)
    {
        if (IsSql) _stored = StoredRows.Compute(_context, _request.Catalog, _view, _columns, _token, _progress, token);
        if (!_view.View.Online)
        {
            (_mode, _reason) = (RunMode.Whole, "computed by SQL");
            Rows(_expectations).Expect(Look(null, token).Input, _progress, token);
            _expectations?.ThrowIfBlocked();
            return null;
        }
        var (baseline, others, whole) = await RecordedAsync(token);
        var changes = SourceChanges.Find(Look, baseline?.Reads[0], others, whole, token);
        await RecordReadAsync(changes.Look.State, token);
        if (changes.Mode != RunMode.Whole && baseline!.End!.LeftOut is { } known && known > _horizon) _counts.LeftOut = known;
        await ApplyAsync(changes, baseline?.End, lease, token);
        // A file that was written to while it was read may have given rows that it never held as a whole.
        foreach (var read in _reads)
            if (!SourceChanges.Untouched(read, Look(read, token).State))
                throw new TornReadException(Id, _columns.TableName);
        return _counts.LeftOut == long.MaxValue ? null : _counts.LeftOut;
    }

    /// <summary>The run that the online store stands on, what others have read since, and why that is not enough.</summary>
    async Task<(RecordedRun? Baseline, IReadOnlyList<TableState> Others, string? Whole)> RecordedAsync(CancellationToken token)
    {
        var mark = await MaterializationMark.ReadAsync(_context.Online, Id, token);
        if (IsPartial) return (null, [], "only rows from an instant on are wanted");
        if (IsSql) return (null, [], "SQL yields all rows anew");
        if (_request.Full) return (null, [], "asked for");
        if (mark is null) return (null, [], null);
        if (await _context.Runs.FindAsync(Id, Options.OnlineStore, mark.Run, token) is not { } baseline) return (null, [], "the last run of the online store is not in the record of runs");
        if (baseline is not { State: RunState.Finished, End: not null, Reads.Count: > 0 }) return (null, [], $"it is not recorded what run {baseline.Number} read");
        var since = await _context.Runs.FromAsync(Id, Options.OnlineStore, baseline.Number + 1, token);
        return (baseline, [.. baseline.Reads.Skip(1), .. since.Where(r => r.Number != _number).SelectMany(r => r.Reads)], null);
    }

    /// <summary>The source now; of a SQL view what this run has stored, which others do not see before it has finished.</summary>
    TableLook Look(TableState? since, CancellationToken token) => IsSql
        ? _context.Offline.Look(_view, since, Instant.Now(_context.Clock), token, _stored)
        : _context.Tables.Look(_view, _request.Catalog, since, token);

    async Task RecordReadAsync(TableState state, CancellationToken token)
    {
        await _context.Runs.AddReadAsync(_number, state, token);
        _reads.Add(state);
    }

    async Task ApplyAsync(SourceChanges changes, RunEnd? baseline, LeaseKeeper lease, CancellationToken token)
    {
        (_mode, _reason) = (changes.Mode, changes.Reason);
        var writer = NewWriter(lease, changes.Look);
        var rows = Rows(_expectations);
        if (IsPartial)
        {
            _mode = RunMode.Added;
            using var collected = Read(rows, [new(changes.Look.Input, _request.From!.Value)], default, writer, token);
            _expectations?.ThrowIfBlocked();
            await WriteAsync(collected, ValueUpdateKind.Add, writer, token);
        }
        else if (changes.Mode == RunMode.Whole || !await TryApplyChangesAsync(changes, baseline!, rows, writer, token))
            await ApplyWholeAsync(changes, rows, writer, lease, token);
        await ResolveConflictsAsync(writer, lease, token);
    }

    async Task ApplyWholeAsync(SourceChanges changes, SourceRows rows, OnlineWriter writer, LeaseKeeper lease, CancellationToken token)
    {
        var isEmpty = !(await _context.Online.ListAsync(token)).Any(t => t.Name == Id && t.Cells > 0);
        using var collected = Read(rows, [new(changes.Look.Input, long.MinValue)], default, writer, token);
        _expectations?.ThrowIfBlocked();
        await WriteAsync(collected, ValueUpdateKind.Replace, writer, token);
        if (!isEmpty) await RemoveOthersAsync(writer, lease.Lease.Number, token);
    }

    /// <summary>False: more has to be computed than the changes.</summary>
    async Task<bool> TryApplyChangesAsync(SourceChanges changes, RunEnd baseline, SourceRows rows, OnlineWriter writer, CancellationToken token)
    {
        List<SourcePart> added = [new(changes.AddedInput, long.MinValue)];
        // Old files hold rows that were too late then and are not any more.
        if (baseline.LeftOut is { } leftOut && leftOut <= _horizon) added.Add(new(changes.KeptInput, Math.Max(leftOut, baseline.TakenUpTo + 1)));
        KeySet? keys = null;
        if (changes.Mode == RunMode.Keys)
        {
            try
            {
                _progress.Begin($"reading the keys that changed: {Id}");
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
            _expectations?.ThrowIfBlocked();
            if (replaced is not null)
            {
                var found = new KeySet();
                await WriteAsync(replaced, ValueUpdateKind.Replace, writer, token, found);
                await RemoveMissingAsync(keys!, found, writer, token);
            }
            if (fresh is not null) await WriteAsync(fresh, ValueUpdateKind.Add, writer, token);
        }
        if (_mode == RunMode.Nothing && added.Count > 1) _mode = RunMode.Added;
        if (_mode == RunMode.Nothing) _reason = "the source is as the last run read it";
        return true;

        bool Whole(string reason)
        {
            (_mode, _reason) = (RunMode.Whole, reason);
            return false;
        }
    }

    Collected Read(SourceRows rows, IReadOnlyList<SourcePart> parts, KeyFilter filter, OnlineWriter writer, CancellationToken token, bool expect = true, long? memory = null)
    {
        _progress.Begin($"reading {Id}");
        return rows.Read(parts, filter, expect, memory ?? Options.MemoryBytes, writer.Begin, _progress, token);
    }

    async Task WriteAsync(Collected collected, ValueUpdateKind kind, OnlineWriter writer, CancellationToken token, KeySet? found = null)
    {
        _progress.Begin($"writing {Id}");
        var cells = collected.Open();
        var (written, reported) = (0L, 0L);
        while (cells.MoveNext())
        {
            writer.Add(kind, cells.Key, cells.Cell);
            found?.Add(cells.Key);
            written++;
            if (!writer.IsFull) continue;
            await writer.FlushAsync(token);
            _progress.Add((int)(written - reported), collected.Keys > 0 ? written / (double)collected.Keys : double.NaN);
            reported = written;
        }
        await writer.FlushAsync(token);
        _progress.Add((int)(written - reported), 1);
        _keys += written;
    }

    async Task RemoveMissingAsync(KeySet keys, KeySet found, OnlineWriter writer, CancellationToken token)
    {
        foreach (var key in keys.Sorted())
        {
            if (found.Contains(key)) continue;
            writer.Remove(key);
            _removed++;
            if (writer.IsFull) await writer.FlushAsync(token);
        }
        await writer.FlushAsync(token);
    }

    /// <summary>Removes the keys that this run has not written: the source does not have them.</summary>
    async Task RemoveOthersAsync(OnlineWriter writer, long run, CancellationToken token)
    {
        _progress.Begin($"removing what {_columns.TableName} has no longer: {Id}");
        await foreach (var (key, cell) in _context.Online.ScanAsync(Id, token))
        {
            if (MaterializationMark.IsMark(key) || !IsOthers(cell, run)) continue;
            writer.Remove(key);
            _removed++;
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

    /// <summary>Rows of another meaning under the same name, after a registry was made anew, could be read as rows of this one: they go.</summary>
    async Task DropOtherMeaningAsync(CancellationToken token)
    {
        var mark = await MaterializationMark.ReadAsync(_context.Online, Id, token);
        var last = mark?.Fingerprint ?? (await _context.Runs.ListAsync(Id, 100, token)).FirstOrDefault(r => r.Start.Store == Options.OnlineStore)?.Start.Fingerprint;
        if (last is not null && last != _view.Fingerprint) await _context.Online.DropAsync(Id, token);
    }

    OnlineWriter NewWriter(LeaseKeeper lease, TableLook look) => new(_context.Online, Id, _layout, lease.Lease, look.Log, _context.Clock, Options.KeysPerWrite);

    SourceRows Rows(ViewExpectations? expectations) => new(_context.Engine, _columns, _layout, Options, _now, _horizon, IsBounded, _counts, expectations);

    RunEnd End(RunState state, long? leftOut, string? error) => new()
    {
        State = state,
        EndedAt = Instant.Now(_context.Clock),
        Mode = _mode,
        TakenUpTo = _horizon,
        LeftOut = leftOut,
        StoredVersion = _stored,
        RowsRead = _counts.Rows,
        Keys = _keys,
        KeysRemoved = _removed,
        RowsDropped = _counts.Dropped,
        RowsAhead = _counts.Ahead,
        Expectations = _expectations?.Results ?? [],
        Error = error,
    };

    /// <summary>The lease of a run whose process has ended on this machine is given back; others are waited for.</summary>
    async Task HeldByAnotherAsync()
    {
        _progress.Begin($"waiting for another run of {Id}");
        var running = (await _context.Runs.ListAsync(Id, 100, CancellationToken.None)).FirstOrDefault(r => r.State == RunState.Running && r.Start.Store == Options.OnlineStore);
        if (running is null || !IsDead(running.Start.Owner)) return;
        await _context.Online.ReleaseLeaseAsync(new(Id, running.Start.Owner, running.Start.Lease), CancellationToken.None);
    }

    static string Owner() => $"{Environment.MachineName}/{Environment.ProcessId}";

    static bool IsDead(string owner)
    {
        if (!owner.StartsWith(Environment.MachineName + "/", StringComparison.Ordinal) || !int.TryParse(owner.AsSpan(Environment.MachineName.Length + 1), CultureInfo.InvariantCulture, out var id)) return false;
        try
        {
            using var process = Process.GetProcessById(id);
            return process.HasExited;
        }
        catch (ArgumentException)
        {
            return true; // there is none with this number
        }
    }
}

/// <summary>Files were written to while a run read them.</summary>
internal sealed class TornReadException(string view, string table)
    : LockstepException(ErrorKind.Conflict, $"View '{view}': files of {table} were written while they were read. Write new files under other names first, and move them into place when they are whole.");
