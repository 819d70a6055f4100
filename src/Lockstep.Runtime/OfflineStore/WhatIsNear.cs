using Lockstep.Core;

namespace Lockstep.Runtime.OfflineStore;

/// <summary>Says why a path or pattern found nothing: how far it leads, and what is there instead.</summary>
internal static class WhatIsNear
{
    public static string Describe(string folder, string path)
    {
        var full = Path.GetFullPath(FilePattern.IsPattern(path) ? FilePattern.Root(folder, path) : path, folder);
        if (Directory.Exists(full)) return $" {Shown(folder, full)} holds {Content(full)}.";
        var missing = full;
        var parent = Path.GetDirectoryName(full);
        while (parent is not null && !Directory.Exists(parent)) (missing, parent) = (parent, Path.GetDirectoryName(parent));
        if (parent is null) return "";
        var names = Names(parent, out _);
        var near = NearestName.Find(Path.GetFileName(missing), names);
        return $" There is no {Shown(folder, missing)}."
            + (near is not null ? $" Did you mean {Shown(folder, Path.Combine(parent, near))}?" : $" {Shown(folder, parent)} holds {Content(parent)}.");
    }

    /// <summary>A path as the author would write it: relative to the project where it is inside.</summary>
    public static string Shown(string folder, string full)
    {
        var relative = Path.GetRelativePath(folder, full).Replace(Path.DirectorySeparatorChar, '/');
        return $"'{(relative.StartsWith("..", StringComparison.Ordinal) ? full : relative)}'";
    }

    static string Content(string folder)
    {
        const int shown = 8;
        var names = Names(folder, out var readable);
        return !readable ? "what this user may not list"
            : names.Count == 0 ? "nothing"
            : string.Join(", ", names.Take(shown)) + (names.Count > shown ? $" and {names.Count - shown} more" : "");
    }

    static List<string> Names(string folder, out bool readable)
    {
        readable = true;
        try
        {
            return [.. new DirectoryInfo(folder).EnumerateFileSystemInfos().Select(e => e.Name).Order(StringComparer.Ordinal)];
        }
        catch (UnauthorizedAccessException)
        {
            readable = false;
            return [];
        }
    }
}
