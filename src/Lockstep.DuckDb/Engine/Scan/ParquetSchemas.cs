using System.Text;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine.Vectors;
using Lockstep.DuckDb.Native;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Engine.Scan;

/// <summary>A column of a Parquet file, under the name that stands in the file.</summary>
internal sealed record FileColumn(string Name, DuckType Type)
{
    /// <summary>Instants in nanoseconds, marked as UTC, which DuckDB hands over in microseconds, rounded towards 1970.</summary>
    public bool IsUtcNanos { get; init; }
}

/// <summary>Files that have the same columns in the same order, so that one query reads them all and no value is converted by DuckDB.</summary>
internal sealed record FileGroup(IReadOnlyList<FileColumn> Columns, IReadOnlyList<TableFile> Files)
{
    /// <summary>For files that are read from a copy, its path.</summary>
    public IReadOnlyDictionary<string, string> Copies { get; init; } = new Dictionary<string, string>();

    public string PathOf(TableFile file) => Copies.GetValueOrDefault(file.Path, file.Path);
    public IEnumerable<string> Paths => Files.Select(PathOf);

    public int IndexOf(string name)
    {
        for (var i = 0; i < Columns.Count; i++)
            if (Columns[i].Name == name) return i;
        return -1;
    }
}

/// <summary>Reads the footers of all files in one query and puts equal ones together.</summary>
internal static class ParquetSchemas
{
    /// <summary>With <paramref name="keepOrder"/>, only neighbours are put together.</summary>
    public static IReadOnlyList<FileGroup> Read(Connection connection, TableInput table, bool keepOrder, CancellationToken token)
    {
        var shapes = Shapes(connection, table, token);
        List<(string Shape, List<TableFile> Files)> groups = [];
        Dictionary<string, int> known = new(StringComparer.Ordinal);
        foreach (var file in table.Files)
        {
            if (!shapes.TryGetValue(Path.GetFullPath(file.Path), out var shape)) throw FileFaults.Missing(table, file);
            if (keepOrder ? groups.Count > 0 && groups[^1].Shape == shape : known.ContainsKey(shape))
                groups[keepOrder ? groups.Count - 1 : known[shape]].Files.Add(file);
            else
            {
                known[shape] = groups.Count;
                groups.Add((shape, [file]));
            }
        }
        Dictionary<string, IReadOnlyList<FileColumn>> columns = new(StringComparer.Ordinal);
        foreach (var (shape, files) in groups)
            if (!columns.ContainsKey(shape)) columns.Add(shape, Columns(connection, table, files[0], shape));
        return [.. groups.Select(g => new FileGroup(columns[g.Shape], g.Files))];
    }

    // One line a top-level column: its name, then all that the footer says of its type.
    static Dictionary<string, string> Shapes(Connection connection, TableInput table, CancellationToken token)
    {
        Dictionary<string, StringBuilder> shapes = new(StringComparer.Ordinal);
        try
        {
            using var rows = connection.Stream(
                "select file_name, name, coalesce(num_children, 0), concat_ws('|', type, type_length, repetition_type, num_children, duckdb_type, converted_type, scale, precision, logical_type) "
                + $"from parquet_schema({Sql.Files(table.Files.Select(f => f.Path).Distinct(StringComparer.Ordinal))})", token);
            var batch = new ColumnBatch(new Schema([new("file", FeatureType.String), new("name", FeatureType.String), new("children", FeatureType.Int64), new("type", FeatureType.String)]));
            var readers = batch.Columns.Select((c, i) => VectorReader.For(rows.Columns[i].Type, c.Type)!).ToArray();
            var (file, open) = ("", new Stack<long>()); // the root first: a file's rows are its tree in depth-first order
            while (rows.Next(token))
            {
                batch.Clear();
                for (var i = 0; i < readers.Length; i++) readers[i].Append(rows.Vector(i), rows.Rows, batch[i]);
                for (var row = 0; row < rows.Rows; row++)
                {
                    var name = Encoding.UTF8.GetString(((BytesColumn)batch[0])[row]);
                    var children = ((FixedColumn<long>)batch[2]).Values[row];
                    if (open.Count == 0)
                    {
                        file = Path.GetFullPath(name);
                        shapes.Add(file, new StringBuilder());
                        if (children > 0) open.Push(children);
                        continue;
                    }
                    var column = Encoding.UTF8.GetString(((BytesColumn)batch[1])[row]);
                    shapes[file].Append(open.Count == 1 ? '\n' : '\t').Append(column.Replace('\n', '\u2028')).Append('\u001f')
                        .Append(Encoding.UTF8.GetString(((BytesColumn)batch[3])[row]));
                    open.Push(open.Pop() - 1);
                    if (children > 0) open.Push(children);
                    while (open.Count > 0 && open.Peek() == 0) open.Pop();
                }
            }
        }
        catch (DuckDbException e)
        {
            throw FileFaults.Explain(table, e);
        }
        return shapes.ToDictionary(s => s.Key, s => s.Value.ToString(), StringComparer.Ordinal);
    }

    /// <summary>The columns of a group with the types that a changed copy of its first file has.</summary>
    public static IReadOnlyList<FileColumn> Retyped(Connection connection, TableInput table, FileGroup group, string copy)
    {
        try
        {
            using var statement = connection.Prepare($"select * from read_parquet({Sql.Files([copy])}, hive_partitioning = false)")[0];
            var types = statement.Columns;
            return [.. group.Columns.Select((c, i) => new FileColumn(c.Name, types[i].Type))];
        }
        catch (DuckDbException e)
        {
            throw FileFaults.Explain(table with { Files = [group.Files[0]] }, e);
        }
    }

    static IReadOnlyList<FileColumn> Columns(Connection connection, TableInput table, TableFile file, string shape)
    {
        try
        {
            using var statement = connection.Prepare($"select * from read_parquet({Sql.Files([file.Path])}, hive_partitioning = false)")[0];
            var types = statement.Columns;
            var lines = shape.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            if (lines.Length != types.Count)
                throw new LockstepException(ErrorKind.Failed, $"{table.Name}: {file.Path} has {lines.Length} columns in its footer and {types.Count} on reading.");
            return [.. lines.Select((line, i) =>
            {
                var end = line.IndexOf('\u001f', StringComparison.Ordinal);
                return new FileColumn(line[..end], types[i].Type)
                {
                    IsUtcNanos = line.Contains("isAdjustedToUTC=1, unit=TimeUnit(MILLIS=<null>, MICROS=<null>, NANOS=NanoSeconds", StringComparison.Ordinal),
                };
            })];
        }
        catch (DuckDbException e)
        {
            throw FileFaults.Explain(table with { Files = [file] }, e);
        }
    }
}
