using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Serving;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lockstep.Server;

/// <summary>Every hour takes out of the online store what is past every use.</summary>
sealed class UpkeepService(FeatureServer server, IOnlineStore store, TimeProvider clock, ILogger<UpkeepService> log) : BackgroundService
{
    static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Interval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) await RunAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the server stops
        }
    }

    internal async Task RunAsync(CancellationToken token)
    {
        try
        {
            var report = await OnlineUpkeep.RunAsync(store, server.Current.Catalog, clock, token);
            foreach (var (view, taken) in report.Cleaned) log.LogInformation("Online upkeep of {View}: {Shrunk} cells shrunk, {Removed} removed", view, taken.Shrunk, taken.Removed);
            foreach (var table in report.Dropped) log.LogInformation("Online upkeep: dropped {View}, which is retired, with {Cells} cells", table.Name, table.Cells);
        }
        catch (Exception failed) when (!token.IsCancellationRequested) // nothing depends on it: the next hour may succeed
        {
            log.LogError("Online upkeep failed; it is tried again in an hour. {Message}", failed.Message);
        }
    }
}
