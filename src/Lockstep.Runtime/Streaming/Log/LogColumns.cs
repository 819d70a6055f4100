using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Streaming.Log;

/// <summary>The columns that the log of a source adds to the source's own.</summary>
public static class LogColumns
{
    /// <summary>The partition of the log, int64.</summary>
    public const string Partition = "_partition";

    /// <summary>The place in the partition, int64; they ascend.</summary>
    public const string Place = "_place";

    /// <summary>When the event was logged, timestamp: what S8 asks of it.</summary>
    public const string IngestedAt = "_ingested_at";

    /// <summary>The day of <see cref="IngestedAt"/>, by which the table is partitioned.</summary>
    public const string IngestedDate = "_ingested_date";

    public static IReadOnlyList<string> All { get; } = [Partition, Place, IngestedAt, IngestedDate];

    static readonly Field[] Own = [new(Partition, FeatureType.Int64), new(Place, FeatureType.Int64), new(IngestedAt, FeatureType.Timestamp)];

    /// <summary>The schema of the log's table.</summary>
    public static Schema TableOf(Schema source) => new([.. Own, .. source.Fields]);

    /// <summary>What a source's stream brings: all its columns with their types.</summary>
    public static Schema Of(Source source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new(source.Columns ?? throw new LockstepException(ErrorKind.DefinitionsInvalid, $"Source '{source.Name}' does not say which columns its events have. Declare 'columns'."));
    }

    public static string TimestampOf(Source source) => source?.TimestampColumn
        ?? throw new LockstepException(ErrorKind.DefinitionsInvalid, $"Source '{source?.Name}' does not name the column of its events' timestamps.");

    public static string? CreatedOf(Source source) => source?.CreatedColumn;
}

/// <summary>Numbers of partitions: who writes to which.</summary>
public static class LogPartitions
{
    // Stored with every event: given by hand, never changed.

    /// <summary>Pushes: each process takes the first that no other holds.</summary>
    public const uint FirstPush = 0, LastPush = 0xFFFF;

    /// <summary>The files of a folder.</summary>
    public const uint Files = 0x1_0000;

    /// <summary>Partition n of a Kafka topic is this and n.</summary>
    public const uint FirstKafka = 0x100_0000, LastKafka = 0x1FF_FFFF;

    /// <summary>For people: <c>push 0</c>, <c>files</c>, <c>kafka 3</c>.</summary>
    public static string Name(long partition) => partition switch
    {
        <= LastPush => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"push {partition}"),
        Files => "files",
        >= FirstKafka and <= LastKafka => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"kafka {partition - FirstKafka}"),
        _ => partition.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };
}
