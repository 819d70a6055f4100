using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Native;

namespace Lockstep.DuckDb.Engine.Write;

/// <summary>A table that DuckDB pulls through Arrow's stream interface, row group by row group; values of fixed width are used where they stand.</summary>
internal abstract unsafe class ArrowFeed : IDisposable
{
    const int Canceled = 125;

    readonly GCHandle _self;
    readonly ArrowSchema* _schema;
    readonly ArrowStream* _stream;
    readonly byte* _stopped;

    protected ArrowFeed(Schema schema)
    {
        _self = GCHandle.Alloc(this);
        _schema = ArrowArrays.Describe(schema);
        _stopped = (byte*)Marshal.StringToCoTaskMemUTF8("the rows ended before they were complete");
        _stream = (ArrowStream*)NativeMemory.AllocZeroed((nuint)sizeof(ArrowStream));
        *_stream = new()
        {
            GetSchema = &GetSchema,
            GetNext = &GetNext,
            GetLastError = &GetLastError,
            Release = &Release,
            Private = (void*)GCHandle.ToIntPtr(_self),
        };
    }

    /// <summary>What made <see cref="Next"/> fail, once and for all.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Makes the table known to a connection's database; the feed must outlive the view.</summary>
    public void Register(Connection connection, string view)
    {
        if (Api.duckdb_arrow_scan(connection.Handle, view, _stream) != State.Success)
            throw new DuckDbException(ErrorType.Invalid, $"DuckDB does not take the table {view}.");
    }

    /// <summary>The next row group, which the receiver owns, or null at the end. Called by one thread at a time, any of DuckDB's.</summary>
    protected abstract ArrowArray* Next();

    public void Dispose()
    {
        Dispose(true);
        ArrowArrays.Free(_schema);
        NativeMemory.Free(_stream);
        Marshal.FreeCoTaskMem((nint)_stopped);
        _self.Free();
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);

    static ArrowFeed Of(ArrowStream* stream) => (ArrowFeed)GCHandle.FromIntPtr((nint)stream->Private).Target!;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int GetSchema(ArrowStream* stream, ArrowSchema* to)
    {
        *to = *Of(stream)._schema;
        return 0;
    }

    // No exception may pass through DuckDB's frames: it is kept, and thrown by whoever asked for the rows.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int GetNext(ArrowStream* stream, ArrowArray* to)
    {
        var feed = Of(stream);
        *to = default; // without a release: the end
        if (feed.Failure is not null) return Canceled; // another thread asks again
        try
        {
            var group = feed.Next();
            if (group != null) ArrowArrays.Move(group, to);
            return 0;
        }
        catch (Exception e)
        {
            feed.Failure = e;
            return Canceled;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static byte* GetLastError(ArrowStream* stream) => Of(stream)._stopped;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Release(ArrowStream* stream) => stream->Release = null;
}

/// <summary>
/// Row groups that a writer puts in. DuckDB's threads convert and compress them side by side and keep their order. At most two wait; whoever
/// puts a third waits.
/// </summary>
internal sealed unsafe class QueueFeed(Schema schema) : ArrowFeed(schema)
{
    readonly BlockingCollection<nint> _groups = new(2);
    readonly CancellationTokenSource _abort = new();

    /// <summary>Waits while two groups wait. The feed owns the group from here on.</summary>
    public void Put(ArrowArray* group, CancellationToken token)
    {
        try
        {
            _groups.Add((nint)group, token);
        }
        catch
        {
            ArrowArrays.Free(group);
            throw;
        }
    }

    /// <summary>No more groups come.</summary>
    public void End() => _groups.CompleteAdding();

    /// <summary>Lets whoever waits for a group fail.</summary>
    public void Abort() => _abort.Cancel();

    protected override ArrowArray* Next() => _groups.TryTake(out var group, Timeout.Infinite, _abort.Token) ? (ArrowArray*)group : null;

    protected override void Dispose(bool disposing)
    {
        while (_groups.TryTake(out var group)) ArrowArrays.Free((ArrowArray*)group);
        _groups.Dispose();
        _abort.Dispose();
    }
}

/// <summary>The rows of a reader, read as DuckDB asks for them.</summary>
internal sealed unsafe class ReaderFeed : ArrowFeed
{
    readonly BatchReader _reader;
    readonly CancellationToken _token;
    readonly ColumnBatch _batch;
    readonly ArrowColumn[] _columns;

    public ReaderFeed(BatchReader reader, CancellationToken token) : base(reader.Schema)
    {
        (_reader, _token) = (reader, token);
        _batch = new ColumnBatch(reader.Schema);
        _columns = [.. reader.Schema.Fields.Select(f => ArrowColumn.Create(f.Type))];
    }

    protected override ArrowArray* Next()
    {
        if (!_reader.Read(_batch, _token)) return null;
        for (var i = 0; i < _columns.Length; i++) _columns[i].Append(_batch[i], 0, _batch.Count);
        return ArrowArrays.Group(_columns);
    }

    protected override void Dispose(bool disposing)
    {
        foreach (var column in _columns) column.Dispose();
    }
}
