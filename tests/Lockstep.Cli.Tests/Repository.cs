namespace Lockstep.Cli.Tests;

/// <summary>The clone that these tests were built in.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path)).ReplaceLineEndings("\n");

    static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Lockstep.slnx"))) return folder.FullName;
        throw new InvalidOperationException($"No Lockstep.slnx above {AppContext.BaseDirectory}.");
    }
}
