using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine.Vectors;
using Lockstep.DuckDb.Native;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Engine.Scan;

/// <summary>One streaming query over a group of files.</summary>
internal sealed class GroupScan : IDisposable
{
    readonly Connection _connection;
    readonly TableInput _table;
    readonly FileGroup _group;
    readonly string _condition;
    readonly GroupColumn[] _columns;
    readonly ResultStream _rows;
    readonly long _all; // rows within the bounds; -1 where all of them come
    long _came;
    readonly int _fileIndex; // place of the file's number in the result; -1 where no column needs it
    readonly FixedColumn<long> _files = new(FeatureType.Int64);
    readonly VectorReader? _fileReader;

    GroupScan(Connection connection, TableInput table, FileGroup group, string bounds, string wanted, GroupColumn[] columns, CancellationToken token)
    {
        var condition = wanted.Length == 0 ? bounds : $"{(bounds.Length == 0 ? " where" : bounds + " and")} {wanted}";
        (_connection, _table, _group, _condition, _columns) = (connection, table, group, condition, columns);
        _all = wanted.Length == 0 ? -1 : Count(bounds, token);
        List<string> select = [.. columns.Where(c => c.Reader is not null).Select(c => $"c{c.Source}")];
        _fileIndex = select.Count == 0 || columns.Any(c => c.Constants is not null) ? select.Count : -1;
        if (_fileIndex >= 0) select.Add("file_index::bigint");
        _rows = connection.Stream($"select {string.Join(", ", select)} from {Sql.Parquet(group.Paths, group.Columns.Count)}{condition}", token);
        if (_fileIndex >= 0) _fileReader = VectorReader.For(_rows.Columns[_fileIndex].Type, FeatureType.Int64);
    }

    /// <summary>Null when no row of the group can be within the bounds.</summary>
    public static GroupScan? Start(Connection connection, ScanRequest request, TimeBounds bounds, FileGroup group, CancellationToken token)
    {
        var condition = "";
        if (bounds.Any)
        {
            var time = request.TimeColumn!;
            if (group.Files[0].Partition.ContainsKey(time))
            {
                group = group with { Files = [.. group.Files.Where(f => InBounds(request.Table, f, time, bounds))] };
                if (group.Files.Count == 0) return null;
            }
            else if (group.IndexOf(time) is >= 0 and var at)
            {
                if (bounds.Condition($"c{at}", group.Columns[at].Type) is { } sql) condition = $" where {sql}";
            }
            else return null; // its rows have no time at all
        }
        var columns = request.Columns.Select(c => GroupColumn.Create(request.Table, group, c)).ToArray();
        try
        {
            return new GroupScan(connection, request.Table, group, condition, ScanConditions.Print(request.Where, group), columns, token);
        }
        catch (DuckDbException e)
        {
            throw FileFaults.Explain(request.Table with { Files = group.Files }, e);
        }
    }

    /// <summary>Rows that the conditions kept away; known when the end is reached.</summary>
    public long LeftOut => _all < 0 ? 0 : _all - _came;

    // Without bounds DuckDB answers from the footers.
    long Count(string bounds, CancellationToken token)
    {
        using var another = _connection.Another();
        using var answer = another.Stream($"select count(*) from {Sql.Parquet(_group.Paths, _group.Columns.Count)}{bounds}", token);
        var count = new FixedColumn<long>(FeatureType.Int64);
        if (answer.Next(token)) new CopyReader<long>().Append(answer.Vector(0), answer.Rows, count);
        return count.Values[0];
    }

    static bool InBounds(TableInput table, TableFile file, string time, TimeBounds bounds)
    {
        var constant = GroupColumn.Constant(table, file, new ScanColumn(time, new Field(time, FeatureType.Timestamp)));
        return !constant.IsNull(0) && bounds.Hold(((FixedColumn<long>)constant).Values[0]);
    }

