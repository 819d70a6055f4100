using System.Globalization;
using Lockstep.Core;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.OfflineStore.Delta;

// Writers agree without a lock: each writes its data files, then tries to create the commit of the next version. Whoever finds that
// another was first looks at what the table is now, works out its own actions anew (removals included) and tries the version after.
// So an append always fits; an overwrite removes what was appended meanwhile, as if it had come after it; what does not fit any more
// (another schema, another partitioning, a version that the caller asked for) is a conflict. Each failed try is another's success.
public sealed partial class DeltaTable
{
    const string EngineInfo = "Lockstep/0.1";
    const string TimeProperty = "lockstep.eventTime";
    const string DefaultDayColumn = "event_date";

    /// <summary>Adds rows. Columns that the table lacks are added to it; columns that the rows lack are null in them.</summary>
    public DeltaWritten Append(BatchReader rows, DeltaWrite write, CancellationToken token) => Write(rows, write, replace: false, null, token);

    /// <summary>Replaces all rows, and the columns, by these. Older versions stay readable until they are vacuumed.</summary>
    public DeltaWritten Overwrite(BatchReader rows, DeltaWrite write, CancellationToken token) => Write(rows, write, replace: true, null, token);

    /// <summary>Replaces the rows of some days by these, all of which are of those days. The files of other days stay as they are.</summary>
    /// <param name="rows">Like those of the table (<see cref="KeepsDays"/>).</param>
    /// <param name="firstDay">Included.</param>
    /// <param name="endDay">Excluded.</param>
    /// <param name="write">Who writes; its time column is the table's.</param>
    /// <param name="token">Stops the work before the commit.</param>
    internal DeltaWritten ReplaceDays(BatchReader rows, int firstDay, int endDay, DeltaWrite write, CancellationToken token)
        => Write(rows, write, replace: false, (table, file) => DayOf(table, file) is { } day && day >= firstDay && day < endDay, token);

    /// <summary>Whether every file holds the rows of one day of a column, and the columns are these.</summary>
    internal static bool KeepsDays(DeltaSnapshot table, Schema rows, string timeColumn)
        => table.PartitionColumns.Count == 1 && table.Metadata.Configuration.GetValueOrDefault(TimeProperty) == timeColumn
        && table.Columns.IsExactly(new([.. rows.Fields, new Field(table.PartitionColumns[0], FeatureType.Date)]))
        && table.State.Files.Values.All(f => DayOf(table, f) is not null);

    static int? DayOf(DeltaSnapshot table, AddFile file)
        => file.PartitionValues.GetValueOrDefault(table.PartitionColumns[0]) is { } text && Instant.TryParseDate(text, out var day) ? day : null;

    /// <summary>What the writer of a version noted of what it stands on; null: nothing, or its commit is not kept any more.</summary>
    internal string? StateOf(long version)
    {
        try
        {
            return _log.ReadCommit(version).OfType<CommitInfo>().FirstOrDefault()?.State;
        }
        catch (DamagedLogException)
        {
            return null; // all is then computed
        }
    }

    /// <summary>Removes whole files of rows: those that <paramref name="which"/> says, of the newest version at the moment of the commit.</summary>
    /// <param name="which">Pure: it may be asked again.</param>
    /// <param name="write">Who writes; its time column is that of the files' times.</param>
    /// <param name="token">Stops the work before the commit.</param>
    public DeltaWritten Remove(Func<Engine.TableFile, bool> which, DeltaWrite write, CancellationToken token) => Commit(write, current =>
    {
        if (current is null) throw NoTable();
        var files = current.Files(write.TimeColumn).Where(which).Select(f => f.Path).ToHashSet(StringComparer.Ordinal);
        var removed = current.State.Files.Where(f => files.Contains(Path.Combine(Folder, f.Key.Replace('/', Path.DirectorySeparatorChar)))).Select(f => Removal(f.Value)).ToList();
        return removed.Count == 0 ? null : new("DELETE", removed);
    }, token);

