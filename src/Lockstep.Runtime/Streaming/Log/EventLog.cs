using System.Globalization;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore.Delta;

namespace Lockstep.Runtime.Streaming.Log;

// All events of one source, for good: a Delta table, and in front of it segments, files that are only appended to.
//   <offline store>/events/<source>/                         the Delta table, partitioned by the day of ingestion
//   <offline store>/events/<source>/_segments/<partition>/   lock, position, 000000000001.seg …
//   <offline store>/events/<source>.refused/                 a Delta table of what was refused, with reasons
// One process at a time writes to a partition: it holds the lock of the file `lock`, which ends with the process. An event is
// acknowledged once its frame is on the disk. Closed segments become one commit of the table, which names the last place that it
// holds (the transaction `log/<partition>`); then they are removed. A process that dies in between leaves segments that the table has:
// readers and the next writer skip what lies at or before that place. So each place is there once, whoever dies when.
/// <summary>The log of a source. For any number of threads and processes.</summary>
public sealed class EventLog
{
    /// <summary>Beside the tables of views, whose names hold an @.</summary>
    public const string FolderName = "events";

    const string SegmentsFolder = "_segments";
    const string TransactionPrefix = "log/";

    /// <summary>Beside the lock, which nobody else can read.</summary>
    internal const string HolderFile = "holder";

    public static readonly Schema RefusedColumns = new([new("reason", FeatureType.String), new("event", FeatureType.String), new("origin", FeatureType.String)]);

    internal static readonly Schema RefusedTable = new([new("refused_at", FeatureType.Timestamp), new(LogColumns.Partition, FeatureType.Int64), .. RefusedColumns.Fields]);

    public EventLog(string offlineFolder, Source source, IBatchEngine engine, TimeProvider clock, EventLogOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        (Source, Engine, Clock, Options) = (source, engine, clock, options ?? new());
        Folder = Path.Combine(Path.GetFullPath(offlineFolder), FolderName, source.Name);
        Table = new(Folder, engine, clock, Name);
        Refused = new(Folder + ".refused", engine, clock, $"refused events of source '{source.Name}'");
    }

    public Source Source { get; }
    public string Name => $"event log of source '{Source.Name}'";
    public string Folder { get; }
    internal IBatchEngine Engine { get; }
    internal TimeProvider Clock { get; }
    internal EventLogOptions Options { get; }

    /// <summary>The events that are no longer in segments.</summary>
    public DeltaTable Table { get; }

    /// <summary>Events that were refused.</summary>
    public DeltaTable Refused { get; }

    /// <summary>What is in the log now.</summary>
    /// <param name="token">Ends it.</param>
    /// <param name="partition">The only one whose segments are looked at; null: all of them.</param>
    public LogLook Look(CancellationToken token, uint? partition = null)
    {
        // Segments first: one that is committed and removed after this look at them is in the version that is looked at next.
        var segments = Segments(partition is { } one ? [one] : Partitions(), token);
        return new(this, TrySnapshot(token), segments);
    }

    internal DeltaSnapshot? TrySnapshot(CancellationToken token) => Table.TrySnapshot(token);

    List<SegmentFile> Segments(IReadOnlyList<uint> partitions, CancellationToken token)
    {
        List<SegmentFile> segments = [];
        foreach (var partition in partitions)
            foreach (var path in SegmentPaths(partition))
            {
                token.ThrowIfCancellationRequested();
                if (SegmentFile.TryOpen(path) is { } segment) segments.Add(segment);
            }
        return segments;
    }

    /// <summary>Partitions that have a folder, ascending.</summary>
    public IReadOnlyList<uint> Partitions()
    {
        var folder = Path.Combine(Folder, SegmentsFolder);
        if (!Directory.Exists(folder)) return [];
        return [.. Directory.EnumerateDirectories(folder)
            .Select(d => uint.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? (uint?)number : null).OfType<uint>().Order()];
    }

    internal string PartitionFolder(uint partition) => Path.Combine(Folder, SegmentsFolder, partition.ToString("D10", CultureInfo.InvariantCulture));

    internal IReadOnlyList<string> SegmentPaths(uint partition)
    {
        try
        {
            return [.. Directory.EnumerateFiles(PartitionFolder(partition), "*.seg").Order(StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    internal static string TransactionOf(uint partition) => TransactionPrefix + partition.ToString(CultureInfo.InvariantCulture);

    /// <summary>The last place of each partition that the table holds.</summary>
    internal static IReadOnlyList<LogPlace> Committed(DeltaSnapshot? snapshot)
    {
        if (snapshot is null) return [];
        List<LogPlace> places = [];
        foreach (var (id, transaction) in snapshot.State.Transactions)
            if (id.StartsWith(TransactionPrefix, StringComparison.Ordinal) && uint.TryParse(id.AsSpan(TransactionPrefix.Length), CultureInfo.InvariantCulture, out var partition))
                places.Add(new(partition, transaction.Version));
        places.Sort((a, b) => a.Partition.CompareTo(b.Partition));
        return places;
    }

    /// <summary>Takes a partition to write to; null: another holds it.</summary>
    /// <param name="partition">Its number.</param>
    /// <param name="token">Ends the reading of what it holds.</param>
    /// <param name="sharers">Partitions that share <see cref="EventLogOptions.TailBytes"/>.</param>
    public LogWriter? TryOpenWriter(uint partition, CancellationToken token, int sharers = 1) => LogWriter.TryOpen(this, partition, sharers, token);

    /// <summary>Tells this log from any other, for those outside who keep something under its name; it is given when it is first asked for.</summary>
    public string Id()
    {
        var path = Path.Combine(Folder, SegmentsFolder, "id");
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var own = $"{path}.{Guid.NewGuid():N}";
            File.WriteAllText(own, Guid.NewGuid().ToString("N")[..12]);
            try
            {
                File.Move(own, path, overwrite: false);
            }
            catch (IOException) when (File.Exists(path))
            {
                File.Delete(own); // another process was first
            }
        }
        return File.ReadAllText(path);
    }

    /// <summary>Who took a partition last: <c>process 123 on host since …</c>; empty: nobody has.</summary>
    public string HolderOf(uint partition)
    {
        try
        {
            return File.ReadAllText(Path.Combine(PartitionFolder(partition), HolderFile));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return "";
        }
    }

    /// <summary>Takes the first partition of pushes that no other process holds and that can be read.</summary>
    public LogWriter OpenPushWriter(CancellationToken token)
    {
        for (var partition = LogPartitions.FirstPush; partition <= LogPartitions.LastPush; partition++)
            try
            {
                if (TryOpenWriter(partition, token) is { } writer) return writer;
            }
            catch (LockstepException) when (SegmentPaths(partition).Count > 0)
            {
                // What it holds is damaged: whoever takes over what is left tells. Events need not wait for that.
            }
        throw new LockstepException(ErrorKind.Failed, $"{Name}: all {LogPartitions.LastPush + 1} partitions are taken.");
    }
}
