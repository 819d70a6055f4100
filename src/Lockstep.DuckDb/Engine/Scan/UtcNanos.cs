using System.Text;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine.Vectors;
using Lockstep.DuckDb.Native;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Engine.Scan;

/// <summary>
/// DuckDB hands nanoseconds that are marked as UTC over as microseconds, rounded towards 1970; S1 rounds down. The two differ before 1970
/// only, so only files that reach back so far, by their statistics, are read from a copy without the mark, as the nanoseconds that they are.
/// </summary>
internal sealed class UtcNanos(string scratch) : IDisposable
{
    readonly string _folder = Path.Combine(scratch, $"nanos-{Guid.NewGuid():N}");
    int _copies;

    /// <summary>The groups, those apart that are read from copies.</summary>
    public IReadOnlyList<FileGroup> Mend(Connection connection, TableInput table, IReadOnlyList<FileGroup> groups, Func<string, bool> isRead, CancellationToken token)
    {
        if (!groups.Any(g => g.Columns.Any(c => c.IsUtcNanos && isRead(c.Name)))) return groups;
        List<FileGroup> mended = [];
        foreach (var group in groups)
        {
            var columns = group.Columns.Where(c => c.IsUtcNanos && isRead(c.Name)).Select(c => c.Name).ToList();
            var early = columns.Count == 0 ? [] : Early(connection, table, group, columns, token);
            if (early.Count == 0) { mended.Add(group); continue; }
            foreach (var run in Runs(group, f => early.Contains(Path.GetFullPath(f.Path))))
                mended.Add(early.Contains(Path.GetFullPath(run.Files[0].Path)) ? Copy(connection, table, run) : run);
        }
        return mended;
    }

    static HashSet<string> Early(Connection connection, TableInput table, FileGroup group, List<string> columns, CancellationToken token)
    {
        var paths = string.Join(" or ", columns.Select(c => $"path_in_schema = {Sql.Text(c)} or starts_with(path_in_schema, {Sql.Text(c + ", ")})"));
        HashSet<string> early = new(StringComparer.Ordinal);
        try
        {
            using var rows = connection.Stream(
                $"select distinct file_name from parquet_metadata({Sql.Files(group.Files.Select(f => f.Path))}) "
                + $"where ({paths}) and coalesce(try_cast(stats_min_value as timestamptz) <= make_timestamptz(0), true)", token);
            var names = new BytesColumn(FeatureType.String);
            for (var reader = new BytesReader(); rows.Next(token);) reader.Append(rows.Vector(0), rows.Rows, names);
            for (var i = 0; i < names.Count; i++) early.Add(Path.GetFullPath(Encoding.UTF8.GetString(names[i])));
            return early;
        }
        catch (DuckDbException e)
        {
            throw FileFaults.Explain(table with { Files = group.Files }, e);
        }
    }

    // Neighbours stay together and in order, for those who asked for the order of files.
    static IEnumerable<FileGroup> Runs(FileGroup group, Func<TableFile, bool> isEarly)
    {
        for (var first = 0; first < group.Files.Count;)
        {
            var end = first + 1;
            while (end < group.Files.Count && isEarly(group.Files[end]) == isEarly(group.Files[first])) end++;
            yield return group with { Files = [.. group.Files.Skip(first).Take(end - first)] };
            first = end;
        }
    }

    FileGroup Copy(Connection connection, TableInput table, FileGroup group)
    {
        Directory.CreateDirectory(_folder);
        Dictionary<string, string> copies = new(StringComparer.Ordinal);
        foreach (var file in group.Files)
        {
            var copy = Path.Combine(_folder, $"{_copies++}.parquet");
            try
            {
                ParquetFooter.CopyMarked(file.Path, copy, utc: false);
            }
            catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
            {
                throw new LockstepException(ErrorKind.Failed, $"{table.Name}: {file.Path} holds instants in nanoseconds before 1970 and cannot be copied to be read: {e.Message}", e);
            }
            copies[file.Path] = copy;
        }
        return group with { Columns = ParquetSchemas.Retyped(connection, table, group, copies[group.Files[0].Path]), Copies = copies };
    }

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, true);
    }
}
