using Lockstep.Runtime;
using Spectre.Console;

namespace Lockstep.Cli.Output;

/// <summary>Shows long work: bars on a terminal, which go when it is done; elsewhere a line now and then. Always on stderr.</summary>
internal static class ProgressDisplay
{
    public static async Task<T> RunAsync<T>(CliConsole console, Func<IProgress<WorkProgress>, Task<T>> work)
    {
        if (!console.Bars) return await work(new ProgressLines(console));
        // Work may be synchronous from here to its end: the bars are drawn by a thread of their own.
        return await Bars(console, sink => Task.Run(() => work(sink)));
    }

    static async Task<T> Bars<T>(CliConsole console, Func<IProgress<WorkProgress>, Task<T>> work)
    {
        var ansi = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = console.ErrorPaint.Enabled ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.Yes,
            Out = new AnsiConsoleOutput(console.Error),
        });
        ansi.Profile.Width = console.Width;
        return await ansi.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 24 }, new PercentageColumn(), new RateColumn(), new RemainingTimeColumn())
            .StartAsync(context => work(new ProgressBars(context)));
    }
}
