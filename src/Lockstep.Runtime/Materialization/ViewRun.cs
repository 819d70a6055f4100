using System.Diagnostics;
using System.Globalization;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Expectations;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.Streaming.Apply;
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
/// <summary>Brings one view online. What is the same for all kinds of views is here; what is read and written is each kind's own.</summary>
internal abstract class ViewRun
{
    readonly Guid _token = Guid.NewGuid();
    readonly List<TableState> _reads = [];
    long _number;

    protected ViewRun(ViewVersion view, MaterializeRequest request, MaterializationContext context, IProgress<WorkProgress>? progress)
    {
        (View, Request, Context) = (view, request, context);
        Progress = new(progress, context.Clock);
        Now = Instant.Now(context.Clock);
        Horizon = Math.Min(request.To ?? long.MaxValue, Now + context.Options.MaxFuture);
    }

    public static ViewRun Create(ViewVersion view, MaterializeRequest request, MaterializationContext context, IProgress<WorkProgress>? progress)
        => view.View is AggregationView ? new AggregationRun(view, request, context, progress) : new ValueViewRun(view, request, context, progress);

    protected ViewVersion View { get; }
    protected MaterializeRequest Request { get; }
    protected MaterializationContext Context { get; }
    protected ProgressMeter Progress { get; }
    protected ReadCounts Counts { get; } = new();

    /// <summary>When it began.</summary>
    protected long Now { get; }

    /// <summary>Rows later than this are left out.</summary>
    protected long Horizon { get; }

    /// <summary>By which the online store knows the run.</summary>
    protected Guid Token => _token;

    /// <summary>The run's number in the record.</summary>
    protected long Number => _number;

    protected long Keys { get; set; }
    protected long KeysRemoved { get; set; }
    protected RunMode Mode { get; set; }
    protected string? Reason { get; set; }

    /// <summary>The version whose tiles were taken over.</summary>
    protected string? TakenFrom { get; set; }

    /// <summary>The version of its own table that a SQL view stored.</summary>
    protected long? Stored { get; set; }

    /// <summary>What became of what is expected of the view.</summary>
    protected virtual IReadOnlyList<ExpectationResult> Expected => [];

    /// <summary>How messages call what is read.</summary>
    protected abstract string TableName { get; }

    protected bool IsBounded => Request.To is { } to && to <= Horizon;
    protected bool IsPartial => Request.From is not null;
    protected string Id => View.Id;
    protected MaterializerOptions Options => Context.Options;

    /// <summary>Whether every run reads all of it anew, and why.</summary>
    protected virtual string? AlwaysWhole => null;

    /// <summary>What comes before anything is read.</summary>
    protected virtual void Prepare(CancellationToken token)
    {
    }

    /// <summary>All there is to do for a view that is stored, but not served.</summary>
    protected virtual void Check(CancellationToken token)
    {
    }

    /// <summary>Reads what has changed and writes it.</summary>
    protected abstract Task ApplyAsync(SourceChanges changes, RunEnd? baseline, LeaseKeeper lease, CancellationToken token);

    /// <summary>The source now, and what changed.</summary>
    protected virtual TableLook Look(TableState? since, CancellationToken token) => Context.Tables.Look(View, Request.Catalog, since, token);

