using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore.Delta;

namespace Lockstep.Runtime.OfflineStore;

/// <summary>Looks at Delta tables: what they are now, what their commits did since, what they were.</summary>
internal static class DeltaLook
{
    public static TableLook Take(DeltaTable table, string name, string? timeColumn, TableState? since, long now, CancellationToken token, long? atVersion = null)
    {
        var snapshot = atVersion is { } at ? table.Snapshot(at, token) : table.Snapshot(token);
        var input = snapshot.Input(name, timeColumn);
        var change = since is null ? Whole(input, "it is read for the first time")
            : since.DeltaVersion is not { } version ? Whole(input, "it was no Delta table before")
            : since.DeltaTable != snapshot.TableId ? Whole(input, "it is another table than before, in the same place")
            : table.ChangesSince(version, snapshot, token) ?? Whole(input, $"its log no longer tells what happened since version {version}");
        return new(input, new() { Format = TableFormat.Delta, TakenAt = now, DeltaTable = snapshot.TableId, DeltaVersion = snapshot.Version }, change);
    }

    public static TableInput Reopen(DeltaTable table, string name, string? timeColumn, TableState state, CancellationToken token)
    {
        var snapshot = table.Snapshot(state.DeltaVersion
            ?? throw new LockstepException(ErrorKind.Conflict, $"{name} was no Delta table then; what it held cannot be read again."), token);
        return snapshot.TableId == state.DeltaTable ? snapshot.Input(name, timeColumn)
            : throw new LockstepException(ErrorKind.Conflict, $"{name}: {table.Folder} holds another Delta table than it did then.");
    }

    static TableChange Whole(TableInput input, string reason) => new() { Whole = true, Reason = reason, Added = input.Files };
}
