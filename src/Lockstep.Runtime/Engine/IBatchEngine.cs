using Lockstep.Core;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Engine;

/// <summary>
/// Reads and writes tables in column batches. Errors are <see cref="LockstepException"/> that name file, column, row and value.
/// Safe for several threads; a reader or writer that it returns belongs to one.
/// </summary>
public interface IBatchEngine : IDisposable
{
    /// <summary>The columns of a table, from its files. Columns of a type that is not of S2 are in <see cref="Schema.LeftOut"/>.</summary>
    Schema ReadSchema(TableInput table, CancellationToken token);

    ScanReader Scan(ScanRequest request, CancellationToken token);

    /// <summary>The columns that a query yields, without running it.</summary>
    Schema DescribeQuery(QueryRequest request, CancellationToken token);

    ScanReader Query(QueryRequest request, CancellationToken token);

    /// <summary>Writes what a query yields into a file, in the engine's own types, nested ones too; whole or not at all.</summary>
    void WriteQuery(QueryRequest request, TableOutput output, CancellationToken token)
        => throw new LockstepException(ErrorKind.Failed, $"{GetType().Name} does not write queries into files.");

    /// <summary>Writes a file whole or not at all: it appears under its name on <see cref="BatchWriter.Complete"/>.</summary>
    BatchWriter CreateFile(TableOutput output, Schema schema, CancellationToken token);
}

/// <summary>A reader that knows how far it is and what it had to turn into null.</summary>
public abstract class ScanReader : BatchReader
{
    /// <summary>Between 0 and 1; NaN when unknown.</summary>
    public virtual double Progress => double.NaN;

    /// <summary>Rows within the bounds that did not come because of <see cref="ScanRequest.Where"/>.</summary>
    public virtual long LeftOut => 0;

    /// <summary>For each column, values read as null because they were not finite (S3).</summary>
    public abstract IReadOnlyList<long> NonFinite { get; }
}
