using System.Globalization;
using System.Text;
using Lockstep.Core.Definitions;

namespace Lockstep.Runtime.Registry;

/// <summary>
/// A plan for people, plain: one block a change. The first character of a block says what it is (<c>+</c> new, <c>~</c> changed,
/// <c>-</c> removed, <c>!</c> refused or warned), so that a terminal can colour it.
/// </summary>
public static class PlanText
{
    public static string Render(RegistryPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var text = new StringBuilder();
        foreach (var change in plan.Changes) Render(change, text);
        foreach (var refusal in plan.Refusals) text.Append("! refused: ").Append(Place(refusal)).Append(refusal.Message).Append('\n');
        foreach (var warning in plan.Warnings) text.Append("! warning: ").Append(Place(warning)).Append(warning.Message).Append('\n');
        if (plan.Kept.Count > 0) text.Append("  kept beside the newer ones until they are retired: ").AppendJoin(", ", plan.Kept).Append('\n');
        if (text.Length > 0) text.Append('\n');
        return text.Append(Summary(plan)).Append('\n').ToString();
    }

    /// <summary>One line: <c>2 new, 1 changed, 1 removed, 5 unchanged (registry at apply 3).</c></summary>
    public static string Summary(RegistryPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var at = plan.Base == 0 ? "the registry is empty" : string.Create(CultureInfo.InvariantCulture, $"registry at apply {plan.Base}");
        if (plan.Changes.Count == 0 && plan.Refusals.Count == 0) return $"Nothing to change: {plan.Unchanged} objects are as registered ({at}).";
        var added = plan.Changes.Count(c => c.Action is ChangeAction.Create or ChangeAction.NewVersion or ChangeAction.Restore);
        var changed = plan.Changes.Count(c => c.Action == ChangeAction.Update);
        var removed = plan.Changes.Count(c => c.Action == ChangeAction.Remove);
        var recomputed = plan.Changes.Count(c => c.Recompute != Recompute.None);
        return $"{added} new, {changed} changed, {removed} removed, {plan.Unchanged} unchanged; {recomputed} to materialize ({at})."
            + (plan.Refusals.Count > 0 ? $" Refused: {plan.Refusals.Count} {(plan.Refusals.Count == 1 ? "reason" : "reasons")}; nothing can be applied." : "");
    }

    static void Render(PlannedChange change, StringBuilder text)
    {
        text.Append(change.Action switch { ChangeAction.Remove => '-', ChangeAction.Update => '~', _ => '+' })
            .Append(' ').Append(change.After.Kind).Append(' ').Append(change.Key).Append(": ").Append(What(change)).Append('\n');
        foreach (var property in change.Properties) text.Append("    ").Append(property).Append('\n');
        if (change.RecomputeReason.Length > 0) text.Append("    recompute: ").Append(change.Recompute switch { Recompute.Full => "full, ", Recompute.Copy => "no backfill, ", _ => "none, " }).Append(change.RecomputeReason).Append('\n');
        if (change.UsedBy.Count > 0) text.Append("    used by: ").AppendJoin(", ", change.UsedBy).Append('\n');
    }

    static string What(PlannedChange change) => change.Action switch
    {
        ChangeAction.Create => "new",
        ChangeAction.NewVersion => $"new version; against {change.ComparedWith}",
        ChangeAction.Restore => "registered again, as it was",
        ChangeAction.Update when !change.Key.IsVersioned => "changed",
        ChangeAction.Update => "changed, same meaning",
        _ => "removed",
    };

    static string Place(Problem problem) => problem.Location is null ? "" : $"{problem.Location}: ";
}
