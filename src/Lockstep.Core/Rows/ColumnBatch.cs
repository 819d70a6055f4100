namespace Lockstep.Core.Rows;

/// <summary>Some rows of a table, column by column. Refilled by its producer: take what must be kept before the next read.</summary>
public sealed class ColumnBatch
{
    public ColumnBatch(Schema schema)
    {
        Schema = schema ?? throw new ArgumentNullException(nameof(schema));
        Columns = [.. schema.Fields.Select(f => Column.Create(f.Type))];
    }

    /// <summary>A batch over columns that exist; they are shared, not copied.</summary>
    public ColumnBatch(Schema schema, IReadOnlyList<Column> columns)
    {
        (Schema, Columns) = (schema ?? throw new ArgumentNullException(nameof(schema)), columns ?? throw new ArgumentNullException(nameof(columns)));
        if (!columns.Select(c => c.Type).SequenceEqual(schema.Fields.Select(f => f.Type)))
            throw new ArgumentException($"Columns of {string.Join(", ", columns.Select(c => c.Type))} for {schema}.", nameof(columns));
    }

    public Schema Schema { get; }
    public IReadOnlyList<Column> Columns { get; }
    public Column this[int ordinal] => Columns[ordinal];

    /// <summary>Rows; all columns have as many.</summary>
    public int Count => Columns.Count == 0 ? 0 : Columns[0].Count;

    public void Clear()
    {
        for (var i = 0; i < Columns.Count; i++) Columns[i].Clear(); // no enumerator: requests do this too
    }

    public void AppendRow(params ReadOnlySpan<Value> values)
    {
        if (values.Length != Columns.Count)
            throw new ArgumentException($"{values.Length} values for {Columns.Count} columns ({Schema}).", nameof(values));
        for (var i = 0; i < values.Length; i++) Columns[i].Append(values[i]);
    }

    public Value[] GetRow(int row) => [.. Columns.Select(c => c.GetValue(row))];
}

/// <summary>A table that is read once, from front to back, in batches. Not for several threads at once.</summary>
public abstract class BatchReader : IDisposable
{
    public abstract Schema Schema { get; }

    /// <summary>Replaces the content of <paramref name="batch"/>, which has this reader's schema, by the next rows; false at the end.</summary>
    public abstract bool Read(ColumnBatch batch, CancellationToken token);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }
}

/// <summary>A table that is written once. Nothing is visible to readers before <see cref="Complete"/>; disposing without it leaves nothing behind.</summary>
public abstract class BatchWriter : IDisposable
{
    public abstract Schema Schema { get; }
    public abstract void Write(ColumnBatch batch, CancellationToken token);

    /// <summary>Makes the table visible, whole.</summary>
    public abstract void Complete(CancellationToken token);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }
}
