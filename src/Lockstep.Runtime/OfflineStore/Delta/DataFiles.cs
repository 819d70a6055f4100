using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>Where a table's rows go: into a folder for each day of an event time, or all into one.</summary>
/// <param name="TimeColumn">Null: not partitioned.</param>
/// <param name="DayColumn">The partition column that holds the day.</param>
internal sealed record DayPartition(string? TimeColumn, string? DayColumn)
{
    public static readonly DayPartition None = new(null, null);
}

/// <summary>
/// Writes rows into the Parquet files of a commit to come: one a day, greater ones in pieces. What fits into <see cref="BufferBytes"/> is
/// sorted into days in memory; more goes through a file that the engine sorts by time, so that memory stays bounded and each day is
/// written once. Nothing refers to the files before the commit; disposing without <see cref="Keep"/> removes them.
/// </summary>
internal sealed class DataFiles : IDisposable
{
    public const long BufferBytes = 64L << 20;
    public const long FileRows = 8_000_000;
    const string NoDay = "__HIVE_DEFAULT_PARTITION__";

    readonly IBatchEngine _engine;
    readonly TimeProvider _clock;
    readonly string _folder;
    readonly Schema _schema;
    readonly DayPartition _partition;
    readonly int _time;
    readonly long _bufferBytes;
    readonly List<AddFile> _added = [];
    readonly List<string> _paths = [];
    bool _kept;

    public DataFiles(IBatchEngine engine, TimeProvider clock, string folder, Schema schema, DayPartition partition, long bufferBytes = BufferBytes)
    {
        (_engine, _clock, _folder, _schema, _partition, _bufferBytes) = (engine, clock, folder, schema, partition, bufferBytes);
        _time = partition.TimeColumn is null ? -1 : schema.IndexOf(partition.TimeColumn);
    }

    public IReadOnlyList<AddFile> Added => _added;
    public long Rows { get; private set; }

    public void WriteAll(BatchReader rows, CancellationToken token)
    {
        Directory.CreateDirectory(_folder);
        var batch = new ColumnBatch(_schema);
        if (_time < 0) WriteInOrder(rows, batch, token);
        else WriteByDay(rows, batch, token);
        FileReplacement.SyncFolder(_folder); // the files are on the disk with their names; so are now the folders of their days
    }

    /// <summary>The commit is about to refer to the files.</summary>
    public void Keep() => _kept = true;

    public void Dispose()
    {
        if (_kept) return;
        foreach (var path in _paths) File.Delete(path);
    }

    void WriteByDay(BatchReader rows, ColumnBatch batch, CancellationToken token)
    {
        SortedDictionary<int, ColumnBatch> days = []; // int.MinValue: no day
        long bytes = 0;
        while (rows.Read(batch, token))
        {
            for (var row = 0; row < batch.Count; row++)
            {
                var day = DayOf(batch, row);
                if (!days.TryGetValue(day, out var bucket)) days.Add(day, bucket = new(_schema));
                for (var column = 0; column < _schema.Count; column++) bucket[column].AppendFrom(batch[column], row);
            }
            bytes += Bytes(batch);
            if (bytes <= _bufferBytes) continue;
            WriteSorted(days, rows, batch, token);
            return;
        }
        foreach (var (day, bucket) in days)
        {
            using var file = new OpenFile(this, day, token);
            file.Write(bucket, token);
            file.Complete(token);
        }
    }

    void WriteSorted(SortedDictionary<int, ColumnBatch> days, BatchReader rest, ColumnBatch batch, CancellationToken token)
    {
        var spool = DurableFile.Unfinished(_folder, "rows");
        try
        {
            using (var writer = _engine.CreateFile(new(spool, TableFormat.Parquet), _schema, token))
            {
                foreach (var bucket in days.Values) writer.Write(bucket, token);
                days.Clear();
                while (rest.Read(batch, token)) writer.Write(batch, token);
                writer.Complete(token);
            }
            using var sorted = _engine.Query(new()
            {
                Name = $"rows for {_folder}",
                Sql = $"select * from spool order by {Quote(_partition.TimeColumn!)}",
                Tables = new Dictionary<string, TableInput>
                {
                    ["spool"] = new() { Name = $"rows for {_folder}", Format = TableFormat.Parquet, Files = [new(spool)], Schema = _schema },
                },
                Columns = [.. _schema.Fields.Select(f => new ScanColumn(f.Name, f))],
            }, token);
            WriteInOrder(sorted, batch, token);
        }
        finally
        {
            File.Delete(spool);
        }
    }

