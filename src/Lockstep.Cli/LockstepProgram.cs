using System.Runtime.InteropServices;
using Lockstep.Cli.Output;
using Lockstep.Core.OnDemand;

namespace Lockstep.Cli;

/// <summary>
/// The command line as a program of one's own, with on-demand views in C#:
/// <code>return await LockstepProgram.RunAsync(args, new RouteRisk(), new BasketScore());</code>
/// It knows every verb that <c>lockstep</c> knows, <c>serve</c> included.
/// </summary>
public static class LockstepProgram
{
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, params CSharpView[] views)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        return await new CommandLine(new CSharpViews(views)).RunAsync(args, CliConsole.OfProcess(), stop.Token);

        // The first Ctrl-C lets the verb end in order; the second ends it at once, which nothing here is harmed by.
        void OnSignal(PosixSignalContext signal)
        {
            if (stop.IsCancellationRequested) return;
            signal.Cancel = true;
            stop.Cancel();
        }
    }
}
