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

    public static void Matches(string relative, string actual, [CallerMemberName] string test = "")
    {
        if (Update)
        {
            File.WriteAllText(Path(relative), actual);
            Assert.Skip($"{relative} was written, not compared.");
        }
        Assert.True(File.ReadAllText(Path(relative)) == actual, $"{relative} is out of date. Run LOCKSTEP_UPDATE_GOLDEN=1 dotnet test tests/Lockstep.Core.Tests --filter {test}, and look at the diff. It should be:\n{actual}");
    }
}
