using System.Text.Json;
using Lockstep.Core;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>The log folder of a table: reads commits and whole states, and creates commits. Keeps nothing in memory.</summary>
internal sealed class DeltaLog(string tableFolder, string name, CheckpointReader checkpoints)
{
    public const string FolderName = "_delta_log";

    public string Folder { get; } = Path.Combine(tableFolder, FolderName);

    public LogListing List() => LogListing.Read(Folder);

    /// <summary>
    /// The state as of a version: from the newest checkpoint that leads there and can be read, and the commits after it.
    /// A checkpoint only saves work, so a damaged one is passed over where the log leads there without it.
    /// </summary>
    public LogState Load(LogListing listing, long version, CancellationToken token)
    {
        LockstepException? damaged = null;
        foreach (var checkpoint in listing.Checkpoints.Where(c => c.Version <= version))
        {
            if (listing.FirstMissing(checkpoint.Version + 1, version) >= 0) continue;
            try
            {
                var state = new LogState();
                foreach (var action in checkpoints.Read(name, checkpoint, token)) Apply(state, action, checkpoint.Paths[0]);
                state.Version = checkpoint.Version;
                return Extend(state, version, token);
            }
            catch (LockstepException e) when (e is not DamagedLogException { IsCommit: true })
            {
                damaged ??= e;
            }
        }
        var missing = listing.FirstMissing(0, version);
        if (missing < 0) return Extend(new(), version, token);
        if (damaged is not null) throw damaged;
        throw Missing(listing, version, missing);
    }

    /// <summary>Adds the commits up to a version to a state that is not shared.</summary>
    public LogState Extend(LogState state, long version, CancellationToken token)
    {
        while (state.Version < version)
        {
            token.ThrowIfCancellationRequested();
            foreach (var action in ReadCommit(state.Version + 1)) Apply(state, action, LogListing.CommitName(state.Version + 1));
            state.Version++;
        }
        return state;
    }

    /// <summary>The actions of a commit; a line that is not one, or none at all, is an error that names file and line.</summary>
    public List<LogAction> ReadCommit(long version)
    {
        var file = LogListing.CommitName(version);
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(Path.Combine(Folder, file));
        }
        catch (FileNotFoundException e)
        {
            throw new DamagedLogException($"{name}: the commit {file} of version {version} is gone.", isCommit: true, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DamagedLogException($"{name}: the commit {file} cannot be read: {e.Message}", isCommit: true, e);
        }
        return ReadLines(bytes, file);
    }

    /// <summary>Actions one a line, as in commits and in checkpoints of version 2.</summary>
    public List<LogAction> ReadLines(ReadOnlyMemory<byte> bytes, string file)
    {
        List<LogAction> actions = [];
        var lines = 0;
        for (var number = 1; !bytes.IsEmpty; number++)
        {
            var end = bytes.Span.IndexOf((byte)'\n');
            var line = end < 0 ? bytes : bytes[..end];
            bytes = end < 0 ? default : bytes[(end + 1)..];
            if (line.Span.Trim(" \t\r"u8).IsEmpty) continue;
            lines++;
            try
            {
                using var json = JsonDocument.Parse(line);
                if (ActionReader.Read(json.RootElement) is { } action) actions.Add(action);
            }
            catch (Exception e) when (e is JsonException or OverflowException)
            {
                throw new DamagedLogException(
                    $"{name}: {file}, line {number} is not a whole action: {e.Message.Split(" Path:")[0].TrimEnd('.')}. The file was cut short or damaged; bring it back from a copy of the table.", isCommit: true, e);
            }
        }
        return lines > 0 ? actions
            : throw new DamagedLogException($"{name}: {file} is empty. It was cut short; bring it back from a copy of the table.", isCommit: true);
    }

    /// <summary>When a commit was made, milliseconds: as it says itself, or else by its file; null when its file is gone.</summary>
    public long? TimeOf(long version)
    {
        var path = Path.Combine(Folder, LogListing.CommitName(version));
        if (!File.Exists(path)) return null;
        var info = ReadCommit(version).OfType<CommitInfo>().FirstOrDefault();
        return info?.InCommitTimestamp ?? info?.Timestamp ?? new DateTimeOffset(File.GetLastWriteTimeUtc(path)).ToUnixTimeMilliseconds();
    }

    /// <summary>Creates the commit of a version, durable and whole; false: another writer has.</summary>
    public bool TryCommit(long version, IReadOnlyList<LogAction> actions)
    {
        try
        {
            if (!Directory.Exists(Folder))
            {
                Directory.CreateDirectory(Folder);
                FileReplacement.SyncFolder(tableFolder);
                if (Path.GetDirectoryName(tableFolder) is { } parent) FileReplacement.SyncFolder(parent);
            }
            return DurableFile.TryCreate(Path.Combine(Folder, LogListing.CommitName(version)), ActionWriter.Write(actions));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LockstepException(ErrorKind.Failed, $"{name}: version {version} could not be committed: {e.Message.TrimEnd('.')}. The table is as it was.", e);
        }
    }

    void Apply(LogState state, LogAction action, string file)
    {
        try
        {
            state.Apply(action);
        }
        catch (JsonException e)
        {
            throw new DamagedLogException($"{name}: {Path.GetFileName(file)}: {e.Message}.", isCommit: true, e);
        }
    }

    LockstepException Missing(LogListing listing, long version, long missing)
    {
        var first = Enumerable.Concat(listing.Commits.Take(1), listing.Checkpoints.Select(c => c.Version)).Min();
        return first > 0 && listing.Checkpoints.All(c => c.Version > version)
            ? new LockstepException(ErrorKind.NotFound, $"{name}: version {version} can no longer be read: its log is gone up to version {(listing.Checkpoints.Count > 0 ? listing.Checkpoints[^1].Version : first) - 1}.")
            : new DamagedLogException($"{name}: the log has a gap: version {missing} ({LogListing.CommitName(missing)}) is missing, so version {version} cannot be read. Bring the file back from a copy of the table.", isCommit: true);
    }
}

/// <summary>A log that cannot be read as it is.</summary>
internal sealed class DamagedLogException(string message, bool isCommit, Exception? inner = null) : LockstepException(ErrorKind.Failed, message, inner)
{
    /// <summary>It is the log itself and not only a checkpoint of it.</summary>
    public bool IsCommit { get; } = isCommit;
}
