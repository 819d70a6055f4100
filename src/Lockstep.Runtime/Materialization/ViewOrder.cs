using Lockstep.Core;
using Lockstep.Core.Definitions;

namespace Lockstep.Runtime.Materialization;

/// <summary>Which views have to wait for which: a view whose source is the stored table of another reads what that one has computed.</summary>
internal static class ViewOrder
{
    /// <summary>Groups of views; each may begin when those before are done.</summary>
    public static List<List<ViewVersion>> Sort(IReadOnlyList<ViewVersion> views, string projectFolder, string offlineFolder)
    {
        var byTable = views.ToDictionary(v => Full(offlineFolder, v.Id), StringComparer.Ordinal);
        var before = views.ToDictionary(v => v.Id, v => v.Sources.Values
            .Where(s => s.Table is not null)
            .Select(s => byTable.GetValueOrDefault(Full(projectFolder, s.Table!.Path)))
            .OfType<ViewVersion>().Select(b => b.Id).ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);
        List<List<ViewVersion>> groups = [];
        var left = views.ToList();
        while (left.Count > 0)
        {
            var ready = left.Where(v => !left.Any(l => before[v.Id].Contains(l.Id))).ToList();
            if (ready.Count == 0)
                throw new LockstepException(ErrorKind.DefinitionsInvalid, $"Views {string.Join(", ", left.Select(v => $"'{v.Id}'"))} wait for each other: each reads the stored table of another.");
            groups.Add(ready);
            left = [.. left.Except(ready)];
        }
        return groups;

        static string Full(string folder, string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path, Path.GetFullPath(folder)));
    }
}
