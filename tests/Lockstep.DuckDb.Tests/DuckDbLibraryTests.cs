using Lockstep.Core;
using Lockstep.DuckDb.Native;

namespace Lockstep.DuckDb.Tests;

public sealed class DuckDbLibraryTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("lockstep-lib-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public void It_is_found_beside_the_program_then_up_the_tree_then_by_the_variable()
    {
        var program = Path.Combine(_folder, "a", "b");
        var byFile = Touch(Path.Combine(_folder, "elsewhere", "my-duckdb"));
        var byFolder = Touch(Path.Combine(_folder, "other", DuckDbLibrary.FileName));
        Directory.CreateDirectory(program);

        Assert.Equal(byFile, DuckDbLibrary.Find(program, byFile));
        Assert.Equal(byFolder, DuckDbLibrary.Find(program, Path.GetDirectoryName(byFolder)));
        var up = Touch(Path.Combine(_folder, "native", DuckDbLibrary.Platform, DuckDbLibrary.FileName));
        Assert.Equal(up, DuckDbLibrary.Find(program, byFile));
        var beside = Touch(Path.Combine(program, DuckDbLibrary.FileName));
        Assert.Equal(beside, DuckDbLibrary.Find(program, byFile));
    }

    [Fact]
    public void A_missing_library_says_what_to_run()
    {
        var missing = Assert.Throws<LockstepException>(() => DuckDbLibrary.Find(_folder, null));
        Assert.Contains("build/fetch-native", missing.Message, StringComparison.Ordinal);
        Assert.Contains(DuckDbLibrary.Variable, missing.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorKind.Failed, missing.Kind);

        var wrong = Assert.Throws<LockstepException>(() => DuckDbLibrary.Find(_folder, "/no/such/folder"));
        Assert.Contains("/no/such/folder", wrong.Message, StringComparison.Ordinal);
    }

    static string Touch(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "");
        return path;
    }
}