    /// <summary>Appends the next chunk; false at the end of the group.</summary>
    public bool TryAppend(ColumnBatch batch, long[] nonFinite, CancellationToken token)
    {
        try
        {
            if (!_rows.Next(token)) return false;
        }
        catch (DuckDbException e)
        {
            throw Explain(e, token);
        }
        _came += _rows.Rows;
        if (_fileReader is not null)
        {
            _files.Clear();
            _fileReader.Append(_rows.Vector(_fileIndex), _rows.Rows, _files);
        }
        for (int i = 0, vector = 0; i < _columns.Length; i++)
        {
            var column = _columns[i];
            if (column.Reader is { } reader)
            {
                try
                {
                    reader.Append(_rows.Vector(vector++), _rows.Rows, batch[i]);
                }
                catch (LossyValueException)
                {
                    throw Locate(column, token);
                }
                nonFinite[i] += reader.NonFinite;
                reader.NonFinite = 0;
            }
            else if (column.Constants is { } constants)
                foreach (var file in _files.Values) batch[i].AppendFrom(constants[(int)file], 0);
            else
                for (var row = 0; row < _rows.Rows; row++) batch[i].AppendNull();
        }
        return true;
    }

    // The second pass: the files in order, the rows in order, this column alone. What it names is the first such value, whatever ran first.
    LockstepException Locate(GroupColumn column, CancellationToken token)
    {
        using var connection = _connection.Another();
        var number = _group.Columns.Any(c => c.Name.Equals("file_row_number", StringComparison.OrdinalIgnoreCase)) ? "null::bigint" : "file_row_number";
        foreach (var file in _group.Files)
        {
            using var rows = connection.Stream($"select c{column.Source}, {number} from {Sql.Parquet([_group.PathOf(file)], _group.Columns.Count)}{_condition}", token);
            var reader = VectorReader.For(_group.Columns[column.Source].Type, column.As.Type)!;
            var (scratch, numbers) = (Column.Create(column.As.Type), new FixedColumn<long>(FeatureType.Int64));
            while (rows.Next(token))
            {
                scratch.Clear();
                try
                {
                    reader.Append(rows.Vector(0), rows.Rows, scratch);
                }
                catch (LossyValueException e)
                {
                    new CopyReader<long>().Append(rows.Vector(1), rows.Rows, numbers);
                    var row = numbers.IsNull(e.Row) ? "" : $"row {Sql.Number(numbers.Values[e.Row] + 1)}, ";
                    return new LockstepException(ErrorKind.Failed,
                        $"{_table.Name}: {file.Path}, {row}column '{_group.Columns[column.Source].Name}' ({_group.Columns[column.Source].Type}): {e.Message}.", e);
                }
            }
        }
        return new LockstepException(ErrorKind.Failed,
            $"{_table.Name}: a value of column '{_group.Columns[column.Source].Name}' did not convert to {column.As.Type}, and now all do: the files changed while they were read.");
    }

    // A file that is damaged inside need not be named by DuckDB: read one by one, the first that fails is it.
    LockstepException Explain(DuckDbException error, CancellationToken token)
    {
        if (_group.Files.Count > 1 && !error.IsInterrupt && !_group.Files.Any(f => error.Message.Contains(f.Path, StringComparison.Ordinal)))
            foreach (var file in _group.Files)
                try
                {
                    using var connection = _connection.Another();
                    using var rows = connection.Stream($"select {string.Join(", ", _columns.Where(c => c.Reader is not null).Select(c => $"c{c.Source}").Append("1"))} from {Sql.Parquet([_group.PathOf(file)], _group.Columns.Count)}{_condition}", token);
                    while (rows.Next(token)) { }
                }
                catch (DuckDbException e)
                {
                    return FileFaults.Explain(_table with { Files = [file] }, e);
                }
        return FileFaults.Explain(_table with { Files = _group.Files }, error);
    }

    public void Dispose() => _rows.Dispose();
}
