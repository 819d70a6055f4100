using Lockstep.Cli.Output;

namespace Lockstep.Cli.Tests.Output;

public sealed class ProgressBarsTests
{
    [Fact]
    public async Task Bars_are_drawn_on_a_terminal_and_gone_at_the_end()
    {
        var error = new StringWriter();
        var console = new CliConsole { Out = TextWriter.Null, Error = error, ErrorIsTerminal = true, Bars = true, Width = 100 };
        var result = await ProgressDisplay.RunAsync(console, async progress =>
        {
            progress.Report(new("reading weather [all]", 0, double.NaN));
            progress.Report(new("reading weather [all]", 1234, 0.5));
            await Task.Yield();
            return 7;
        });
        Assert.Equal(7, result);
        Assert.Contains("reading weather [all]", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("1,234 rows", error.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("\e[?25h", error.ToString().TrimEnd('\r', '\n'), StringComparison.Ordinal); // the cursor is back
    }

    [Fact]
    public async Task A_failure_comes_through_with_its_kind()
    {
        var console = new CliConsole { Out = TextWriter.Null, Error = new StringWriter(), ErrorIsTerminal = true, Bars = true };
        await Assert.ThrowsAsync<Core.LockstepException>(() => ProgressDisplay.RunAsync<int>(console, _ => throw new Core.LockstepException(Core.ErrorKind.Conflict, "x")));
    }
}
