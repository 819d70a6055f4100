using System.Globalization;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.Streaming.Intake;

/// <summary>A file of events, in the formats of tables: each row is an event, taken or refused by itself.</summary>
public static class EventFile
{
    const int BatchRows = 8 * 1024;
    const int BatchBytes = 4 << 20;

    /// <param name="feed">Of the source that the events are of.</param>
    /// <param name="engine">Reads CSV and Parquet.</param>
    /// <param name="path">The file.</param>
    /// <param name="format">How it is written.</param>
    /// <param name="skip">Rows at its beginning that are left out.</param>
    /// <param name="token">Stops it.</param>
    public static IEnumerable<EventRows> Read(SourceFeed feed, IBatchEngine engine, string path, TableFormat format, long skip, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(feed);
        ArgumentNullException.ThrowIfNull(engine);
        return format switch
        {
            TableFormat.JsonLines => Lines(feed, path, token),
            TableFormat.Json => [Whole(feed, path)],
            TableFormat.Csv or TableFormat.Parquet => Table(feed, engine, path, format, skip, token),
            _ => throw new LockstepException(ErrorKind.BadArguments, $"'{path}' is no file of events: they are read from .jsonl, .json, .csv and .parquet."),
        };
    }

    static EventRows Whole(SourceFeed feed, string path)
    {
        var text = File.ReadAllBytes(path);
        return feed.Decode(Path.GetFileName(path), (decoder, rows, now) => decoder.Json(text, rows, now));
    }

    static IEnumerable<EventRows> Lines(SourceFeed feed, string path, CancellationToken token)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, FileOptions.SequentialScan);
        var buffer = new byte[BatchBytes];
        var (filled, first) = (0, 0L);
        for (var more = true; more;)
        {
            token.ThrowIfCancellationRequested();
            if (filled == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
            var read = file.Read(buffer, filled, buffer.Length - filled);
            (more, filled) = (read > 0, filled + read);
            var end = more ? buffer.AsSpan(0, filled).LastIndexOf((byte)'\n') + 1 : filled;
            if (end == 0) continue;
            var (text, before) = (buffer, first);
            var rows = feed.Decode(Path.GetFileName(path), (decoder, to, now) => Lines(decoder, text.AsSpan(0, end), Path.GetFileName(path), before, to, now));
            first += rows.Rows;
            Buffer.BlockCopy(buffer, end, buffer, 0, filled - end);
            filled -= end;
            yield return rows;
        }
    }

    static void Lines(EventDecoder decoder, ReadOnlySpan<byte> text, string name, long first, EventRows to, long now)
    {
        if (first == 0 && text.StartsWith("\uFEFF"u8)) text = text[3..];
        while (!text.IsEmpty)
        {
            var end = text.IndexOf((byte)'\n');
            var line = (end < 0 ? text : text[..end]).Trim(" \t\r"u8);
            text = end < 0 ? default : text[(end + 1)..];
            if (!line.IsEmpty) decoder.Object(line, to, now, string.Create(CultureInfo.InvariantCulture, $"{name}, event {first + to.Rows + 1}"));
        }
    }

    static IEnumerable<EventRows> Table(SourceFeed feed, IBatchEngine engine, string path, TableFormat format, long skip, CancellationToken token)
    {
        var table = new TableInput { Name = path, Format = format, Files = [new(Path.GetFullPath(path))] };
        var found = engine.ReadSchema(table, token);
        var columns = Log.LogColumns.Of(feed.Source);
        // A CSV field is what its text says, as the source's type; elsewhere a column has a type of its own.
        var read = columns.Fields.Where(c => found.IndexOf(c.Name) >= 0).Select(c => new ScanColumn(c.Name, new(c.Name, format == TableFormat.Csv ? FeatureType.String : found[found.IndexOf(c.Name)].Type))).ToList();
        if (read.Count == 0) throw new LockstepException(ErrorKind.BadArguments, $"{path} has no column of source '{feed.Source.Name}'. Its columns: {string.Join(", ", found.Fields.Select(f => f.Name))}; the source's: {string.Join(", ", columns.Fields.Select(f => f.Name))}.");
        foreach (var column in read)
            if (!ColumnCast.Exists(column.As.Type, columns[columns.IndexOf(column.Column)].Type) && format != TableFormat.Csv)
                throw new LockstepException(ErrorKind.BadArguments, $"{path}: column '{column.Column}' is {column.As.Type}, which cannot become {columns[columns.IndexOf(column.Column)].Type}.");
        var unknown = found.Fields.Select(f => f.Name).Where(n => columns.IndexOf(n) < 0).ToList();
        using var reader = engine.Scan(new() { Table = table, Columns = read, KeepOrder = true }, token);
        var batch = new ColumnBatch(reader.Schema);
        var sources = columns.Fields.Select(c => read.FindIndex(r => r.Column == c.Name) is >= 0 and var at ? batch[at] : null).ToList();
        for (var first = 0L; reader.Read(batch, token); first += batch.Count)
            for (var from = (int)Math.Clamp(skip - first, 0, batch.Count); from < batch.Count; from += BatchRows)
            {
                var (begin, end, before) = (from, Math.Min(batch.Count, from + BatchRows), first);
                yield return feed.Decode(Path.GetFileName(path), (decoder, rows, now) =>
                {
                    rows.Unknown.UnionWith(unknown);
                    for (var row = begin; row < end; row++)
                        decoder.Row(sources, row, rows, now, string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(path)}, event {before + row + 1}"), format == TableFormat.Csv);
                });
            }
    }
}
