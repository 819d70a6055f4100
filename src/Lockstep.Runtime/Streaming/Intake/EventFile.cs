using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Engine.Text;
using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Runtime.Streaming.Intake;

/// <summary>A file of events, in the formats of tables: each row is an event, taken or refused by itself.</summary>
public static class EventFile
{
    const int BatchRows = 8 * 1024;

    /// <param name="feed">Of the source that the events are of.</param>
    /// <param name="engine">Reads Parquet.</param>
    /// <param name="path">The file.</param>
    /// <param name="name">What refused events say that they are from.</param>
    /// <param name="format">How it is written.</param>
    /// <param name="skip">Rows at its beginning that are left out, of CSV and Parquet.</param>
    /// <param name="token">Stops it.</param>
    public static IEnumerable<EventRows> Read(SourceFeed feed, IBatchEngine engine, string path, string name, TableFormat format, long skip, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(feed);
        ArgumentNullException.ThrowIfNull(engine);
        return format switch
        {
            TableFormat.JsonLines => Lines(feed, path, name, token),
            TableFormat.Json => [Whole(feed, path, name)],
            TableFormat.Csv => Csv(feed, path, name, skip, token),
            TableFormat.Parquet => Parquet(feed, engine, path, name, skip, token),
            _ => throw new LockstepException(ErrorKind.BadArguments, $"'{name}' is no file of events: they are read from .jsonl, .json, .csv and .parquet."),
        };
    }

    static EventRows Whole(SourceFeed feed, string path, string name)
    {
        var text = File.ReadAllBytes(path);
        return feed.Decode(name, (decoder, rows, now) => decoder.Json(text, rows, now));
    }

    static IEnumerable<EventRows> Lines(SourceFeed feed, string path, string name, CancellationToken token)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
        foreach (var piece in new EventLines(feed).Read(file, name, new(0, 0), RandomAccess.GetLength(file), toEnd: true, token)) yield return piece.Rows;
    }

    static IEnumerable<EventRows> Csv(SourceFeed feed, string path, string name, long skip, CancellationToken token)
    {
        var columns = LogColumns.Of(feed.Source);
        using var records = (CsvRecords)TextRecords.OpenFile(path, TableFormat.Csv, name);
        var (found, unknown) = Match(name, records.Names, columns, feed.Source);
        records.Select([.. found.Select(f => columns[f].Name)]);
        // A CSV field is what its text says, as the source's type.
        BytesColumn[] texts = [.. found.Select(_ => (BytesColumn)Column.Create(FeatureType.String))];
        var sources = columns.Fields.Select((_, i) => Array.IndexOf(found, i) is >= 0 and var at ? texts[at] : null).ToList();
        for (; skip > 0 && records.TryTexts(texts, out _, out _); skip--)
            foreach (var column in texts) column.Clear();
        for (var more = true; more;)
        {
            token.ThrowIfCancellationRequested();
            var piece = feed.Decode(name, (decoder, rows, now) =>
            {
                rows.Unit = "line";
                rows.Unknown.UnionWith(unknown);
                while (rows.Rows < BatchRows && (more = records.TryTexts(texts, out var wrong, out var text)))
                {
                    rows.Number = records.Line;
                    if (wrong is null) decoder.Row(sources, 0, rows, now, isText: true);
                    else
                    {
                        rows.Rows++;
                        rows.Refuse(wrong, text);
                    }
                    foreach (var column in texts) column.Clear();
                }
            });
            if (piece.Rows > 0) yield return piece;
        }
    }

    static IEnumerable<EventRows> Parquet(SourceFeed feed, IBatchEngine engine, string path, string name, long skip, CancellationToken token)
    {
        var table = new TableInput { Name = name, Format = TableFormat.Parquet, Files = [new(Path.GetFullPath(path))] };
        var inFile = engine.ReadSchema(table, token);
        var columns = LogColumns.Of(feed.Source);
        var (found, unknown) = Match(name, [.. inFile.Fields.Select(f => f.Name)], columns, feed.Source);
        var read = found.Select(f => new ScanColumn(columns[f].Name, inFile[inFile.IndexOf(columns[f].Name)])).ToList();
        foreach (var column in read)
            if (!ColumnCast.Exists(column.As.Type, columns[columns.IndexOf(column.Column)].Type))
                throw new LockstepException(ErrorKind.BadArguments, $"{name}: column '{column.Column}' is {column.As.Type}, which cannot become {columns[columns.IndexOf(column.Column)].Type}.");
        using var reader = engine.Scan(new() { Table = table, Columns = read, KeepOrder = true }, token);
        var batch = new ColumnBatch(reader.Schema);
        var sources = columns.Fields.Select((_, i) => Array.IndexOf(found, i) is >= 0 and var at ? batch[at] : null).ToList();
        for (var first = 0L; reader.Read(batch, token); first += batch.Count)
            for (var from = (int)Math.Clamp(skip - first, 0, batch.Count); from < batch.Count; from += BatchRows)
            {
                var (begin, end, before) = (from, Math.Min(batch.Count, from + BatchRows), first);
                yield return feed.Decode(name, (decoder, rows, now) =>
                {
                    rows.Unit = "row";
                    rows.Unknown.UnionWith(unknown);
                    for (var row = begin; row < end; row++)
                    {
                        rows.Number = before + row + 1;
                        decoder.Row(sources, row, rows, now, isText: false);
                    }
                });
            }
    }

    /// <summary>The source's columns that a file has, and the file's that the source has not.</summary>
    static (int[] Found, List<string> Unknown) Match(string name, IReadOnlyList<string> inFile, Schema columns, Source source)
    {
        int[] found = [.. Enumerable.Range(0, columns.Count).Where(i => inFile.Contains(columns[i].Name))];
        if (found.Length == 0) throw new LockstepException(ErrorKind.BadArguments, $"{name} has no column of source '{source.Name}'. Its columns: {string.Join(", ", inFile)}; the source's: {string.Join(", ", columns.Fields.Select(f => f.Name))}.");
        return (found, [.. inFile.Where(n => columns.IndexOf(n) < 0)]);
    }
}
