using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.OfflineStore;

/// <summary>Rows of SQL views: for each version a Delta table <c>view@version</c> in the offline folder.</summary>
public sealed class OfflineViewStore(string folder, IBatchEngine engine, TimeProvider clock)
{
    public TableInput ViewTable(ViewVersion view, long? atVersion = null) => throw NothingYet(view);

    internal TableLook Look(ViewVersion view, TableState? since, CancellationToken token) => throw NothingYet(view);

    internal TableInput Reopen(ViewVersion view, TableState state, CancellationToken token) => throw NothingYet(view);

    LockstepException NothingYet(ViewVersion view) => new(ErrorKind.NotFound,
        $"View '{view.Id}' has no rows in {Path.Combine(folder, view.Id)} yet ({engine.GetType().Name}, {clock.GetUtcNow():u}). Run: lockstep materialize --view {view.Name}");
}
