using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore.Delta;

namespace Lockstep.Runtime.Streaming.Log;

/// <summary>
/// A log as of one moment: a version of its Delta table, and the segments that were not part of it yet. They stay readable, also when
/// they are committed and removed meanwhile.
/// </summary>
public sealed class LogLook
{
    readonly EventLog _log;
    readonly DeltaSnapshot? _snapshot;
    readonly IReadOnlyList<SegmentFile> _segments;

    internal LogLook(EventLog log, DeltaSnapshot? snapshot, IReadOnlyList<SegmentFile> segments)
    {
        (_log, _snapshot, _segments) = (log, snapshot, segments);
        SortedDictionary<uint, long> places = [];
        foreach (var (partition, place) in EventLog.Committed(snapshot)) places[partition] = place;
        foreach (var segment in segments)
            if (segment.LastPlace is >= 0 and var last) places[segment.Partition] = Math.Max(last, places.GetValueOrDefault(segment.Partition, -1));
        Places = [.. places.Select(p => new LogPlace(p.Key, p.Value))];
    }

    /// <summary>The last place of each partition that has any, ascending.</summary>
    public IReadOnlyList<LogPlace> Places { get; }

    public bool IsEmpty => Places.Count == 0;

    /// <summary>Files of the Delta table that hold events.</summary>
    internal DeltaSnapshot? Snapshot => _snapshot;

    /// <summary>The events behind some places and up to others, as a table with the source's columns and those of <see cref="LogColumns"/>.</summary>
    /// <param name="after">Null: from the first on. A partition that is not named is taken from its first event on.</param>
    /// <param name="upTo">Null: all. A partition that is not named has none.</param>
    public TableInput Input(IReadOnlyList<LogPlace>? after = null, IReadOnlyList<LogPlace>? upTo = null)
    {
        var range = new PlaceRange(after, upTo);
        return new()
        {
            Name = _log.Name,
            Format = TableFormat.Delta,
            Files = [],
            Schema = Schema,
            KnownAt = LogColumns.IngestedAt,
            Split = () => ByFile(range),
            Reader = Places.Any(p => range.After(p.Partition) < Math.Min(p.Place, range.UpTo(p.Partition))) ? (request, token) => Open(request, range, token) : null,
        };
    }

    /// <summary>The events of one partition behind a place, in the order of their places.</summary>
    public IEnumerable<LogBatch> Read(uint partition, long after, int rows, CancellationToken token)
    {
        var columns = LogColumns.Of(_log.Source);
        ScanColumn[] read = [.. LogColumns.TableOf(columns).Fields.Select(f => new ScanColumn(f.Name, f))];
        var committed = EventLog.Committed(_snapshot).FirstOrDefault(p => p.Partition == partition, new(partition, -1)).Place;
        if (committed > after)
        {
            using var sorted = _log.Engine.Query(new()
            {
                Name = _log.Name,
                Sql = FormattableString.Invariant($"select * from log where {LogColumns.Partition} = {partition} and {LogColumns.Place} > {after} order by {LogColumns.Place}"),
                Tables = new Dictionary<string, TableInput> { ["log"] = CommittedInput(null) },
                Columns = read,
            }, token);
            foreach (var batch in Batches(sorted, partition, columns, rows, token)) yield return batch;
        }
        using var rest = new SegmentScan(_segments.Where(s => s.Partition == partition).ToList(), new(read.Select(c => c.As)), read, new([new(partition, Math.Max(after, committed))], null), _log.Name);
        foreach (var batch in Batches(rest, partition, columns, rows, token)) yield return batch;
    }

    static IEnumerable<LogBatch> Batches(ScanReader reader, uint partition, Schema columns, int rows, CancellationToken token)
    {
        var read = new ColumnBatch(reader.Schema);
        while (reader.Read(read, token))
            for (var first = 0; first < read.Count; first += rows)
            {
                var taken = Enumerable.Range(first, Math.Min(rows, read.Count - first)).ToArray();
                var batch = new ColumnBatch(columns);
                for (var i = 0; i < columns.Count; i++) batch[i].AppendRows(read[i + 3], taken);
                var places = ((FixedColumn<long>)read[1]).Values.Slice(first, taken.Length).ToArray();
                yield return new(partition, places[0], places[^1], ((FixedColumn<long>)read[2]).Values[first + taken.Length - 1], batch)
                {
                    Places = places[^1] - places[0] + 1 == places.Length ? null : places,
                };
            }
    }

