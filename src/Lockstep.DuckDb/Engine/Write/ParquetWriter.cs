using System.Runtime.ExceptionServices;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Native;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Engine.Write;

/// <summary>
/// Writes a Parquet file with lists, or one that stays: rows are gathered into row groups, which DuckDB takes from an <see cref="ArrowFeed"/> and compresses with zstd on
/// all its threads, in order. A file of a single group is written by <see cref="Complete"/> itself, without a thread of its own.
/// Memory: the group being filled, two that wait, and those that are being compressed.
/// </summary>
internal sealed unsafe class ParquetWriter : BatchWriter
{
    const int Step = 2048, GroupRows = 60 * Step; // DuckDB's vector, and its usual row group
    const long GroupBytes = 64 << 20;

    static int s_number;

    readonly string _path;
    readonly FileReplacement _file;
    readonly Connection _connection;
    readonly QueueFeed _feed;
    readonly ArrowColumn[] _columns;
    readonly string _view = $"feed_{Interlocked.Increment(ref s_number)}";
    readonly CancellationTokenSource _stop = new();
    int _groupRows = GroupRows;
    Task? _copy;
    bool _completed, _disposed;

    public ParquetWriter(Connection connection, string path, Schema schema)
    {
        (_path, _connection, Schema) = (path, connection, schema);
        _file = new FileReplacement(path);
        _columns = [.. schema.Fields.Select(f => ArrowColumn.Create(f.Type))];
        _feed = new QueueFeed(schema);
    }

    /// <summary>What no Parquet file can have.</summary>
    public static void Check(string path, Schema schema)
    {
        if (schema.Count == 0) throw new LockstepException(ErrorKind.Failed, $"{path}: a Parquet file needs at least one column.");
        if (schema.Fields.GroupBy(f => f.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } same)
            throw new LockstepException(ErrorKind.Failed, $"{path}: the columns '{string.Join("' and '", same.Select(f => f.Name))}' differ only in case, which Parquet's readers do not tell apart. Rename one.");
    }

    public override Schema Schema { get; }

    public override void Write(ColumnBatch batch, CancellationToken token)
    {
        ObjectDisposedException.ThrowIf(_disposed || _completed, this);
        for (var row = 0; row < batch.Count;)
        {
            var rows = Math.Min(Step - _columns[0].Count % Step, batch.Count - row);
            for (var i = 0; i < _columns.Length; i++) _columns[i].Append(batch[i], row, rows);
            row += rows;
            var gathered = _columns[0].Count;
            if (_copy is null && gathered % Step == 0 && _columns.Sum(c => c.Bytes) >= GroupBytes) _groupRows = gathered; // wide rows: smaller groups
            if (gathered == _groupRows) PutGroup(token);
        }
    }

    public override void Complete(CancellationToken token)
    {
        ObjectDisposedException.ThrowIf(_disposed || _completed, this);
        var alone = _copy is null;
        if (_columns[0].Count > 0) _feed.Put(ArrowArrays.Group(_columns), token); // where the copy runs, it makes room; where not, there is room
        _feed.End();
        try
        {
            if (alone) Copy(token);
            else _copy!.Wait(token);
            _file.Commit();
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerException!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LockstepException(ErrorKind.Failed, $"{_path} cannot be written: {e.Message}", e);
        }
        _completed = true;
    }

    void PutGroup(CancellationToken token)
    {
        _copy ??= Task.Factory.StartNew(() => Copy(_stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(token, _stop.Token);
        try
        {
            _feed.Put(ArrowArrays.Group(_columns), either.Token);
        }
        catch (OperationCanceledException) when (!token.IsCancellationRequested)
        {
            _copy.GetAwaiter().GetResult(); // it failed, and says why
            throw;
        }
    }

    void Copy(CancellationToken token)
    {
        try
        {
            _feed.Register(_connection, _view);
            _connection.Execute($"copy (from {_view}) to {Sql.Text(_file.TempPath)} (format parquet, compression zstd, row_group_size {Sql.Number(_groupRows)}, preserve_order true)", token);
            _connection.Execute($"drop view {_view}", token);
        }
        catch (DuckDbException e)
        {
            throw new LockstepException(ErrorKind.Failed, $"{_path} cannot be written: {e.Message}", e);
        }
        finally
        {
            _stop.Cancel(); // nobody takes groups any more: a Write that waits fails instead of waiting for ever
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            _feed.Abort();
            _stop.Cancel();
            if (_copy is not null) ((IAsyncResult)_copy).AsyncWaitHandle.WaitOne(); // its failure was told, or is of no interest: nothing was to be kept
            _connection.Dispose();
            foreach (var column in _columns) column.Dispose();
            _feed.Dispose();
            _file.Dispose();
            _stop.Dispose();
        }
        base.Dispose(disposing);
    }
}
