using System.Globalization;
using Lockstep.DuckDb.Native;

namespace Lockstep.DuckDb.Engine;

/// <summary>
/// One open database. A file is opened once a process however often it is asked for: a second instance of the same file would drop the
/// first one's lock when it closes, and another process could then write into it.
/// </summary>
internal sealed class Database : IDisposable
{
    static readonly Lock TableLock = new();
    static readonly Dictionary<string, Shared> Files = new(StringComparer.Ordinal);

    readonly DatabaseHandle _handle;
    readonly string? _path;
    bool _disposed;

    Database(DatabaseHandle handle, string? path) => (_handle, _path) = (handle, path);

    /// <summary>A null path is a database in memory, of its own.</summary>
    public static Database Open(string? path, DuckDbOptions options, string spillFolder)
    {
        if (path is null) return new(DatabaseHandle.Open(null, Settings(options, spillFolder)), null);
        path = System.IO.Path.GetFullPath(path);
        lock (TableLock)
        {
            if (!Files.TryGetValue(path, out var shared))
                Files.Add(path, shared = new(DatabaseHandle.Open(path, Settings(options, spillFolder))));
            shared.Users++;
            return new(shared.Handle, path);
        }
    }

    public Connection Connect() => new(this, ConnectionHandle.Open(_handle));

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        if (_path is null) { _handle.Dispose(); return; }
        lock (TableLock)
        {
            var shared = Files[_path];
            if (--shared.Users > 0) return;
            Files.Remove(_path);
            shared.Handle.Dispose();
        }
    }

    // Nothing is ever fetched from the network: DuckDB would otherwise load an extension for a path it does not know.
    static Dictionary<string, string> Settings(DuckDbOptions options, string spillFolder) => new()
    {
        ["memory_limit"] = string.Create(CultureInfo.InvariantCulture, $"{options.MemoryLimit}B"),
        ["threads"] = options.Threads.ToString(CultureInfo.InvariantCulture),
        ["temp_directory"] = spillFolder,
        ["autoinstall_known_extensions"] = "false",
        ["autoload_known_extensions"] = "false",
        ["allow_community_extensions"] = "false",
        ["enable_external_file_cache"] = "false", // the system's page cache does it, and knows when a file is replaced
    };

    sealed class Shared(DatabaseHandle handle)
    {
        public DatabaseHandle Handle { get; } = handle;
        public int Users { get; set; }
    }
}
