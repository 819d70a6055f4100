using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Serving;
using Microsoft.Extensions.Logging;

namespace Lockstep.Server;

/// <summary>Every hour takes out of the online store what is past every use.</summary>
sealed class UpkeepService(FeatureServer server, IOnlineStore store, TimeProvider clock, ILogger<UpkeepService> log)
    : PeriodicService("Online upkeep", TimeSpan.FromHours(1), clock, log)
{
    readonly TimeProvider _clock = clock;

    internal override async Task RunAsync(CancellationToken token)
    {
        var report = await OnlineUpkeep.RunAsync(store, server.Current.Catalog, _clock, token);
        foreach (var (view, taken) in report.Cleaned) Log.LogInformation("Online upkeep of {View}: {Shrunk} cells shrunk, {Removed} removed", view, taken.Shrunk, taken.Removed);
        foreach (var table in report.Dropped) Log.LogInformation("Online upkeep: dropped {View}, which is retired, with {Cells} cells", table.Name, table.Cells);
    }
}