    public async Task<ViewRunReport> RunAsync(CancellationToken token)
    {
        await DropOtherMeaningAsync(token);
        await using var lease = await LeaseKeeper.TakeAsync(Context.Online, Id, Owner(), Options, Context.Clock, HeldByAnotherAsync, token);
        _number = await Context.Runs.BeginAsync(new()
        {
            View = Id,
            Fingerprint = View.Fingerprint,
            Store = Options.OnlineStore,
            Token = _token,
            Lease = lease.Lease.Number,
            Owner = lease.Lease.Owner,
            StartedAt = Now,
            From = Request.From,
            To = Request.To,
            Full = Request.Full,
            Horizon = Horizon,
        }, token);
        try
        {
            var leftOut = await WorkAsync(lease, lease.Token);
            await Context.Runs.EndAsync(_number, End(RunState.Finished, leftOut, null), CancellationToken.None);
            if (!IsPartial && View.View.Online) await new MaterializationMark(_token, View.Fingerprint).WriteAsync(Context.Online, Id, new(lease.Lease.Number), CancellationToken.None);
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
            await Context.Runs.EndAsync(_number, End(RunState.Failed, null, cause is OperationCanceledException ? "cancelled" : cause.Message), CancellationToken.None);
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
        Mode = Mode,
        Reason = Reason,
        TakenFrom = TakenFrom,
        RowsRead = Counts.Rows,
        Keys = Keys,
        KeysRemoved = KeysRemoved,
        RowsDropped = Counts.Dropped,
        RowsAhead = Counts.Ahead,
        RowsWithoutKey = Counts.WithoutKey,
        RowsWithoutTime = Counts.WithoutTime,
        NonFinite = Counts.NonFinite,
        Expectations = Expected,
        StartedAt = Now,
        EndedAt = Instant.Now(Context.Clock),
        Error = error,
    };

    /// <summary>Returns the earliest row that was left out.</summary>
    async Task<long?> WorkAsync(LeaseKeeper lease, CancellationToken token)
    {
        Prepare(token);
        if (!View.View.Online)
        {
            (Mode, Reason) = (RunMode.Whole, "computed by SQL");
            Check(token);
            return null;
        }
        var (baseline, others, whole) = await RecordedAsync(lease, token);
        var changes = SourceChanges.Find(Look, baseline?.Reads[0], others, whole, token);
        await RecordReadAsync(changes.Look.State, token);
        if (changes.Mode != RunMode.Whole && baseline!.End!.LeftOut is { } known && known > Horizon) Counts.LeftOut = known;
        await ApplyAsync(changes, baseline?.End, lease, token);
        // A file that was written to while it was read may have given rows that it never held as a whole.
        foreach (var read in _reads)
            if (!SourceChanges.Untouched(read, Look(read, token).State))
                throw new TornReadException(Id, TableName);
        return Counts.LeftOut == long.MaxValue ? null : Counts.LeftOut;
    }

    /// <summary>The run that the online store stands on, what others have read since, and why that is not enough.</summary>
    async Task<(RecordedRun? Baseline, IReadOnlyList<TableState> Others, string? Whole)> RecordedAsync(LeaseKeeper lease, CancellationToken token)
    {
        var mark = await MaterializationMark.ReadAsync(Context.Online, Id, token);
        if (IsPartial) return (null, [], "only rows from an instant on are wanted");
        if (AlwaysWhole is { } always) return (null, [], always);
        if (Request.Full) return (null, [], "asked for");
        if (mark is null) return await TakeOverAsync(lease, token);
        return await StandsOnAsync(Id, mark, token) is var (baseline, why) && baseline is null ? (null, [], why) : (baseline, await ReadSinceAsync(Id, baseline, token), null);
    }

    /// <summary>The run that a mark names, as far as it can be begun at; or why not.</summary>
    protected async Task<(RecordedRun? Baseline, string? Whole)> StandsOnAsync(string view, MaterializationMark mark, CancellationToken token)
    {
        if (await Context.Runs.FindAsync(view, Options.OnlineStore, mark.Run, token) is not { } baseline) return (null, "the last run of the online store is not in the record of runs");
        if (baseline is not { State: RunState.Finished, End: not null, Reads.Count: > 0 }) return (null, $"it is not recorded what run {baseline.Number} read");
        return (baseline, null);
    }

    /// <summary>What was read for single keys by a run, and by all runs of the view since.</summary>
    protected async Task<IReadOnlyList<TableState>> ReadSinceAsync(string view, RecordedRun? baseline, CancellationToken token)
    {
        var since = await Context.Runs.FromAsync(view, Options.OnlineStore, (baseline?.Number ?? 0) + 1, token);
        return [.. baseline?.Reads.Skip(1) ?? [], .. since.Where(r => r.Number != _number).SelectMany(r => r.Reads)];
    }

    /// <summary>Nothing is online yet: what another version of the view has may do.</summary>
    protected virtual Task<(RecordedRun? Baseline, IReadOnlyList<TableState> Others, string? Whole)> TakeOverAsync(LeaseKeeper lease, CancellationToken token)
        => Task.FromResult<(RecordedRun?, IReadOnlyList<TableState>, string?)>((null, [], null));

    protected async Task RecordReadAsync(TableState state, CancellationToken token)
    {
        await Context.Runs.AddReadAsync(_number, state, token);
        _reads.Add(state);
    }

    /// <summary>Rows of another meaning under the same name, after a registry was made anew, could be read as rows of this one: they go.</summary>
    async Task DropOtherMeaningAsync(CancellationToken token)
    {
        if (!await HasOtherMeaningAsync(token)) return;
        await using var lease = await LeaseKeeper.TakeAsync(Context.Online, Id, Owner(), Options, Context.Clock, HeldByAnotherAsync, token);
        if (await HasOtherMeaningAsync(token)) await Context.Online.DropAsync(Id, token); // who applies events may have done it meanwhile
    }

    async Task<bool> HasOtherMeaningAsync(CancellationToken token)
    {
        var last = await AppliedMeaning.OfTableAsync(Context.Online, Id, token) ?? (await Context.Runs.ListAsync(Id, 100, token)).FirstOrDefault(r => r.Start.Store == Options.OnlineStore)?.Start.Fingerprint;
        return last is not null && last != View.Fingerprint;
    }

    RunEnd End(RunState state, long? leftOut, string? error) => new()
    {
        State = state,
        EndedAt = Instant.Now(Context.Clock),
        Mode = Mode,
        TakenUpTo = Horizon,
        LeftOut = leftOut,
        StoredVersion = Stored,
        RowsRead = Counts.Rows,
        Keys = Keys,
        KeysRemoved = KeysRemoved,
        RowsDropped = Counts.Dropped,
        RowsAhead = Counts.Ahead,
        Expectations = Expected,
        Error = error,
    };

    /// <summary>The lease of a run whose process has ended on this machine is given back; others are waited for.</summary>
    async Task HeldByAnotherAsync()
    {
        Progress.Begin($"waiting for another run of {Id}");
        var running = (await Context.Runs.ListAsync(Id, 100, CancellationToken.None)).FirstOrDefault(r => r.State == RunState.Running && r.Start.Store == Options.OnlineStore);
        if (running is null || !IsDead(running.Start.Owner)) return;
        await Context.Online.ReleaseLeaseAsync(new(Id, running.Start.Owner, running.Start.Lease), CancellationToken.None);
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
