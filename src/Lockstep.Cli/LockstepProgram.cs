using System.Runtime.InteropServices;
using Lockstep.Cli.Output;
using Lockstep.Core;
using Lockstep.Core.Aggregation;
using Lockstep.Core.OnDemand;

namespace Lockstep.Cli;

/// <summary>
/// The command line as a program of one's own, with on-demand views and aggregates in C#:
/// <code>return await LockstepProgram.RunAsync(args, new RouteRisk(), new BasketScore());</code>
/// It knows every verb that <c>lockstep</c> knows, <c>serve</c> included.
/// </summary>
public static class LockstepProgram
{
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, params IExtension[] extensions)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        AggregateCatalog.Register(extensions.OfType<AggregateFunction>());
        return await new CommandLine(new CSharpViews(extensions.OfType<CSharpView>())).RunAsync(args, CliConsole.OfProcess(), stop.Token);

        // The first Ctrl-C lets the verb end in order; the second ends it at once, which nothing here is harmed by.
        void OnSignal(PosixSignalContext signal)
        {
            if (stop.IsCancellationRequested) return;
            signal.Cancel = true;
            stop.Cancel();
        }
    }
}
