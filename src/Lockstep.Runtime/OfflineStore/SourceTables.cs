using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.OfflineStore;

/// <summary>Tables of a project folder: files and patterns, Delta tables, and what SQL views have stored.</summary>
public sealed class SourceTables(string projectFolder, OfflineViewStore offline, TimeProvider clock) : ITrackedTables
{
    readonly string _folder = Path.GetFullPath(projectFolder);

    public TableInput Source(Source source)
    {
        var plain = Plain(source);
        return plain.Input(plain.Find(CancellationToken.None));
    }

    public TableInput View(ViewVersion view, Catalog catalog)
        => SourceOf(view, catalog) is { } source ? Source(source) : offline.ViewTable(view);

    public TableLook Look(Source source, TableState? since, CancellationToken token)
        => Plain(source).Look(since, Instant.Now(clock), token);

    public TableLook Look(ViewVersion view, Catalog catalog, TableState? since, CancellationToken token)
        => SourceOf(view, catalog) is { } source ? Look(source, since, token) : offline.Look(view, since, token);

    public TableInput Reopen(Source source, TableState state, CancellationToken token) => Plain(source).Reopen(state, token);

    public TableInput Reopen(ViewVersion view, Catalog catalog, TableState state, CancellationToken token)
        => SourceOf(view, catalog) is { } source ? Reopen(source, state, token) : offline.Reopen(view, state, token);

    PlainTable Plain(Source source) => new(_folder, $"source '{source.Name}'", TableOf(source));

    static TableSource TableOf(Source source) => source.Table
        ?? throw new LockstepException(ErrorKind.BadArguments, $"source '{source.Name}' has no table, only a stream: there are no files to read.");

    /// <summary>The source whose table a view reads; null for a SQL view, whose rows are stored.</summary>
    static Source? SourceOf(ViewVersion view, Catalog catalog)
    {
        var name = view.View switch
        {
            ValueView { Sql: not null } => null,
            ValueView v => v.Source,
            AggregationView v => v.Source,
            _ => throw new LockstepException(ErrorKind.BadArguments, $"View '{view.Id}' is computed at request time: it has no table."),
        };
        if (name is null) return null;
        return catalog.Sources.TryGetValue(name, out var source) ? source
            : throw new LockstepException(ErrorKind.NotFound, $"View '{view.Id}' reads source '{name}', which is not there.{NearestName.Hint(name, catalog.Sources.Keys, "Sources")}");
    }
}
