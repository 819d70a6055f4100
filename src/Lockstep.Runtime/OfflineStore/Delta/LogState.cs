namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>What the log says as of a version: the sum of its actions. Filled by one thread, then never changed again.</summary>
internal sealed class LogState
{
    public long Version { get; set; } = -1;
    public TableProtocol? Protocol { get; private set; }
    public TableMetadata? Metadata { get; private set; }

    /// <summary>Milliseconds; what the newest commit says of its time, or 0.</summary>
    public long Timestamp { get; private set; }

    /// <summary>Live files by <see cref="Key"/>.</summary>
    public Dictionary<string, AddFile> Files { get; private init; } = new(StringComparer.Ordinal);

    /// <summary>Removed files by key, whose bytes may still be read as of older versions.</summary>
    public Dictionary<string, RemoveFile> Removed { get; private init; } = new(StringComparer.Ordinal);

    public Dictionary<string, ApplicationTransaction> Transactions { get; private init; } = new(StringComparer.Ordinal);

    /// <summary>A file's name on disk, with the list of its deleted rows where it has one: the same file with another list is another.</summary>
    public static string Key(string path, string? deletionVector)
        => deletionVector is null ? DeltaPath.Unescape(path) : $"{DeltaPath.Unescape(path)}\n{deletionVector}";

    public void Apply(LogAction action)
    {
        switch (action)
        {
            case AddFile add:
                var added = Key(add.Path, add.DeletionVector);
                Files[added] = add;
                Removed.Remove(added);
                break;
            case RemoveFile remove:
                var removed = Key(remove.Path, remove.DeletionVector);
                Files.Remove(removed);
                Removed[removed] = remove;
                break;
            case TableMetadata metadata: Metadata = metadata; break;
            case TableProtocol protocol: Protocol = protocol; break;
            case ApplicationTransaction transaction: Transactions[transaction.AppId] = transaction; break;
            case CommitInfo info: Timestamp = info.InCommitTimestamp ?? info.Timestamp ?? Timestamp; break;
        }
    }

    public LogState Copy() => new()
    {
        Version = Version,
        Protocol = Protocol,
        Metadata = Metadata,
        Timestamp = Timestamp,
        Files = new(Files, StringComparer.Ordinal),
        Removed = new(Removed, StringComparer.Ordinal),
        Transactions = new(Transactions, StringComparer.Ordinal),
    };
}
