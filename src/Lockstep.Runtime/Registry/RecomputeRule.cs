using Lockstep.Core.Definitions;

namespace Lockstep.Runtime.Registry;

/// <summary>What has to be materialized after a change. Only new meanings need it: a meaning never changes under its version.</summary>
internal static class RecomputeRule
{
    public static Recompute ForNew(ObjectRecord wanted, out string reason)
    {
        reason = "";
        if (wanted.Key.Category != ObjectCategory.View) return Recompute.None;
        return ForView(BoundJson.ReadView(wanted), "nothing of it is stored yet", out reason);
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
