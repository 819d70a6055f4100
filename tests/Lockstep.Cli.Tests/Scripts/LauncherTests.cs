using System.Diagnostics;

namespace Lockstep.Cli.Tests.Scripts;

/// <summary>The script ./lockstep in a repository of its own, with a stand-in for dotnet that notes how it was called.</summary>
public sealed class LauncherTests : IDisposable
{
    readonly TempFolder _temp = new();
    readonly string _root;

    public LauncherTests()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("the script is for bash");
        _root = _temp["repo with space"];
        foreach (var folder in new[] { "src/Lockstep.Cli", "build", "native/x" }) Directory.CreateDirectory(Path.Combine(_root, folder));
        foreach (var file in new[] { "lockstep", "build/build-cli", "build/tools.sh", "global.json", "Directory.Build.props", "Directory.Packages.props" })
            File.Copy(Path.Combine(Repository.Root, file), Path.Combine(_root, file));
        Script(Path.Combine(_root, "build/fetch-native"), "exit 0");
        File.WriteAllText(Path.Combine(_root, "src/Lockstep.Cli/a.cs"), "");
        Directory.CreateDirectory(_temp["bin"]);
        Script(_temp["bin/dotnet"], $"""
            echo "$PWD|$*" >> "{_temp["calls"]}"
            case $1 in
            --list-sdks) echo "10.0.100 [/x]" ;;
            build) mkdir -p artifacts/bin/Lockstep.Cli/release && touch artifacts/bin/Lockstep.Cli/release/lockstep.dll ;;
            exec) shift 2; printf '<%s>' "$@"; exit 6 ;;
            esac
            """);
    }

    static void Script(string path, string text)
    {
        File.WriteAllText(path, "#!/usr/bin/env bash\n" + text.ReplaceLineEndings("\n") + "\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
    }

    (int Code, string Out, string Error) Call(string script, string folder, string? path = null, params string[] args)
    {
        var start = new ProcessStartInfo("bash", [script, .. args]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = path ?? $"{_temp["bin"]}:/usr/bin:/bin";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    int Builds => File.ReadAllLines(_temp["calls"]).Count(l => l.Contains("|build src/Lockstep.Cli", StringComparison.Ordinal));

    [Fact]
    public void It_builds_once_and_again_when_a_source_is_changed_added_or_removed()
    {
        var script = Path.Combine(_root, "lockstep");
        var (code, output, _) = Call(script, _temp.Path, null, "get", "a b", "");
        Assert.Equal((6, "<get><a b><>", 1), (code, output, Builds));
        Call(script, _temp.Path);
        Assert.Equal(1, Builds);

        var stamp = File.GetLastWriteTimeUtc(Path.Combine(_root, "artifacts/cli.stamp"));
        var source = Path.Combine(_root, "src/Lockstep.Cli/a.cs");
        foreach (var change in new Action[] { () => File.SetLastWriteTimeUtc(source, stamp.AddHours(1)), () => Directory.SetLastWriteTimeUtc(Path.GetDirectoryName(source)!, stamp.AddHours(1)) })
        {
            var before = Builds;
            change();
            Call(script, _temp.Path);
            Assert.Equal(before + 1, Builds);
            File.SetLastWriteTimeUtc(source, stamp.AddHours(-1));
            Directory.SetLastWriteTimeUtc(Path.GetDirectoryName(source)!, stamp.AddHours(-1));
        }
        var last = Builds;
        Call(script, _temp.Path);
        Assert.Equal(last, Builds);
    }

    [Fact]
    public void It_runs_in_the_callers_folder_through_links_too()
    {
        Directory.CreateDirectory(_temp["links"]);
        File.CreateSymbolicLink(_temp["links/one"], "../repo with space/lockstep");
        File.CreateSymbolicLink(_temp["two"], _temp["links/one"]);
        Assert.Equal(6, Call(_temp["two"], _temp["links"], null, "version").Code);
        Assert.Equal($"{_temp["links"]}|exec {_root}/artifacts/bin/Lockstep.Cli/release/lockstep.dll version", File.ReadAllLines(_temp["calls"])[^1]);
    }

    [Fact]
    public void What_is_missing_is_said()
    {
        var script = Path.Combine(_root, "lockstep");
        // Everything the script needs but dotnet.
        Directory.CreateDirectory(_temp["tools"]);
        foreach (var tool in new[] { "bash", "find", "readlink", "dirname", "mkdir", "flock", "sed", "cut", "grep", "touch", "env" })
            foreach (var folder in new[] { "/usr/bin", "/bin" })
                if (File.Exists(Path.Combine(folder, tool)) && !Path.Exists(_temp["tools/" + tool])) File.CreateSymbolicLink(_temp["tools/" + tool], Path.Combine(folder, tool));
        var (code, _, error) = Call(script, _temp.Path, _temp["tools"]);
        Assert.Equal(1, code);
        Assert.Contains("needs the .NET SDK 10", error, StringComparison.Ordinal);

        Script(_temp["bin/dotnet"], """case $1 in --list-sdks) echo "8.0.100 [/x]" ;; esac""");
        (code, _, error) = Call(script, _temp.Path);
        Assert.Equal(1, code);
        Assert.Contains("needs the .NET SDK 10 (https://dot.net/download); found: 8.0.100", error, StringComparison.Ordinal);

        Directory.Delete(Path.Combine(_root, "native"), recursive: true);
        Script(_temp["tools/dotnet"], """case $1 in --list-sdks) echo "10.0.100 [/x]" ;; esac""");
        (code, _, error) = Call(script, _temp.Path, _temp["tools"]);
        Assert.Equal(1, code);
        Assert.Contains("takes npm (Node.js 18 or newer", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_build_is_shown_and_tried_again()
    {
        Script(_temp["bin/dotnet"], $"""
            echo "$PWD|$*" >> "{_temp["calls"]}"
            case $1 in
            --list-sdks) echo "10.0.100 [/x]" ;;
            build) echo "a.cs(1,1): error CS1002: ; expected"; exit 1 ;;
            esac
            """);
        var script = Path.Combine(_root, "lockstep");
        for (var call = 1; call <= 2; call++)
        {
            var (code, _, error) = Call(script, _temp.Path);
            Assert.Equal((1, call), (code, Builds));
            Assert.Contains("error CS1002", error, StringComparison.Ordinal);
        }
    }

    public void Dispose() => _temp.Dispose();
}
