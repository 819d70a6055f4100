using Lockstep.Core.Definitions;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.OfflineStore;

/// <summary>Tables whose changes can be told: what incremental runs (S7) and repeated training sets (S19) stand on.</summary>
public interface ITrackedTables : ITables
{
    /// <summary>A source's table now, and what changed since <paramref name="since"/>; null: everything is new.</summary>
    TableLook Look(Source source, TableState? since, CancellationToken token);

    /// <summary>The same for where a value view's rows are read from.</summary>
    TableLook Look(ViewVersion view, Catalog catalog, TableState? since, CancellationToken token);

    /// <summary>A source's table as it was: a Delta table at its version; plain files when they are still the same, else an error that names the first that is not.</summary>
    TableInput Reopen(Source source, TableState state, CancellationToken token);

    TableInput Reopen(ViewVersion view, Catalog catalog, TableState state, CancellationToken token);
}
