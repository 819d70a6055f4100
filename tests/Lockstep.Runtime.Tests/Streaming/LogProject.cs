using Lockstep.Compliance.OnlineStore;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Streaming.Log;
using Lockstep.Runtime.Tests.OfflineStore;

namespace Lockstep.Runtime.Tests.Streaming;

/// <summary>A source of pushed events and its log in a folder of its own.</summary>
internal sealed class LogProject : IDisposable
{
    readonly TempFolder _folder = new();

    public static Source Source { get; } = new()
    {
        Name = "clicks",
        Stream = new PushStreamSource { Timestamp = "ts" },
        Columns = [new("id", FeatureType.String), new("ts", FeatureType.Timestamp), new("n", FeatureType.Int64), new("tags", FeatureType.List(FeatureType.String)), new("price", FeatureType.Decimal(10, 2))],
    };

    public DuckDbEngine Engine { get; } = new(new() { MemoryLimit = 1L << 28, Threads = 1 });
    public ManualClock Clock { get; } = new(new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));
    public EventLogOptions Options { get; set; } = new();
    public string Folder => _folder.Path;

    public EventLog Log(Source? source = null) => new(_folder.Path, source ?? Source, Engine, Clock, Options);

    public static ColumnBatch Rows(params IEnumerable<Value[]> rows)
    {
        var batch = new ColumnBatch(LogColumns.Of(Source));
        foreach (var row in rows) batch.AppendRow(row);
        return batch;
    }

    public static Value[] Row(int i) =>
    [
        i % 7 == 0 ? Value.Null : Value.Of($"id{i % 5}"),
        Value.Timestamp(i * Instant.Second),
        i % 3 == 0 ? Value.Null : Value.Of((long)i),
        i % 4 == 0 ? Value.Null : Value.List([.. Enumerable.Range(0, i % 3).Select(k => k == 1 ? Value.Null : Value.Of($"é{k}"))]),
        i % 5 == 0 ? Value.Null : Value.Decimal(i * 101, 2),
    ];

    public static ColumnBatch Numbered(int first, int count) => Rows(Enumerable.Range(first, count).Select(Row));

    /// <summary>All events of a table: partition, place, and the source's columns.</summary>
    public List<(long Partition, long Place, long IngestedAt, Value[] Row)> Read(TableInput table, Func<ScanRequest, ScanRequest>? change = null)
    {
        var columns = LogColumns.TableOf(LogColumns.Of(Source));
        var request = new ScanRequest { Table = table, Columns = [.. columns.Fields.Select(f => new ScanColumn(f.Name, f))] };
        using var reader = Engine.Scan(change?.Invoke(request) ?? request, CancellationToken.None);
        var batch = new ColumnBatch(reader.Schema);
        List<(long, long, long, Value[])> rows = [];
        while (reader.Read(batch, CancellationToken.None))
            for (var row = 0; row < batch.Count; row++)
            {
                var values = batch.GetRow(row);
                rows.Add((values[0].AsInt64, values[1].AsInt64, values[2].AsInt64, values[3..]));
            }
        return [.. rows.OrderBy(r => r.Item1).ThenBy(r => r.Item2)];
    }

    public void Dispose()
    {
        Engine.Dispose();
        _folder.Dispose();
    }
}