    // One file is open at a time; a day that comes again gets another file.
    void WriteInOrder(BatchReader rows, ColumnBatch batch, CancellationToken token)
    {
        OpenFile? open = null;
        try
        {
            while (rows.Read(batch, token))
            {
                var first = 0;
                while (first < batch.Count)
                {
                    var day = DayOf(batch, first);
                    var end = first + 1;
                    while (end < batch.Count && DayOf(batch, end) == day) end++;
                    if (open is not null && (open.Day != day || open.Rows >= FileRows))
                    {
                        open.Complete(token);
                        open.Dispose();
                        open = null;
                    }
                    open ??= new(this, day, token);
                    open.Write(end - first == batch.Count ? batch : Slice(batch, first, end), token);
                    first = end;
                }
            }
            open?.Complete(token);
        }
        finally
        {
            open?.Dispose();
        }
    }

    ColumnBatch Slice(ColumnBatch batch, int first, int end)
    {
        var slice = new ColumnBatch(_schema);
        for (var column = 0; column < _schema.Count; column++)
        {
            slice[column].Reserve(end - first);
            for (var row = first; row < end; row++) slice[column].AppendFrom(batch[column], row);
        }
        return slice;
    }

    int DayOf(ColumnBatch batch, int row)
    {
        if (_time < 0) return 0;
        var times = batch[_time];
        if (times.IsNull(row)) return int.MinValue;
        return times is FixedColumn<int> dates ? dates.Values[row] : Instant.DayOf(((FixedColumn<long>)times).Values[row]);
    }

    static long Bytes(ColumnBatch batch) => batch.Columns.Sum(Bytes);

    static long Bytes(Column column) => column switch
    {
        BytesColumn texts => texts.DataLength + 4L * texts.Count,
        ListColumn lists => Bytes(lists.Elements) + 4L * lists.Count,
        _ => (long)column.Type.Width * column.Count,
    };

    static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>One file of a day while it is written.</summary>
    sealed class OpenFile : IDisposable
    {
        readonly DataFiles _owner;
        readonly BatchWriter _writer;
        readonly StatisticsCollector _statistics;
        readonly string _relative;
        readonly string _path;

        public OpenFile(DataFiles owner, int day, CancellationToken token)
        {
            (_owner, Day) = (owner, day);
            var name = $"part-{owner._added.Count:D5}-{Guid.NewGuid():D}-c000.zstd.parquet";
            var folder = owner._folder;
            if (owner._time >= 0)
            {
                var dayFolder = $"{owner._partition.DayColumn}={(day == int.MinValue ? NoDay : Instant.FormatDate(day))}";
                folder = Path.Combine(folder, dayFolder);
                Directory.CreateDirectory(folder);
                name = $"{dayFolder}/{name}";
            }
            _relative = name;
            _path = Path.Combine(owner._folder, name.Replace('/', Path.DirectorySeparatorChar));
            _statistics = new(owner._schema, owner._partition.TimeColumn);
            _writer = owner._engine.CreateFile(new(_path, TableFormat.Parquet) { Stays = true }, owner._schema, token);
        }

        public int Day { get; }
        public long Rows => _statistics.Records;

        public void Write(ColumnBatch batch, CancellationToken token)
        {
            _statistics.Add(batch);
            _writer.Write(batch, token);
        }

        public void Complete(CancellationToken token)
        {
            _owner._paths.Add(_path);
            _writer.Complete(token);
            _owner.Rows += _statistics.Records;
            _owner._added.Add(new()
            {
                Path = _relative,
                PartitionValues = _owner._time < 0 ? new Dictionary<string, string?>()
                    : new Dictionary<string, string?> { [_owner._partition.DayColumn!] = Day == int.MinValue ? null : Instant.FormatDate(Day) },
                Size = new FileInfo(_path).Length,
                ModificationTime = _owner._clock.GetUtcNow().ToUnixTimeMilliseconds(),
                Stats = _statistics.ToJson(),
            });
        }

        public void Dispose() => _writer.Dispose();
    }
}
