using System.Globalization;
using Lockstep.Core;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>A checkpoint: the whole state as of its version, in one file or several.</summary>
internal sealed record CheckpointFiles(long Version, IReadOnlyList<string> Paths);

/// <summary>
/// What lies in a log folder. The folder itself is the truth: <c>_last_checkpoint</c> is a hint for stores that list slowly, and may be stale.
/// Only checkpoints with all their parts count.
/// </summary>
internal sealed class LogListing
{
    LogListing(SortedSet<long> commits, List<CheckpointFiles> checkpoints) => (Commits, Checkpoints) = (commits, checkpoints);

    public SortedSet<long> Commits { get; }

    /// <summary>Newest first.</summary>
    public IReadOnlyList<CheckpointFiles> Checkpoints { get; }

    /// <summary>-1: the folder holds no table.</summary>
    public long Newest => Math.Max(Commits.Count > 0 ? Commits.Max : -1, Checkpoints.Count > 0 ? Checkpoints[0].Version : -1);

    /// <summary>The first version in a range whose commit is not there; -1: all are.</summary>
    public long FirstMissing(long from, long to)
    {
        for (var version = from; version <= to; version++)
            if (!Commits.Contains(version)) return version;
        return -1;
    }

    public static string CommitName(long version) => version.ToString("D20", CultureInfo.InvariantCulture) + ".json";

    public static LogListing Read(string folder)
    {
        SortedSet<long> commits = [];
        List<CheckpointFiles> checkpoints = [];
        Dictionary<(long Version, int Parts), SortedDictionary<int, string>> parts = [];
        foreach (var path in Files(folder))
        {
            var name = Path.GetFileName(path);
            if (name.Length < 25 || name[20] != '.' || !long.TryParse(name.AsSpan(0, 20), NumberStyles.None, CultureInfo.InvariantCulture, out var version)) continue;
            var rest = name[21..].Split('.');
            switch (rest)
            {
                case ["json"]:
                    commits.Add(version);
                    break;
                case ["checkpoint", "parquet"]:
                case ["checkpoint", _, "json" or "parquet"]: // version 2: a unique name
                    checkpoints.Add(new(version, [path]));
                    break;
                case ["checkpoint", var part, var of, "parquet"] when Number(part) is { } number && Number(of) is { } count:
                    if (!parts.TryGetValue((version, count), out var found)) parts.Add((version, count), found = []);
                    found[number] = path;
                    break;
            }
        }
        foreach (var ((version, count), found) in parts)
            if (found.Count == count && found.Keys.First() == 1 && found.Keys.Last() == count) checkpoints.Add(new(version, [.. found.Values]));
        checkpoints.Sort((a, b) => b.Version != a.Version ? b.Version.CompareTo(a.Version) : string.CompareOrdinal(a.Paths[0], b.Paths[0]));
        return new(commits, checkpoints);
    }

    static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    static string[] Files(string folder)
    {
        try
        {
            return Directory.GetFiles(folder);
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (UnauthorizedAccessException e)
        {
            throw new LockstepException(ErrorKind.Failed, $"The log folder {folder} cannot be listed: {e.Message}", e);
        }
    }
}
