using System.Globalization;
using Lockstep.Core;

namespace Lockstep.Runtime.OfflineStore.Delta;

public sealed partial class DeltaTable
{
    const string IntervalProperty = "delta.checkpointInterval";
    const int DefaultInterval = 10;

    // The commit stands whatever becomes of its checkpoint, so a problem here is told and not thrown.
    string? CheckpointIfDue(long version, CancellationToken token)
    {
        if (version == 0) return null;
        try
        {
            var snapshot = Snapshot(token);
            var interval = snapshot.Metadata.Configuration.TryGetValue(IntervalProperty, out var text)
                && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var set) && set > 0 ? set : DefaultInterval;
            if (version % interval != 0) return null;
            // Of the version that was committed, not of a later one that another writer has made since: its name says which.
            Checkpoint(snapshot.Version == version ? snapshot : Snapshot(version, token), token);
            return null;
        }
        catch (Exception e) when (e is LockstepException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            return $"{Name}: version {version} is committed; its checkpoint could not be written: {e.Message}";
        }
    }

    void Checkpoint(DeltaSnapshot snapshot, CancellationToken token)
        => new CheckpointWriter(_engine).Write(_log.Folder, snapshot.State, (_clock.GetUtcNow() - RetentionOf(snapshot.Metadata)).ToUnixTimeMilliseconds(), token);
}
