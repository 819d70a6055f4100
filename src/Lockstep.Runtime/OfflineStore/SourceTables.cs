using System.Collections.Concurrent;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore.Delta;
using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Runtime.OfflineStore;

/// <summary>Tables of a project folder: files and patterns, Delta tables, and what SQL views have stored.</summary>
public sealed class SourceTables(string projectFolder, OfflineViewStore offline, TimeProvider clock, EventLogs? logs = null) : ITrackedTables
{
    readonly string _folder = Path.GetFullPath(projectFolder);

    readonly ConcurrentDictionary<string, DeltaTable> _deltaTables = new(StringComparer.Ordinal);

    EventLogs Logs => logs ?? offline.Logs;

    public TableInput Source(Source source) => source is { Table: null, Stream: not null }
        ? StreamAlone(source) with { More = [Logs.Of(source).Look(CancellationToken.None).Input()] }
        : Files(NameOf(source), TableOf(source));

    public TableInput Files(string what, TableSource table)
    {
        if (Delta(what, table) is { } delta) return delta.Snapshot(CancellationToken.None).Input(what, table.Timestamp);
        PlainTable plain = new(_folder, what, table);
        return plain.Input(plain.Find(CancellationToken.None));
    }

    public TableInput View(ViewVersion view, Catalog catalog)
        => SourceOf(view, catalog) is not { } source ? offline.ViewTable(view)
            : source is { Table: not null, Stream: not null } ? WithLog(source, Source(source), Logs.Of(source).Look(CancellationToken.None).Input()) : Source(source);

    public TableLook Look(Source source, TableState? since, CancellationToken token)
    {
        if (source.Stream is null) return LookAtTable(source, since, token);
        var look = source.Table is not null ? LookAtTable(source, since, token)
            : new(StreamAlone(source), new() { Format = TableFormat.Delta, TakenAt = Instant.Now(clock) }, since is null ? new() { Whole = true, Reason = "it is read for the first time" } : TableChange.None);
        var log = Logs.Of(source).Look(token);
        var added = log.Input(since?.Log);
        return look with
        {
            Input = WithLog(source, look.Input, log.Input()),
            State = look.State with { Log = log.Places },
            Change = look.Change with { Log = added.IsEmpty ? null : added },
            Log = log.Places,
        };
    }

    TableLook LookAtTable(Source source, TableState? since, CancellationToken token)
        => Delta(source) is { } delta ? DeltaLook.Take(delta, NameOf(source), TableOf(source).Timestamp, since, Instant.Now(clock), token)
            : Plain(source).Look(since, Instant.Now(clock), token);

    public TableLook Look(ViewVersion view, Catalog catalog, TableState? since, CancellationToken token)
        => SourceOf(view, catalog) is { } source ? Look(source, since, token) : offline.Look(view, since, Instant.Now(clock), token);

    public TableInput Reopen(Source source, TableState state, CancellationToken token)
    {
        var table = source.Table is null ? StreamAlone(source) : ReopenTable(source, state, token);
        return source.Stream is null ? table : WithLog(source, table, Logs.Of(source).Look(token).Input(null, state.Log ?? [])); // a log only grows: what was read then is what lies up to the same places
    }

    static TableInput StreamAlone(Source source) => new() { Name = NameOf(source), Format = TableFormat.Delta, Files = [], Schema = LogColumns.Of(source) };

    static TableInput WithLog(Source source, TableInput table, TableInput log)
        => table with { KnownAt = source.Table is { } of ? of.Created ?? of.Timestamp : null, More = [log] };

    TableInput ReopenTable(Source source, TableState state, CancellationToken token)
        => Delta(source) is { } delta ? DeltaLook.Reopen(delta, NameOf(source), TableOf(source).Timestamp, state, token)
            : Plain(source).Reopen(state, token);

    public TableInput Reopen(ViewVersion view, Catalog catalog, TableState state, CancellationToken token)
        => SourceOf(view, catalog) is { } source ? Reopen(source, state, token) : offline.Reopen(view, state, token);

    static string NameOf(Source source) => $"source '{source.Name}'";

    PlainTable Plain(Source source) => new(_folder, NameOf(source), TableOf(source));

    /// <summary>The Delta table that a source names; null when it names files. A folder that holds one is one, whatever format is written.</summary>
    DeltaTable? Delta(Source source) => Delta(NameOf(source), TableOf(source));

    DeltaTable? Delta(string what, TableSource table)
    {
        if (FilePattern.IsPattern(table.Path))
            return table.Format != TableFormat.Delta ? null
                : throw new LockstepException(ErrorKind.DefinitionsInvalid, $"{what}: '{table.Path}' is a pattern; a Delta table is the folder that holds its {DeltaLog.FolderName}.");
        var folder = Path.GetFullPath(table.Path, _folder);
        if (DeltaTable.IsTable(folder)) return _deltaTables.GetOrAdd(folder, f => offline.Open(f, $"Delta table {WhatIsNear.Shown(_folder, f)}"));
        if (table.Format != TableFormat.Delta) return null;
        if (!Directory.Exists(folder))
            throw new LockstepException(ErrorKind.NotFound, $"{what}: no Delta table is at '{table.Path}'.{WhatIsNear.Describe(_folder, table.Path)}");
        var inner = Directory.EnumerateDirectories(folder).Where(DeltaTable.IsTable).Order(StringComparer.Ordinal).FirstOrDefault();
        throw new LockstepException(ErrorKind.NotFound, $"{what}: '{table.Path}' holds no {DeltaLog.FolderName}, so it is no Delta table."
            + (inner is not null ? $" Did you mean {WhatIsNear.Shown(_folder, inner)}?" : WhatIsNear.Describe(_folder, table.Path)));
    }

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
        // Its own first: an old version goes on reading its source as it was (S24).
        return view.Sources.TryGetValue(name, out var source) || catalog.Sources.TryGetValue(name, out source) ? source
            : throw new LockstepException(ErrorKind.NotFound, $"View '{view.Id}' reads source '{name}', which is not there.{NearestName.Hint(name, catalog.Sources.Keys, "Sources")}");
    }
}
