using Lockstep.Core.Definitions;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.OfflineStore;

/// <summary>Finds the files behind names, as of now.</summary>
public interface ITables
{
    /// <summary>The files of a source's table: its pattern expanded, or the snapshot of its Delta table; of a source without one the log of its stream.</summary>
    TableInput Source(Source source);

    /// <summary>The same for a table that is no source's.</summary>
    /// <param name="what">How messages call it: <c>lookup table 'airports'</c>.</param>
    /// <param name="table">Its timestamp does not matter.</param>
    TableInput Files(string what, TableSource table) => Source(new() { Name = what, Table = table });

    /// <summary>Where the rows of a value view are read from: its source's table, the log of its stream, or both, or for a SQL view its own Delta table as of the last finished run.</summary>
    TableInput View(ViewVersion view, Catalog catalog);
}
