using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.PointInTime;

/// <summary>Where a sweep puts batches that do not fit into memory. Given by Runtime: the core knows no file.</summary>
public interface IBatchSpill : IDisposable
{
    /// <summary>Keeps the rows of a batch under a number; the batch is the caller's again afterwards.</summary>
    void Write(int partition, ColumnBatch batch);

    /// <summary>The batches of a number, in the order in which they were written, and from then on forgotten. Several numbers are read at once, by several threads.</summary>
    BatchReader Read(int partition, Schema schema);
}
