using Lockstep.Cli.Output;
using Lockstep.Core;

namespace Lockstep.Cli.Tests.Frame;

/// <summary>What a person sees when a verb does not end well.</summary>
public sealed class FailureTests
{
    sealed class FailingVerb(Func<CancellationToken, int> work) : Verb
    {
        public override string Name => "fail";
        public override VerbGroup Group => VerbGroup.Tool;
        public override string Summary => "Fail";
        public override string WhenInterrupted => "Run it again to go on.";
        public override Task<int> RunAsync(VerbContext context, CancellationToken token) => Task.FromResult(work(token));
    }

    static async Task<RunResult> Fail(Func<CancellationToken, int> work, string? trace = null, CancellationToken token = default)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var console = new CliConsole { Out = output, Error = error, Variable = name => name == CommandLine.TraceVariable ? trace : null };
        var code = await new CommandLine([new FailingVerb(work)]).RunAsync(["fail"], console, token);
        return new RunResult(code, output.ToString(), error.ToString());
    }

    [Fact]
    public async Task The_kind_of_a_known_failure_is_the_exit_code()
    {
        foreach (var kind in Enum.GetValues<ErrorKind>())
        {
            var run = await Fail(_ => throw new LockstepException(kind, "The view 'x' is not there."));
            Assert.Equal((int)kind, run.Code);
            Assert.Equal("error: The view 'x' is not there.", run.Error.Trim());
        }
    }

    [Fact]
    public async Task All_problems_are_printed_with_their_places()
    {
        var run = await Fail(_ => throw new LockstepException(ErrorKind.DefinitionsInvalid,
        [
            new(Core.Definitions.Severity.Error, new("features/a.yaml", 3, 7), "First."),
            new(Core.Definitions.Severity.Warning, null, "Second."),
        ]));
        Assert.Equal(ExitCode.DefinitionsInvalid, run.Code);
        Assert.Equal("features/a.yaml:3:7: error: First.\nwarning: Second.", run.Error.Trim().ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task A_bug_is_called_a_bug_and_its_trace_is_printed_when_asked_for()
    {
        var run = await Fail(_ => throw new InvalidOperationException("seven"));
        Assert.Equal(ExitCode.Failed, run.Code);
        Assert.Contains("this is a bug in Lockstep: InvalidOperationException: seven", run.Error, StringComparison.Ordinal);
        Assert.Contains("LOCKSTEP_TRACE=1 lockstep fail", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        Assert.Contains("   at ", (await Fail(_ => throw new InvalidOperationException("seven"), trace: "1")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_machines_no_is_told_as_it_is()
    {
        var run = await Fail(_ => throw new IOException("No space left on device : '/data/x'"));
        Assert.Equal((ExitCode.Failed, "error: No space left on device : '/data/x'"), (run.Code, run.Error.Trim()));
    }

    [Fact]
    public async Task Ctrl_C_says_what_is_true_now()
    {
        using var stop = new CancellationTokenSource();
        var run = await Fail(token =>
        {
            stop.Cancel();
            token.ThrowIfCancellationRequested();
            return 0;
        }, token: stop.Token);
        Assert.Equal((ExitCode.Interrupted, "Stopped. Run it again to go on."), (run.Code, run.Error.Trim()));
    }
}