    // A column that came to the source later is in no file before: it is null there.
    Schema Schema => field ??= new([.. LogColumns.TableOf(LogColumns.Of(_log.Source)).Fields, .. (_snapshot?.Schema.Fields ?? []).Where(f => LogColumns.TableOf(LogColumns.Of(_log.Source)).IndexOf(f.Name) < 0)]);

    TableInput CommittedInput(string? timeColumn)
    {
        if (_snapshot is null) return new() { Name = _log.Name, Format = TableFormat.Delta, Files = [], Schema = Schema };
        var input = _snapshot.Input(_log.Name, timeColumn);
        return input with { Schema = new([.. input.Schema!.Fields, .. Schema.Fields.Where(f => input.Schema.IndexOf(f.Name) < 0)]) };
    }

    List<(string, TableInput)> ByFile(PlaceRange range)
    {
        List<(string, TableInput)> parts = [];
        var committed = EventLog.Committed(_snapshot);
        foreach (var (file, rows) in CommittedInput(LogColumns.TimestampOf(_log.Source)).ByFile)
            parts.Add((file, range.TakesAll(committed) ? rows : rows with { Files = [], Reader = (r, t) => PlaceFilter.Open(r with { Table = rows }, range, s => _log.Engine.Scan(s, t)) }));
        var behind = Behind(range, committed);
        foreach (var segment in _segments)
            parts.Add((segment.Path, new() { Name = _log.Name, Format = TableFormat.Delta, Files = [], Schema = Schema, Reader = (r, _) => TimeFilter.Open(r, s => new SegmentScan([segment], new(s.Columns.Select(c => c.As)), s.Columns, behind, _log.Name)) }));
        return parts;
    }

    // What the table has already stands in a segment until it is removed.
    static PlaceRange Behind(PlaceRange range, IReadOnlyList<LogPlace> committed)
        => new([.. committed.Select(p => new LogPlace(p.Partition, Math.Max(p.Place, range.After(p.Partition)))), .. range.Afters.Where(a => committed.All(c => c.Partition != a.Partition))], range.UpTos);

    ScanReader Open(ScanRequest request, PlaceRange range, CancellationToken token)
    {
        var committed = EventLog.Committed(_snapshot);
        var inTable = committed.Any(p => range.After(p.Partition) < Math.Min(p.Place, range.UpTo(p.Partition)));
        List<TableInput> parts = [];
        if (inTable)
        {
            var files = CommittedInput(request.TimeColumn);
            parts.Add(range.TakesAll(committed) ? files
                : files with { Files = [], Reader = (r, t) => PlaceFilter.Open(r with { Table = files }, range, s => _log.Engine.Scan(s, t)) });
        }
        var behind = Behind(range, committed);
        parts.Add(new() { Name = _log.Name, Format = TableFormat.Delta, Files = [], Reader = (r, _) => TimeFilter.Open(r, s => new SegmentScan(_segments, new(s.Columns.Select(c => c.As)), s.Columns, behind, _log.Name)) });
        return TableParts.Open(request with { Table = new() { Name = _log.Name, Format = TableFormat.Delta, Files = [], More = parts } }, r => _log.Engine.Scan(r, token), token);
    }
}

/// <summary>Places behind some and up to others, partition by partition.</summary>
sealed class PlaceRange(IReadOnlyList<LogPlace>? after, IReadOnlyList<LogPlace>? upTo)
{
    public IReadOnlyList<LogPlace> Afters => after ?? [];
    public IReadOnlyList<LogPlace>? UpTos => upTo;

    public long After(uint partition) => Find(after, partition) ?? -1;
    public long UpTo(uint partition) => upTo is null ? long.MaxValue : Find(upTo, partition) ?? -1;

    public bool Holds(uint partition, long place) => place > After(partition) && place <= UpTo(partition);

    public bool TakesAll(IReadOnlyList<LogPlace> places) => places.All(p => After(p.Partition) < 0 && UpTo(p.Partition) >= p.Place);

    static long? Find(IReadOnlyList<LogPlace>? places, uint partition)
    {
        foreach (var place in places ?? [])
            if (place.Partition == partition) return place.Place;
        return null;
    }
}
