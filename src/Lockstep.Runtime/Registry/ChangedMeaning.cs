using Lockstep.Core.Definitions;

namespace Lockstep.Runtime.Registry;

/// <summary>The refusal of S23: what changed under an unchanged version, and which version to use instead.</summary>
internal static class ChangedMeaning
{
    public static string Message(RegistrySnapshot current, RegisteredObject registered, ObjectRecord wanted)
    {
        var apply = current.History.First(a => a.Number == registered.Apply);
        var differences = RecordTexts.Differences(registered.Record, wanted);
        var what = differences.Count == 0 ? "what its values are computed from" : string.Join("; ", differences);
        var state = registered.State switch { ObjectState.Removed => "was registered until it was removed by", ObjectState.Retired => "was retired by", _ => "is registered by" };
        return $"{wanted.Kind} '{wanted.Key}' {state} apply {apply.Number} ({apply.Author}) with another meaning. Changed: {what}."
            + $" Set version: {Next(current, registered, wanted)}{(registered.IsActive ? $" ({registered.Key.Version} stays beside it)" : "")}, or undo the change.";
    }

    /// <summary>
    /// The next free version after all that were ever registered under the name: for a view the next major when a reader of the old one could
    /// break (a key or feature is gone or has another type), the next minor when features came, else the next patch.
    /// </summary>
    public static string Next(RegistrySnapshot current, RegisteredObject registered, ObjectRecord wanted)
    {
        var newest = current.Objects.Where(o => o.Key.Category == wanted.Key.Category && o.Key.Name == wanted.Key.Name).Max(o => o.Key);
        if (!SemanticVersion.TryParse(newest.Version, out var version)) return "1";
        if (wanted.Key.Category == ObjectCategory.Service) return (version.Major + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
        var (keys, before) = registered.Shape;
        var (wantedKeys, after) = RegisteredObject.Read(wanted, 0).Shape;
        if (!keys.Equals(wantedKeys) || before.Fields.Any(f => !after.Fields.Contains(f))) return new SemanticVersion(version.Major + 1, 0, 0).ToString();
        return (after.Count > before.Count ? new SemanticVersion(version.Major, version.Minor + 1, 0) : version with { Patch = version.Patch + 1 }).ToString();
    }
}
