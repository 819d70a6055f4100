using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>
/// A Delta table in a folder: an append-only log of commits beside Parquet files. Reads any table of reader version 1 and what can be
/// read without loss of later ones; writes reader 1, writer 2. Any number of readers and writers, in any number of processes, need no
/// lock: a commit is a file that only one of them can create. Safe for several threads.
/// </summary>
public sealed partial class DeltaTable
{
    readonly IBatchEngine _engine;
    readonly TimeProvider _clock;
    readonly DeltaLog _log;
    Latest? _latest;

    public DeltaTable(string folder, IBatchEngine engine, TimeProvider clock, string? name = null)
    {
        Folder = Path.GetFullPath(folder);
        Name = name ?? $"Delta table {folder}";
        (_engine, _clock) = (engine, clock);
        _log = new(Folder, Name, new(engine));
    }

    public string Folder { get; }

    /// <summary>How messages call it.</summary>
    public string Name { get; }

    /// <summary>Whether a folder holds a Delta table.</summary>
    public static bool IsTable(string folder) => Directory.Exists(Path.Combine(folder, DeltaLog.FolderName));

    public bool Exists => _log.List().Newest >= 0;

    /// <summary>The newest version.</summary>
    public DeltaSnapshot Snapshot(CancellationToken token) => TrySnapshot(token) ?? throw NoTable();

    /// <summary>As of a version.</summary>
    public DeltaSnapshot Snapshot(long version, CancellationToken token)
    {
        var listing = Listing();
        if (version < 0 || version > listing.Newest)
            throw new LockstepException(ErrorKind.NotFound, $"{Name} has no version {version}; its newest is {listing.Newest}.");
        return New(_log.Load(listing, version, token));
    }

    /// <summary>
    /// The version that was current at an instant (microseconds): the last whose commit is not later. A commit's time is what it says
    /// itself, kept increasing; the time of its file only where it says nothing, since copies do not keep that.
    /// </summary>
    public long VersionAt(long instant, CancellationToken token)
    {
        var times = CommitTimes(token);
        var found = times.FindLastIndex(t => t.Micros <= instant);
        if (found >= 0) return times[found].Version;
        throw new LockstepException(ErrorKind.NotFound, times.Count == 0
            ? $"{Name}: no commit says when it was made, so there is no version as of {Instant.Format(instant)}. Ask for a version by its number."
            : $"{Name} has no version as of {Instant.Format(instant)}: its first commit that can be told is version {times[0].Version} of {Instant.Format(times[0].Micros)}.");
    }

    /// <summary>As of an instant (microseconds).</summary>
    public DeltaSnapshot SnapshotAsOf(long instant, CancellationToken token) => Snapshot(VersionAt(instant, token), token);

    /// <summary>The commits that are still in the log, oldest first.</summary>
    public IReadOnlyList<DeltaCommit> History(CancellationToken token)
    {
        List<DeltaCommit> history = [];
        var times = CommitTimes(token).ToDictionary(t => t.Version, t => t.Micros);
        foreach (var version in Listing().Commits)
        {
            token.ThrowIfCancellationRequested();
            var actions = _log.ReadCommit(version);
            var info = actions.OfType<CommitInfo>().FirstOrDefault();
            history.Add(new(version, times.GetValueOrDefault(version), info?.Operation)
            {
                Project = info?.Project,
                Run = info?.Run,
                Parameters = info?.OperationParameters ?? new Dictionary<string, string>(),
                FilesAdded = actions.OfType<AddFile>().Count(),
                FilesRemoved = actions.OfType<RemoveFile>().Count(),
            });
        }
        return history;
    }

    /// <summary>What the commits after one version, up to another, did to the rows; null when the log no longer tells.</summary>
    internal TableChange? ChangesSince(long version, DeltaSnapshot now, CancellationToken token)
    {
        try
        {
            return version == now.Version ? TableChange.None : version > now.Version || version < 0 ? null
                : ChangeSet.Between(_log, Snapshot(version, token), now, token);
        }
        catch (LockstepException e) when (e.Kind == ErrorKind.NotFound)
        {
            return null; // the log of that version is gone
        }
    }

    /// <summary>The newest version, or null when there is no table.</summary>
    internal DeltaSnapshot? TrySnapshot(CancellationToken token)
    {
        var listing = _log.List();
        if (listing.Newest < 0) return null;
        var latest = Volatile.Read(ref _latest);
        // The cached state holds as long as its commit is the same file: not when the table was removed and made anew.
        if (latest is not null && (latest.Snapshot.Version > listing.Newest || StampOf(latest.Snapshot.Version) != latest.Stamp)) latest = null;
        if (latest?.Snapshot.Version == listing.Newest) return latest.Snapshot;
        var stamp = StampOf(listing.Newest);
        var canExtend = latest is not null && listing.FirstMissing(latest.Snapshot.Version + 1, listing.Newest) < 0;
        var snapshot = New(canExtend ? _log.Extend(latest!.Snapshot.State.Copy(), listing.Newest, token) : _log.Load(listing, listing.Newest, token));
        if (stamp is not null) Volatile.Write(ref _latest, new(snapshot, stamp.Value));
        return snapshot;
    }

    FileStamp? StampOf(long version)
    {
        var path = Path.Combine(_log.Folder, LogListing.CommitName(version));
        return File.Exists(path) ? FileStamp.Of(path) : null;
    }

    // Commits from the first on whose version can be rebuilt: without gaps up to the newest.
    List<(long Version, long Micros)> CommitTimes(CancellationToken token)
    {
        var listing = Listing();
        var first = listing.Newest;
        while (first >= 0 && listing.Commits.Contains(first)) first--;
        List<(long Version, long Micros)> times = [];
        var least = long.MinValue;
        for (var version = first + 1; version <= listing.Newest; version++)
        {
            token.ThrowIfCancellationRequested();
            if (_log.TimeOf(version) is not { } milliseconds) continue;
            least = Math.Max(milliseconds, least == long.MinValue ? milliseconds : least + 1);
            times.Add((version, least * Instant.Millisecond));
        }
        return times;
    }

    LogListing Listing()
    {
        var listing = _log.List();
        return listing.Newest >= 0 ? listing : throw NoTable();
    }

    DeltaSnapshot New(LogState state) => new(Folder, Name, state);

    LockstepException NoTable() => new(ErrorKind.NotFound, Directory.Exists(Folder)
        ? $"{Name}: {Folder} holds no Delta table (no {DeltaLog.FolderName} with commits)."
        : $"{Name}: there is no folder {Folder}.");

    sealed record Latest(DeltaSnapshot Snapshot, FileStamp Stamp);
}

/// <summary>A commit of a table, as its history shows it.</summary>
/// <param name="Version">Its number.</param>
/// <param name="At">Microseconds; 0: not known.</param>
/// <param name="Operation">What was done: WRITE, DELETE …</param>
public sealed record DeltaCommit(long Version, long At, string? Operation)
{
    public string? Project { get; init; }

    /// <summary>The run that wrote it, where it was one of ours.</summary>
    public string? Run { get; init; }

    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();
    public int FilesAdded { get; init; }
    public int FilesRemoved { get; init; }
}
