using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;

namespace Lockstep.Runtime.Registry;

/// <summary>What has to be materialized after a change. Only new meanings need it: a meaning never changes under its version.</summary>
internal static class RecomputeRule
{
    /// <param name="wanted">What would be registered.</param>
    /// <param name="others">Other versions of the name in service, oldest first.</param>
    /// <param name="reason">Why, for people.</param>
    public static Recompute ForNew(ObjectRecord wanted, IEnumerable<RegisteredObject> others, out string reason)
    {
        reason = "";
        if (wanted.Key.Category != ObjectCategory.View) return Recompute.None;
        var view = BoundJson.ReadView(wanted);
        var needed = ForView(view, "nothing of it is stored yet", out reason);
        if (needed == Recompute.None || view.View is not AggregationView) return needed;
        if (view.Sources.Values.All(s => s.Table is null))
        {
            reason = "its stream's log is applied from the beginning";
            return Recompute.None;
        }
        string? lacks = null;
        foreach (var other in others.Select(o => o.View).OfType<ViewVersion>().Where(v => v.View is AggregationView { Online: true }).Reverse())
        {
            if (TileProjection.Between(other, view, out var why) is null)
            {
                lacks ??= why;
                continue;
            }
            reason = $"tiles are taken over from {other.Id}, once that is materialized";
            return Recompute.Copy;
        }
        if (lacks is not null) reason += $". No tiles can be taken over: {lacks}";
        return needed;
    }

    public static Recompute ForUpdate(RegisteredObject registered, ObjectRecord wanted, out string reason)
    {
        reason = "";
        if (registered.Definition is not FeatureView before) return Recompute.None;
        var after = BoundJson.ReadView(wanted);
        if (after.View.Online && !before.Online) return ForView(after, "it is served online from now on", out reason);
        reason = "no value changes";
        return Recompute.None;
    }

    static Recompute ForView(ViewVersion version, string why, out string reason)
    {
        var view = version.View;
        var sources = string.Join(", ", version.Sources.Keys.Order(StringComparer.Ordinal));
        switch (view)
        {
            case OnDemandView:
                reason = "it is computed at the request";
                return Recompute.None;
            case ValueView { Sql: null, Online: false } or AggregationView { Online: false }:
                reason = $"training reads its source ({sources}), and it is not served online";
                return Recompute.None;
            default:
                reason = $"{why}; from {(sources.Length > 0 ? sources : "no source")} to the {(view is ValueView { Sql: null } or AggregationView ? "online store" : view.Online ? "offline and online stores" : "offline store")}";
                return Recompute.Full;
        }
    }
}
