using Lockstep.Core;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Registry;

/// <summary>What every registry checks inside the transaction that appends.</summary>
public static class ChangeSetChecks
{
    /// <summary>Throws <see cref="ErrorKind.Conflict"/> unless the registry is still where the changes were made for.</summary>
    /// <param name="id">The registry's id; empty when it has none yet.</param>
    /// <param name="newest">Its newest apply; null before the first.</param>
    public static void CheckBase(this ChangeSet changes, string registry, string id, RegistryApply? newest)
    {
        ArgumentNullException.ThrowIfNull(changes);
        if (changes.Records.Count == 0) throw new ArgumentException("An apply without changes is none.", nameof(changes));
        if (changes.RegistryId.Length > 0 && changes.RegistryId != id)
            throw new LockstepException(ErrorKind.Conflict, $"The plan was made for another registry than '{registry}'. Plan again in this project and environment.");
        if (changes.Base != (newest?.Number ?? 0)) throw Stale(registry, changes.Base, newest);
    }

    internal static LockstepException Stale(string registry, long madeFor, RegistryApply? newest)
    {
        var by = newest is null ? "" : $" (by {newest.Author} at {Instant.Format(newest.At)}{(newest.Reason.Length > 0 ? $": {newest.Reason}" : "")})";
        return new(ErrorKind.Conflict, $"The plan is stale: it was made for apply {madeFor}, and the registry '{registry}' is at apply {newest?.Number ?? 0}{by}. Plan again.");
    }
}
