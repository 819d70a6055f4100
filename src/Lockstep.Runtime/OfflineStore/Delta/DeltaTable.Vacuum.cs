using System.Globalization;
using Lockstep.Core;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>What a vacuum removed, or would remove.</summary>
/// <param name="Files">Relative to the table, sorted.</param>
/// <param name="Bytes">Of these files.</param>
public sealed record VacuumResult(IReadOnlyList<string> Files, long Bytes);

public sealed partial class DeltaTable
{
    const string RetentionProperty = "delta.deletedFileRetentionDuration";

    /// <summary>How long removed files are kept unless the table says otherwise; unfinished writers must be done within it.</summary>
    public static readonly TimeSpan DefaultRetention = TimeSpan.FromDays(7);

    /// <summary>
    /// Deletes files that no version within the retention needs: files removed before it began, and files older than it that no version
    /// knows, such as those of writers that died. Versions from before it can then no longer be read.
    /// </summary>
    /// <param name="retention">Null: the table's own.</param>
    /// <param name="dryRun">Only tell what would be deleted.</param>
    /// <param name="token">Stops between two files.</param>
    public VacuumResult Vacuum(TimeSpan? retention, bool dryRun, CancellationToken token)
    {
        if (retention < TimeSpan.Zero) throw new LockstepException(ErrorKind.BadArguments, $"{Name}: a retention of {retention} is negative.");
        var current = Snapshot(token);
        ProtocolCheck.Writable(Name, current.State.Protocol!, current.Metadata, current.Columns, removesData: false);
        foreach (var add in current.State.Files.Values) ProtocolCheck.NoDeletionVector(Name, add);
        var since = _clock.GetUtcNow() - (retention ?? RetentionOf(current.Metadata));
        var needed = current.State.Files.Keys.Concat(current.State.Removed
            .Where(r => r.Value.DeletionTimestamp >= since.ToUnixTimeMilliseconds()).Select(r => r.Key)).ToHashSet(StringComparer.Ordinal);
        List<string> deleted = [];
        long bytes = 0;
        foreach (var file in Own(new(Folder), current.PartitionColumns))
        {
            token.ThrowIfCancellationRequested();
            var relative = Path.GetRelativePath(Folder, file.FullName).Replace(Path.DirectorySeparatorChar, '/');
            if (needed.Contains(relative) || file.LastWriteTimeUtc >= since.UtcDateTime) continue;
            deleted.Add(relative);
            bytes += file.Length;
            if (!dryRun) Delete(file);
        }
        deleted.Sort(StringComparer.Ordinal);
        return new(deleted, bytes);
    }

    // Files that a table may call its own: not hidden ones, except those that writers left unfinished, here and in the log.
    static IEnumerable<FileInfo> Own(DirectoryInfo folder, IReadOnlyList<string> partitionColumns)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos())
        {
            if (entry.LinkTarget is not null) continue;
            var unfinished = DurableFile.IsUnfinished(entry.Name);
            if (entry is FileInfo file)
            {
                if (unfinished || (entry.Name[0] is not ('.' or '_') && folder.Name != DeltaLog.FolderName)) yield return file;
            }
            else if (entry.Name == DeltaLog.FolderName || entry.Name[0] is not ('.' or '_')
                || partitionColumns.Any(c => entry.Name.StartsWith(c + "=", StringComparison.Ordinal)))
            {
                foreach (var inner in Own((DirectoryInfo)entry, partitionColumns)) yield return inner;
            }
        }
    }

    void Delete(FileInfo file)
    {
        try
        {
            file.Delete();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LockstepException(ErrorKind.Failed, $"{Name}: {file.FullName} could not be deleted: {e.Message.TrimEnd('.')}. What was deleted before it was not needed either.", e);
        }
    }

    static TimeSpan RetentionOf(TableMetadata metadata)
        => metadata.Configuration.TryGetValue(RetentionProperty, out var text) && TryReadInterval(text, out var interval) ? interval : DefaultRetention;

    /// <summary><c>interval 1 week</c>, <c>interval 30 days</c>: as Spark writes them.</summary>
    internal static bool TryReadInterval(string text, out TimeSpan interval)
    {
        interval = default;
        var parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != 3 || !parts[0].Equals("interval", StringComparison.OrdinalIgnoreCase)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)) return false;
        var unit = parts[2].ToUpperInvariant().TrimEnd('S') switch
        {
            "WEEK" => TimeSpan.FromDays(7),
            "DAY" => TimeSpan.FromDays(1),
            "HOUR" => TimeSpan.FromHours(1),
            "MINUTE" => TimeSpan.FromMinutes(1),
            "SECOND" => TimeSpan.FromSeconds(1),
            _ => TimeSpan.Zero,
        };
        interval = unit * count;
        return unit != TimeSpan.Zero;
    }
}
