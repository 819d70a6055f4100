using System.Diagnostics;

namespace Lockstep.Cli.Tests.Scripts;

/// <summary>The script ./test in a repository of its own, with a stand-in for dotnet that leaves given results.</summary>
public sealed class TestScriptTests : IDisposable
{
    readonly TempFolder _temp = new();

    public TestScriptTests()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("the script is for bash");
        foreach (var folder in new[] { "repo/build", "repo/tests/A.Tests", "repo/tests/B.Tests", "repo/tests/Helpers", "bin", "given" }) Directory.CreateDirectory(_temp[folder]);
        foreach (var file in new[] { "test", "build/tools.sh", "global.json" }) File.Copy(Path.Combine(Repository.Root, file), _temp["repo/" + file]);
        Script(_temp["repo/build/fetch-native"], "exit 0");
        Script(_temp["bin/dotnet"], $"""
            case $1 in
            --list-sdks) echo "10.0.100 [/x]" ;;
            build) exit $(cat "{_temp["given"]}/build.code" 2>/dev/null || echo 0) ;;
            format) exit $(cat "{_temp["given"]}/format.code" 2>/dev/null || echo 0) ;;
            test)
                name=$(basename "$2" .csproj)
                [ -f "{_temp["given"]}/$name.trx" ] && cp "{_temp["given"]}/$name.trx" artifacts/test-results/
                exit $(cat "{_temp["given"]}/$name.code" 2>/dev/null || echo 0) ;;
            esac
            """);
        Give("A", total: 6, passed: 5);
        Give("B", total: 5, passed: 3, skips: ["no <shared> folder"]);
    }

    static void Script(string path, string text)
    {
        File.WriteAllText(path, "#!/usr/bin/env bash\n" + text.ReplaceLineEndings("\n") + "\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
    }

    void Give(string project, int total, int passed, int failed = 0, int code = 0, params string[] skips)
    {
        var results = string.Concat(skips.Select(s => $"<UnitTestResult outcome=\"NotExecuted\" testListId=\"1\">\n<Output>\n<Message>{System.Security.SecurityElement.Escape(s)}</Message>\n</Output>\n"));
        File.WriteAllText(_temp[$"given/{project}.Tests.trx"], $"""
            <UnitTestResult testName="an explicit one" outcome="NotExecuted" testListId="1" />
            {results}<Counters total="{total}" executed="{passed + failed}" passed="{passed}" failed="{failed}" error="0" timeout="0" aborted="0" notExecuted="0" />
            """);
        File.WriteAllText(_temp[$"given/{project}.Tests.code"], $"{code}");
    }

    (int Code, string Last, string Out) Call(params string[] words)
    {
        var start = new ProcessStartInfo("bash", [_temp["repo/test"], .. words]) { WorkingDirectory = _temp.Path, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = $"{_temp["bin"]}:/usr/bin:/bin";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.TrimEnd().Split('\n')[^1], output + error.Result);
    }

    [Fact]
    public void It_sums_all_projects_and_the_formatting_and_names_reasons()
    {
        var (code, last, output) = Call();
        Assert.Equal((0, "9 passed, 0 failed, 1 skipped"), (code, last));
        Assert.Contains("1 no <shared> folder", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_test_fails_it()
    {
        Give("A", total: 5, passed: 3, failed: 2, code: 1);
        Assert.Equal((1, "7 passed, 2 failed, 1 skipped"), (Call().Code, Call().Last));
    }

    [Fact]
    public void Wrong_formatting_fails_it()
    {
        File.WriteAllText(_temp["given/format.code"], "2");
        Assert.Equal((1, "8 passed, 1 failed, 1 skipped"), (Call().Code, Call().Last));
    }

    [Fact]
    public void A_project_that_dies_or_leaves_nothing_is_a_failure()
    {
        Give("A", total: 5, passed: 5, code: 134);
        Assert.Equal((1, "9 passed, 1 failed, 1 skipped"), (Call().Code, Call().Last));
        File.Delete(_temp["given/A.Tests.trx"]);
        Assert.Equal((1, "4 passed, 1 failed, 1 skipped"), (Call().Code, Call().Last));
    }

    [Fact]
    public void A_failed_build_fails_it()
    {
        File.WriteAllText(_temp["given/build.code"], "1");
        Assert.Equal((1, "0 passed, 1 failed, 0 skipped"), (Call().Code, Call().Last));
    }

    [Fact]
    public void A_word_chooses_projects() => Assert.Equal((0, "5 passed, 0 failed, 0 skipped"), (Call("A").Code, Call("A").Last));

    public void Dispose() => _temp.Dispose();
}
