using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Engine.Write.Parquet;

/// <summary>
/// Writes a Parquet file of columns without lists. Rows are gathered into row groups; the columns of a group are encoded side by side on the
/// pool's threads while the next group is gathered, and groups are written in order. A file of a single group needs no other thread.
/// Memory: the group being gathered and two that are being encoded.
/// </summary>
internal sealed class FlatParquetWriter : BatchWriter
{
    const int GroupRows = 122_880, GroupsInWork = 2;
    const long GroupBytes = 64 << 20;

    readonly string _path;
    readonly FileReplacement _file;
    readonly ConcurrentBag<ColumnEncoder> _encoders = [];
    readonly ConcurrentBag<ColumnBatch> _emptied = [];
    readonly SemaphoreSlim _room = new(GroupsInWork);
    readonly List<RowGroup> _groups = [];
    readonly CancellationTokenSource _stop = new();
    FileStream? _stream;
    ColumnBatch _gathered;
    Task _written = Task.CompletedTask; // all groups so far, in order
    Task _flushed = Task.CompletedTask;
    bool _first = true; // no group was put yet
    bool _completed, _disposed;

    public FlatParquetWriter(string path, Schema schema)
    {
        (_path, Schema) = (path, schema);
        _file = new FileReplacement(path);
        _gathered = new(schema);
    }

    public static bool CanWrite(Schema schema) => schema.Fields.All(f => f.Type.Element is null);

    public override Schema Schema { get; }

    public override void Write(ColumnBatch batch, CancellationToken token)
    {
        ObjectDisposedException.ThrowIf(_disposed || _completed, this);
        for (var row = 0; row < batch.Count;)
        {
            var rows = Math.Min(GroupRows - _gathered.Count, batch.Count - row);
            for (var i = 0; i < _gathered.Columns.Count; i++) Append(_gathered[i], batch[i], row, rows);
            row += rows;
            if (_gathered.Count == GroupRows || _gathered.Columns.Sum(c => c.Bytes) >= GroupBytes) PutGroup(token);
        }
    }

    public override void Complete(CancellationToken token)
    {
        ObjectDisposedException.ThrowIf(_disposed || _completed, this);
        if (_first && _gathered.Count > 0) Append(_gathered.Count, [.. _gathered.Columns.Select(c => Encode(c, token))]);
        else if (_gathered.Count > 0) PutGroup(token);
        Wait(token);
        Guard(() =>
        {
            var file = Open();
            file.Write(FileFooter.Of(Schema, _groups));
            Settle(_flushed);
            file.Dispose();
            _file.Commit();
        });
        _completed = true;
    }

    void PutGroup(CancellationToken token)
    {
        if (_written.IsFaulted) Wait(token);
        _room.Wait(token);
        _first = false;
        var batch = _gathered;
        var chunks = batch.Columns.Select(c => Task.Run(() => Encode(c, _stop.Token), _stop.Token)).ToArray();
        _written = Put(_written, batch, Task.WhenAll(chunks));
        _gathered = _emptied.TryTake(out var emptied) ? emptied : new(Schema);
    }

    async Task Put(Task before, ColumnBatch batch, Task<ColumnChunk[]> encoding)
    {
        try
        {
            var rows = batch.Count;
            var chunks = await encoding.ConfigureAwait(false);
            batch.Clear();
            _emptied.Add(batch);
            await before.ConfigureAwait(false);
            _stop.Token.ThrowIfCancellationRequested();
            Append(rows, chunks);
        }
        finally
        {
            _room.Release(); // also where it failed: whoever waits is then told
        }
    }

    ColumnChunk Encode(Column column, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        if (!_encoders.TryTake(out var encoder)) encoder = new();
        var chunk = encoder.Encode(column);
        _encoders.Add(encoder);
        return chunk;
    }

    void Append(int rows, ColumnChunk[] chunks) => Guard(() =>
    {
        var file = Open();
        foreach (var chunk in chunks)
        {
            chunk.Offset = file.Position;
            file.Write(chunk.Bytes);
            chunk.Release();
        }
        _groups.Add(new(rows, chunks));
        // What is on the disk already need not be waited for at the end. A failure is told there: the file is flushed once more.
        if (!_first && _flushed.IsCompleted) _flushed = Task.Run(() => RandomAccess.FlushToDisk(file.SafeFileHandle), CancellationToken.None);
    });

    FileStream Open()
    {
        if (_stream is not null) return _stream;
        _stream = new(_file.TempPath, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        _stream.Write(FileFooter.Magic);
        return _stream;
    }

    void Wait(CancellationToken token)
    {
        try
        {
            _written.Wait(token);
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerException!);
        }
    }

    void Guard(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LockstepException(ErrorKind.Failed, $"{_path} cannot be written: {e.Message}", e);
        }
    }

    static void Settle(Task task) => ((IAsyncResult)task).AsyncWaitHandle.WaitOne();

    static void Append(Column to, Column from, int first, int count)
    {
        if (first == 0 && count == from.Count)
            switch (to)
            {
                case FixedColumn<byte> c: c.AppendRange(((FixedColumn<byte>)from).Values, from.Validity); return;
                case FixedColumn<int> c: c.AppendRange(((FixedColumn<int>)from).Values, from.Validity); return;
                case FixedColumn<long> c: c.AppendRange(((FixedColumn<long>)from).Values, from.Validity); return;
                case FixedColumn<float> c: c.AppendRange(((FixedColumn<float>)from).Values, from.Validity); return;
                case FixedColumn<double> c: c.AppendRange(((FixedColumn<double>)from).Values, from.Validity); return;
            }
        to.AppendRows(from, [.. Enumerable.Range(first, count)]);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            _stop.Cancel();
            Settle(_written); // its failure was told, or is of no interest: nothing was to be kept
            Settle(_flushed);
            _stream?.Dispose();
            _file.Dispose();
            _room.Dispose();
            _stop.Dispose();
        }
        base.Dispose(disposing);
    }
}

/// <summary>What the footer says of some rows.</summary>
internal sealed record RowGroup(int Rows, IReadOnlyList<ColumnChunk> Chunks);
