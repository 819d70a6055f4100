using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lockstep.Server;

/// <summary>Work that a server does again and again beside its requests. A round that fails is logged, and the next one is tried in its time.</summary>
abstract class PeriodicService(string name, TimeSpan interval, TimeProvider clock, ILogger log) : BackgroundService
{
    protected ILogger Log => log;

    /// <summary>One round.</summary>
    internal abstract Task RunAsync(CancellationToken token);

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(interval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) await TryAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the server stops
        }
    }

    async Task TryAsync(CancellationToken token)
    {
        try
        {
            await RunAsync(token);
        }
        catch (Exception failed) when (!token.IsCancellationRequested) // no request depends on it
        {
            log.LogError("{Name} failed; it is tried again in {Interval}. {Message}", name, interval, failed.Message);
        }
    }
}
