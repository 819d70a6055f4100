using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>Copies of the tables of views, as they were recorded, in which everything after an instant is different.</summary>
internal sealed class AlteredTables(IBatchEngine engine, ITrackedTables tables, TrainingSetRecord record, bool byCreated, long cut, string folder) : ITrackedTables
{
    const int AllUpTo = 100_000, OneIn = 64; // made-up rows: one for each row, later one for some

    /// <summary>The copies' column of when a row was known. No column of a table is called so.</summary>
    const string KnownAt = "known at (S8)";

    readonly Dictionary<string, TableInput> _copies = new(StringComparer.Ordinal);
    int _parts;

    /// <summary>Rows after the instant that were left out.</summary>
    public long Dropped { get; private set; }

    /// <summary>Rows after the instant that were put in.</summary>
    public long MadeUp { get; private set; }

    public void Copy(ViewColumns view, Catalog catalog, CancellationToken token)
    {
        var input = tables.Reopen(view.View, catalog, record.StateOf(view.View), token);
        // Part by part: where a table ends and its log begins (S25) decides which of their rows count.
        _copies.Add(view.View.Id, CopyPart(view, input with { More = [] }, token) with { More = [.. input.More.Select(more => CopyPart(view, more, token))] });
    }

    TableInput CopyPart(ViewColumns view, TableInput part, CancellationToken token)
    {
        if (part.IsEmpty) return part;
        var columns = Columns(view, part, token);
        var output = Path.Combine(folder, $"{_parts++}.parquet");
        var schema = new Schema(columns.Select(c => c.As));
        var time = schema.IndexOf(view.Timestamp);
        var keys = view.View.Keys.Fields.Select(k => schema.IndexOf(k.Name)).ToHashSet();
        var known = schema.IndexOf(KnownAt) is >= 0 and var at ? at : view.Created is null ? -1 : schema.IndexOf(view.Created);
        using (var writer = engine.CreateFile(new(output, TableFormat.Parquet), schema, token))
        {
            using var reader = engine.Scan(new() { Table = part, Columns = columns }, token);
            var (read, kept) = (new ColumnBatch(reader.Schema), new ColumnBatch(schema));
            while (reader.Read(read, token))
            {
                kept.Clear();
                for (var row = 0; row < read.Count; row++)
                {
                    if (IsAfter(read, row, time, known)) Dropped++;
                    else foreach (var (i, column) in kept.Columns.Index()) column.AppendFrom(read[i], row);
                    if (MadeUp < AllUpTo || row % OneIn == 0) AddLater(kept, read, row, keys, time, known);
                }
                writer.Write(kept, token);
            }
            writer.Complete(token);
        }
        return new() { Name = part.Name, Format = TableFormat.Parquet, Files = [new(output)], KnownAt = schema.IndexOf(KnownAt) >= 0 ? KnownAt : null };
    }

    bool IsAfter(ColumnBatch batch, int row, int time, int known)
        => IsAfter(batch[time], row) || (byCreated && known >= 0 && IsAfter(batch[known], row));

    bool IsAfter(Column column, int row) => !column.IsNull(row) && ((FixedColumn<long>)column).Values[row] > cut;

    // The key of this row, the values of the next: as an event after the cut, or, where that matters, as one that became known after it.
    void AddLater(ColumnBatch to, ColumnBatch from, int row, HashSet<int> keys, int time, int known)
    {
        var (other, later) = ((row + 1) % from.Count, cut + 1 + MadeUp % 3 * MadeUp);
        var corrects = byCreated && known >= 0 && MadeUp % 2 == 0;
        for (var i = 0; i < to.Columns.Count; i++)
        {
            if (i == known) to[i].Append(Value.Timestamp(later));
            else if (i == time && !corrects) to[i].Append(Value.Timestamp(later));
            else to[i].AppendFrom(from[i], keys.Contains(i) || i == time ? row : other);
        }
        MadeUp++;
    }

    // By the names of the table itself. A binary format keeps its own types, which may serve two features; text is read as what it is needed as.
    List<ScanColumn> Columns(ViewColumns view, TableInput input, CancellationToken token)
    {
        var own = input.Format is TableFormat.Parquet or TableFormat.Delta ? engine.ReadSchema(input, token) : null;
        return [.. ViewColumns.Scan(view.Program(Enumerable.Range(0, view.View.Features.Count), byCreated && view.HasLog)).DistinctBy(c => c.Column).Select(c => c.Column == ScanColumn.KnownAt
            ? new ScanColumn(c.Column, new(KnownAt, FeatureType.Timestamp))
            : new ScanColumn(c.Column, new(c.Column, c.As.Name is "time" or "created" || own is null || own.IndexOf(c.Column) is not (>= 0 and var i) ? c.As.Type : own[i].Type)))];
    }

    public TableInput View(ViewVersion view, Catalog catalog) => _copies[view.Id];

    public TableLook Look(ViewVersion view, Catalog catalog, TableState? since, CancellationToken token)
        => new(_copies[view.Id], new() { Format = TableFormat.Parquet, TakenAt = cut }, TableChange.None);

    public TableInput Reopen(ViewVersion view, Catalog catalog, TableState state, CancellationToken token) => _copies[view.Id];

    public TableInput Source(Source source) => throw new NotSupportedException("A training set reads the tables of views.");
    public TableLook Look(Source source, TableState? since, CancellationToken token) => throw new NotSupportedException("A training set reads the tables of views.");
    public TableInput Reopen(Source source, TableState state, CancellationToken token) => throw new NotSupportedException("A training set reads the tables of views.");
}
