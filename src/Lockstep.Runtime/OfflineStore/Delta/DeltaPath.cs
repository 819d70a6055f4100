using System.Text.Json;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>
/// Paths in the log are escaped as in URIs. A partition's folder name is escaped once more before that, so that unescaping once gives
/// the name on disk: <c>k=100%2525</c> in the log is the folder <c>k=100%25</c> of the value <c>100%</c>.
/// </summary>
internal static class DeltaPath
{
    /// <summary>The path with <c>/</c> between folders, relative to the table, or absolute for a file outside (a shallow clone).</summary>
    public static string Unescape(string logged)
    {
        var path = logged;
        var colon = path.IndexOf(':', StringComparison.Ordinal);
        if (colon > 1 && path.AsSpan(0, colon).IndexOfAnyExcept(SchemeLetters) < 0 && colon + 1 < path.Length && path[colon + 1] == '/')
        {
            if (!path.StartsWith("file:", StringComparison.OrdinalIgnoreCase)) throw new JsonException($"the file {logged} is not on this machine");
            path = "/" + path[5..].TrimStart('/');
        }
        path = Uri.UnescapeDataString(path);
        foreach (var segment in path.Split('/'))
            if (segment == "..") throw new JsonException($"the path {logged} leads out of its folder");
        return path;
    }

    static readonly System.Buffers.SearchValues<char> SchemeLetters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
}
