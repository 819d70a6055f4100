using System.Runtime.InteropServices;
using Lockstep.Cli;
using Lockstep.Cli.Output;

using var stop = new CancellationTokenSource();
// The first Ctrl-C lets the verb end in order; the second ends it at once, which nothing here is harmed by.
void OnSignal(PosixSignalContext signal)
{
    if (stop.IsCancellationRequested) return;
    signal.Cancel = true;
    stop.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
return await new CommandLine().RunAsync(args, CliConsole.OfProcess(), stop.Token);
