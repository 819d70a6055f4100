using System.IO.Enumeration;
using Lockstep.Core;

namespace Lockstep.Runtime.OfflineStore;

/// <summary>
/// Expands paths with <c>*</c>, <c>?</c> and <c>**</c> (any number of folders). As in a shell, a wildcard at the start of a name does not
/// match a dot; nor does one for a folder match an underscore (unfinished output of other programs), and <c>**</c> follows no links to
/// folders. The result is sorted by its bytes, so it does not depend on the file system.
/// </summary>
internal static class FilePattern
{
    public static bool IsPattern(string path) => path.AsSpan().ContainsAny('*', '?');

    /// <summary>Full paths of the files that match, sorted.</summary>
    public static IReadOnlyList<string> Expand(string folder, string pattern, CancellationToken token)
    {
        var (root, segments) = Split(folder, pattern);
        var found = new SortedSet<string>(StringComparer.Ordinal);
        Walk(root, segments, 0, found, token);
        return [.. found];
    }

    /// <summary>The folder before the first wildcard.</summary>
    public static string Root(string folder, string pattern) => Split(folder, pattern).Root;

    static (string Root, string[] Segments) Split(string folder, string pattern)
    {
        var all = pattern.Replace('\\', Path.DirectorySeparatorChar == '\\' ? '/' : '\\').Split('/');
        var first = Array.FindIndex(all, IsPattern);
        var prefix = string.Join('/', all[..first]);
        if (first > 0 && prefix.Length == 0) prefix = "/";
        return (Path.GetFullPath(prefix, folder), [.. all[first..].Where(s => s.Length > 0 && s != ".")]);
    }

    static void Walk(string folder, string[] segments, int at, SortedSet<string> found, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        if (!Directory.Exists(folder)) return;
        var segment = segments[at];
        var last = at == segments.Length - 1;
        if (segment == "**")
        {
            if (!last) Walk(folder, segments, at + 1, found, token);
            foreach (var entry in Entries(folder))
            {
                if (entry.Name[0] == '.') continue;
                if (entry is FileInfo) { if (last) found.Add(entry.FullName); }
                else if (entry.Name[0] != '_' && entry.LinkTarget is null) Walk(entry.FullName, segments, at, found, token);
            }
            return;
        }
        if (!IsPattern(segment))
        {
            var path = Path.Combine(folder, segment);
            if (!last) Walk(path, segments, at + 1, found, token);
            else if (File.Exists(path)) found.Add(path);
            return;
        }
        foreach (var entry in Entries(folder))
        {
            if (!Matches(segment, entry.Name) || (!last && entry.Name[0] == '_' && segment[0] != '_')) continue;
            if (!last) Walk(entry.FullName, segments, at + 1, found, token);
            else if (File.Exists(entry.FullName)) found.Add(entry.FullName); // a file, or a link to one
        }
    }

    static bool Matches(string segment, string name)
        => (name[0] != '.' || segment[0] == '.')
        && FileSystemName.MatchesSimpleExpression(segment.Replace("\\", "\\\\", StringComparison.Ordinal), name, ignoreCase: false);

    static FileSystemInfo[] Entries(string folder)
    {
        try
        {
            return new DirectoryInfo(folder).GetFileSystemInfos();
        }
        catch (UnauthorizedAccessException e)
        {
            throw new LockstepException(ErrorKind.Failed, $"The folder {folder} cannot be listed: {e.Message}", e);
        }
        catch (DirectoryNotFoundException)
        {
            return []; // removed since its parent was listed
        }
    }
}
