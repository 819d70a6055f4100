using Lockstep.Core.Aggregation;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Runtime.Materialization;

/// <summary>What a round of upkeep took out of the online store.</summary>
/// <param name="Cleaned">By view version; only those where something went.</param>
/// <param name="Dropped">Tables of retired versions.</param>
public sealed record UpkeepReport(IReadOnlyList<(string View, CleanupReport Taken)> Cleaned, IReadOnlyList<OnlineTable> Dropped);

/// <summary>
/// Keeps the online store as small as what it serves: clean-up of views, and the tables of retired versions dropped. A table that
/// no view version of the catalog owns is left alone. Safe at any time and from any number of processes. A version that is brought back
/// finds no mark of a run, so the next run computes all of it.
/// </summary>
public static class OnlineUpkeep
{
    /// <param name="wanted">Names of views; null or empty: all.</param>
    public static async Task<UpkeepReport> RunAsync(IOnlineStore store, Catalog catalog, TimeProvider clock, CancellationToken token, IReadOnlyCollection<string>? wanted = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(catalog);
        var tables = (await store.ListAsync(token)).ToDictionary(t => t.Name, StringComparer.Ordinal);
        List<(string, CleanupReport)> cleaned = [];
        List<OnlineTable> dropped = [];
        foreach (var view in catalog.Views)
        {
            if (wanted is { Count: > 0 } && !wanted.Contains(view.Name) || !tables.TryGetValue(view.Id, out var table)) continue;
            if (view.Retired)
            {
                await store.DropAsync(view.Id, token);
                dropped.Add(table);
            }
            else if (view.View is AggregationView windows && AggregateCatalog.Missing(windows, view.Id) is not null) continue; // who knows its functions looks after it
            else if (view.View is not OnDemandView && await OnlineCleanup.CleanAsync(store, view, clock, token) is var taken && taken != default) cleaned.Add((view.Id, taken));
        }
        return new(cleaned, dropped);
    }
}
