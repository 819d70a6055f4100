using System.Runtime.CompilerServices;

namespace Lockstep.Core.Tests.Definitions;

/// <summary>Files in the repository that tests compare with. With LOCKSTEP_UPDATE_GOLDEN=1 they are written instead: look at the diff before you commit it.</summary>
internal static class GoldenFile
{
    public static bool Update => Environment.GetEnvironmentVariable("LOCKSTEP_UPDATE_GOLDEN") == "1";

    public static string Path(string relative)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Lockstep.slnx"))) return System.IO.Path.Combine(folder.FullName, relative);
        throw new InvalidOperationException($"No Lockstep.slnx above {AppContext.BaseDirectory}.");
    }

    /// <summary>The file is, to the byte, what the code makes.</summary>
    public static void AssertMatches(string relative, string actual, [CallerMemberName] string test = "")
    {
        if (Update)
        {
            File.WriteAllText(Path(relative), actual);
            Assert.Skip($"{relative} was written, not compared.");
        }
        Assert.True(File.ReadAllText(Path(relative)) == actual, $"{relative} is out of date. Run LOCKSTEP_UPDATE_GOLDEN=1 dotnet test tests/Lockstep.Core.Tests --filter {test}, and look at the diff. It should be:\n{actual}");
    }

    /// <summary>What stands in a page between <c>&lt;!-- name --&gt;</c> and <c>&lt;!-- /name --&gt;</c> is, to the byte, what the code makes.</summary>
    public static void AssertSection(string page, string name, string actual, [CallerMemberName] string test = "")
    {
        var text = File.ReadAllText(Path(page));
        var (begin, end) = ($"<!-- {name} -->\n", $"<!-- /{name} -->");
        var from = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        var to = text.IndexOf(end, StringComparison.Ordinal);
        Assert.True(from >= begin.Length && to >= from, $"{page} has no section '{name}': it would be between {begin.Trim()} and {end}.");
        AssertMatches(page, text[..from] + actual + text[to..], test);
    }
}
