using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Lockstep.Sqlite.OnlineStore;

/// <summary>What identifies the last commit to the file: a change counter and the checksum of the log's header.</summary>
internal readonly record struct WalStamp(ulong Change, ulong Checksum)
{
    /// <summary>Goes up by one with every commit, by whichever process.</summary>
    public uint Counter => (uint)(BitConverter.IsLittleEndian ? Change : Change >> 32);
}

// PRAGMA data_version says whether another process has committed, at the cost of a statement and two system calls. The same news
// stands in the header of the wal-index, which every connection has mapped: SQLite writes it at the end of each commit, before the
// commit returns, and every reader begins there (sqlite.org/walformat.html, 2.1: bytes 8 to 15 hold iChange, 40 to 47 the checksum
// of the header). Reading 16 bytes of shared memory costs nothing, so that a cached read can ask every time.
// The pointer comes from SQLite itself (SQLITE_FCNTL_FILE_POINTER, xShmMap): a second handle of our own on that file would,
// on closing, drop SQLite's POSIX locks. It holds as long as the connection is open. Torn reads show as a change: harmless.
/// <summary>Tells without a statement whether anybody has written since.</summary>
internal sealed unsafe partial class WalClock
{
    const int FilePointer = 7;     // SQLITE_FCNTL_FILE_POINTER
    const int ShmMapSlot = 13;     // of sqlite3_io_methods: iVersion and xClose to xDeviceCharacteristics come before
    const int RegionSize = 32768;

    readonly byte* _header;

    WalClock(byte* header) => _header = header;

    /// <summary>Null where SQLite does not share memory: nothing may then be cached.</summary>
    public static WalClock? TryOpen(RawConnection connection)
    {
        connection.Int64("SELECT count(*) FROM sqlite_master"); // a read maps the index
        nint file = 0;
        if (FileControl(connection.Handle, "main", FilePointer, &file) != 0 || file == 0) return null;
        var methods = *(nint**)file;
        if (methods is null || *(int*)methods < 2) return null;
        var map = (delegate* unmanaged[Cdecl]<nint, int, int, int, void**, int>)methods[ShmMapSlot];
        void* region = null;
        return map(file, 0, RegionSize, 0, &region) == 0 && region is not null ? new((byte*)region) : null;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public WalStamp Read() => new(Volatile.Read(ref *(ulong*)(_header + 8)), Volatile.Read(ref *(ulong*)(_header + 40)));

    /// <summary>Pages in the log, whether or not the file has them already; it begins again at none (walformat.html, 2.1: mxFrame).</summary>
    public uint LogPages => Volatile.Read(ref *(uint*)(_header + 16));

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_file_control", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FileControl(nint db, string name, int operation, void* argument);
}