    DeltaWritten Write(BatchReader rows, DeltaWrite write, bool replace, Func<DeltaSnapshot, AddFile, bool>? replaces, CancellationToken token)
    {
        var partition = PartitionFor(TrySnapshot(token), rows.Schema, write, replace);
        using var files = new DataFiles(_engine, _clock, Folder, rows.Schema, partition);
        try
        {
            files.WriteAll(rows, token);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LockstepException(ErrorKind.Failed, $"{Name}: the rows could not be written: {e.Message.TrimEnd('.')}. The table is as it was.", e);
        }
        var result = Commit(write, current =>
        {
            if (PartitionFor(current, rows.Schema, write, replace) != partition)
                throw new LockstepException(ErrorKind.Conflict, $"{Name}: another writer has changed how the table is partitioned. Nothing was written; run it again.");
            List<LogAction> actions = [];
            if (Metadata(current, rows.Schema, partition, replace) is { } metadata) actions.Add(metadata);
            if (replace && current is not null) actions.AddRange(current.State.Files.Values.Select(Removal));
            if (replaces is not null && current is not null) actions.AddRange(current.State.Files.Values.Where(f => replaces(current, f)).Select(Removal));
            if (!replace && replaces is null && current is not null && files.Added.Count == 0 && write.TransactionId is null) return null;
            actions.AddRange(files.Added);
            files.Keep(); // from here on a crash or an error must not take away what a commit may refer to
            return new("WRITE", actions) { Parameters = { ["mode"] = replace || replaces is not null ? "Overwrite" : "Append", ["partitionBy"] = partition.DayColumn is null ? "[]" : $"[\"{partition.DayColumn}\"]" } };
        }, token);
        return result with { Rows = files.Rows };
    }

    /// <summary>What a writer wants to commit over a given version.</summary>
    internal sealed record Plan(string Operation, IReadOnlyList<LogAction> Actions)
    {
        public SortedDictionary<string, string> Parameters { get; } = new(StringComparer.Ordinal);
    }

    /// <summary>Commits what <paramref name="plan"/> makes of the newest version (null: no table yet), as often as another writer is first; null: nothing to do.</summary>
    internal DeltaWritten Commit(DeltaWrite write, Func<DeltaSnapshot?, Plan?> plan, CancellationToken token)
    {
        while (true)
        {
            token.ThrowIfCancellationRequested();
            var current = TrySnapshot(token);
            var version = (current?.Version ?? -1) + 1;
            if (write.TransactionId is { } id && current?.State.Transactions.GetValueOrDefault(id) is { } seen && seen.Version >= write.TransactionNumber)
                return new(current.Version, false);
            if (write.OnlyAfter is { } only && only != version - 1)
                throw new LockstepException(ErrorKind.Conflict, $"{Name} is at version {version - 1}, not at {only}: another writer has changed it. Nothing was written; run it again.");
            if (plan(current) is not { } planned) return new(version - 1, false);
            var removed = planned.Actions.Count(a => a is RemoveFile);
            if (current is not null) ProtocolCheck.Writable(Name, current.State.Protocol!, current.Metadata, current.Columns, removed > 0);
            // Time travel goes by commit times, so they must grow although clocks do not always.
            var now = Math.Max(_clock.GetUtcNow().ToUnixTimeMilliseconds(), (current?.State.Timestamp ?? long.MinValue) + (current is null ? 0 : 1));
            if (!_log.TryCommit(version, Actions(write, current, planned, now))) continue;
            return new(version, true)
            {
                FilesAdded = planned.Actions.Count(a => a is AddFile),
                FilesRemoved = removed,
                CheckpointProblem = CheckpointIfDue(version, token),
            };
        }
    }

    static List<LogAction> Actions(DeltaWrite write, DeltaSnapshot? current, Plan plan, long now)
    {
        var added = plan.Actions.OfType<AddFile>().ToList();
        List<LogAction> actions =
        [
            new CommitInfo
            {
                Timestamp = now,
                Operation = plan.Operation,
                OperationParameters = plan.Parameters,
                OperationMetrics = new SortedDictionary<string, string>(StringComparer.Ordinal)
                {
                    ["numFiles"] = Text(added.Count),
                    ["numOutputBytes"] = Text(added.Sum(a => a.Size)),
                    ["numOutputRows"] = Text(added.Sum(a => FileTimes.Records(a) ?? 0)),
                    ["numRemovedFiles"] = Text(plan.Actions.Count(a => a is RemoveFile)),
                },
                IsBlindAppend = plan.Actions.All(a => a is AddFile),
                EngineInfo = EngineInfo,
                Project = write.Project,
                Run = write.Run,
                State = write.State,
            },
        ];
        if (current is null) actions.Add(ProtocolCheck.Ours);
        foreach (var action in plan.Actions)
            actions.Add(action switch
            {
                TableMetadata { CreatedTime: null } metadata => metadata with { CreatedTime = now },
                RemoveFile remove => remove with { DeletionTimestamp = now },
                _ => action,
            });
        if (write.TransactionId is { } id) actions.Add(new ApplicationTransaction(id, write.TransactionNumber) { LastUpdated = now });
        return actions;
    }

