namespace Lockstep.Core.Tests;

/// <summary>Files under tests/data, wherever the tests run.</summary>
static class TestData
{
    public static string Path(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (System.IO.Path.Combine(folder.FullName, "tests", "data", name) is var path && (File.Exists(path) || Directory.Exists(path))) return path;
        throw new FileNotFoundException($"tests/data/{name} is not above {AppContext.BaseDirectory}.");
    }
}
