using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Native;

namespace Lockstep.DuckDb.Engine.Write;

/// <summary>
/// A table that DuckDB pulls row group by row group, through Arrow's stream interface. Its threads convert and compress the groups side by
/// side and keep their order; values of fixed width are used where they stand. At most two groups wait; whoever puts a third waits.
/// </summary>
internal sealed unsafe class ArrowFeed : IDisposable
{
    readonly BlockingCollection<nint> _groups = new(2);
    readonly CancellationTokenSource _abort = new();
    readonly GCHandle _self;
    readonly ArrowSchema* _schema;
    readonly ArrowStream* _stream;
    readonly byte* _stopped;

    public ArrowFeed(Schema schema)
    {
        _self = GCHandle.Alloc(this);
        _schema = ArrowArrays.Describe(schema);
        _stopped = (byte*)Marshal.StringToCoTaskMemUTF8("The rows ended before they were complete.");
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

    /// <summary>Makes the table known to a connection's database; the feed must outlive the view.</summary>
    public void Register(Connection connection, string view)
    {
        if (Api.duckdb_arrow_scan(connection.Handle, view, _stream) != State.Success)
            throw new DuckDbException(ErrorType.Invalid, $"DuckDB does not take the table {view}.");
    }

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

    public void Dispose()
    {
        while (_groups.TryTake(out var group)) ArrowArrays.Free((ArrowArray*)group);
        _groups.Dispose();
        _abort.Dispose();
        ArrowArrays.Free(_schema);
        NativeMemory.Free(_stream);
        Marshal.FreeCoTaskMem((nint)_stopped);
        _self.Free();
    }

    static ArrowFeed Of(ArrowStream* stream) => (ArrowFeed)GCHandle.FromIntPtr((nint)stream->Private).Target!;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int GetSchema(ArrowStream* stream, ArrowSchema* to)
    {
        *to = *Of(stream)._schema;
        return 0;
    }

    // Called by one thread at a time, any of DuckDB's.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int GetNext(ArrowStream* stream, ArrowArray* to)
    {
        var feed = Of(stream);
        *to = default; // without a release: the end
        try
        {
            if (feed._groups.TryTake(out var group, Timeout.Infinite, feed._abort.Token)) ArrowArrays.Move((ArrowArray*)group, to);
            return 0;
        }
        catch (OperationCanceledException)
        {
            return 125; // ECANCELED
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static byte* GetLastError(ArrowStream* stream) => Of(stream)._stopped;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Release(ArrowStream* stream) => stream->Release = null;
}
