namespace Lockstep.Cli.Tests.Verbs;

public sealed class CompletionTests
{
    static async Task<string[]> Complete(string line) => (await new Run().VerbAsync("__complete", line.Length.ToString(System.Globalization.CultureInfo.InvariantCulture), line)).Ok().Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [Fact]
    public async Task Verbs_options_and_words_are_completed_whatever_the_program_is_called_by()
    {
        Assert.Equal(["completion"], await Complete("lockstep compl"));
        Assert.Contains("--template", await Complete("./lockstep init --te"));
        Assert.Equal(["flights"], await Complete("/opt/x/lockstep init --template fl"));
    }

    [Theory]
    [InlineData("__complete")]
    [InlineData("__complete x lockstep")]
    public async Task A_shell_that_asks_wrongly_is_refused(string line)
    {
        var run = await new Run().VerbAsync(line);
        Assert.Equal((ExitCode.BadArguments, ""), (run.Code, run.Out));
    }

    [Fact]
    public async Task Bash_completes_by_the_script()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("bash is not part of Windows");
        using var temp = new TempFolder();
        File.WriteAllText(temp["script"], (await new Run().VerbAsync("completion bash")).Ok().Out);
        // A stand-in answers with what it was asked, so that the script alone is on trial.
        File.WriteAllText(temp["trial"], """
            lockstep() { printf '%s\n' "materialize" "materials" "other:$2:$3"; }
            source "$1"
            COMP_WORDS=(lockstep mat) COMP_CWORD=1 COMP_LINE="lockstep mat" COMP_POINT=12
            _lockstep
            printf '%s\n' "${COMPREPLY[@]}"
            complete -p lockstep
            """);
        var bash = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("bash", [temp["trial"], temp["script"]]) { RedirectStandardOutput = true })!;
        var output = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal("materialize\nmaterials\ncomplete -o default -F _lockstep lockstep\n", output);
    }
}