    static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    static RemoveFile Removal(AddFile file) => new() { Path = file.Path, PartitionValues = file.PartitionValues, Size = file.Size };

    DayPartition PartitionFor(DeltaSnapshot? current, Schema rows, DeltaWrite write, bool replace)
    {
        if (write.TimeColumn is { } time && (rows.IndexOf(time) is var at && at < 0 || rows[at].Type.Kind is not (TypeKind.Timestamp or TypeKind.Date)))
            throw new LockstepException(ErrorKind.BadArguments, $"{Name}: the rows have no column '{time}' of type timestamp or date to be partitioned by.{(at < 0 ? NearestName.Hint(time, rows.Fields.Select(f => f.Name), "Columns") : $" It is {rows[at].Type}.")}");
        if (current is null || (replace && (current.Metadata.Configuration.GetValueOrDefault(TimeProperty) != write.TimeColumn || HoldsDayColumn(current, rows))))
            return write.TimeColumn is null ? DayPartition.None : new(write.TimeColumn, FreeName(rows, write.DayColumn ?? DefaultDayColumn));
        if (current.PartitionColumns.Count == 0) return DayPartition.None;
        if (current.PartitionColumns.Count > 1 || current.Metadata.Configuration.GetValueOrDefault(TimeProperty) is not { } property || property != write.TimeColumn)
            throw new LockstepException(ErrorKind.Conflict, $"{Name} is partitioned by {string.Join(", ", current.PartitionColumns)}, not by the day of '{write.TimeColumn}'. Rows cannot be added to it from here.");
        return HoldsDayColumn(current, rows)
            ? throw new LockstepException(ErrorKind.Conflict, $"{Name}: the column '{current.PartitionColumns[0]}' of the rows has the name of the table's own partition column. Give it another name.")
            : new(write.TimeColumn, current.PartitionColumns[0]);
    }

    static bool HoldsDayColumn(DeltaSnapshot current, Schema rows)
        => current.PartitionColumns.Any(c => rows.Fields.Any(f => string.Equals(f.Name, c, StringComparison.OrdinalIgnoreCase)));

    // Delta does not tell names apart by case.
    static string FreeName(Schema rows, string first)
    {
        for (var number = 1; ; number++)
        {
            var name = number == 1 ? first : $"{first}_{number}";
            if (!rows.Fields.Any(f => string.Equals(f.Name, name, StringComparison.OrdinalIgnoreCase))) return name;
        }
    }

    /// <summary>The metadata that a commit has to bring; null when the table's still holds.</summary>
    TableMetadata? Metadata(DeltaSnapshot? current, Schema rows, DayPartition partition, bool replace)
    {
        foreach (var twice in rows.Fields.GroupBy(f => f.Name, StringComparer.OrdinalIgnoreCase).Where(g => g.Count() > 1))
            throw new LockstepException(ErrorKind.BadArguments, $"{Name}: the columns {string.Join(" and ", twice.Select(f => $"'{f.Name}'"))} differ only in case, which Delta tables cannot tell apart. Rename one.");
        Schema all = partition.DayColumn is { } day ? new([.. rows.Fields, new Field(day, FeatureType.Date)]) : rows;
        if (current is null || (replace && !current.Columns.IsExactly(all)))
            return new()
            {
                Id = current?.TableId ?? Guid.NewGuid().ToString(),
                Name = current?.Metadata.Name,
                Description = current?.Metadata.Description,
                SchemaJson = DeltaSchema.ToJson(all),
                PartitionColumns = partition.DayColumn is null ? [] : [partition.DayColumn],
                Configuration = With(current?.Metadata.Configuration, partition.TimeColumn),
                CreatedTime = current?.Metadata.CreatedTime,
            };
        var added = current.Columns.AddedBy(rows, Name);
        return added.Count == 0 ? null : current.Metadata with { SchemaJson = current.Columns.WithAdded(added) };
    }

    static SortedDictionary<string, string> With(IReadOnlyDictionary<string, string>? configuration, string? timeColumn)
    {
        SortedDictionary<string, string> all = new(StringComparer.Ordinal);
        foreach (var (key, value) in configuration ?? new Dictionary<string, string>()) all[key] = value;
        if (timeColumn is null) all.Remove(TimeProperty);
        else all[TimeProperty] = timeColumn;
        return all;
    }
}
