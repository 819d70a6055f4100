using System.Diagnostics;
using System.Runtime.CompilerServices;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Sqlite.OnlineStore;

namespace Lockstep.Sqlite.Tests.OnlineStore;

public class SqliteOnlineStoreTests : OnlineStoreCompliance
{
    protected const string ChildVariable = "LOCKSTEP_TEST_ONLINE_WRITER";

    protected string Folder { get; } = Directory.CreateTempSubdirectory("lockstep-online-").FullName;
    protected string File => Path.Combine(Folder, "online.db");
    protected virtual long CacheBytes => 1 << 20;

    protected override ValueTask<IOnlineStore> OpenStoreAsync(TimeProvider clock)
        => new(new SqliteOnlineStore(new() { Path = File, CacheBytes = CacheBytes }, clock));

    protected override ValueTask DeleteStoreAsync()
    {
        Directory.Delete(Folder, recursive: true);
        return default;
    }

    protected override ProcessStartInfo? Writer() => new(Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet", [typeof(SqliteOnlineStoreTests).Assembly.Location])
    {
        Environment = { [ChildVariable] = File },
    };

#pragma warning disable CA2255 // The test assembly is the child's program too: it never gets to the tests then.
    [ModuleInitializer]
    internal static void RunAsChild()
    {
        if (Environment.GetEnvironmentVariable(ChildVariable) is not { Length: > 0 } file) return;
        WriteUntilKilledAsync(new SqliteOnlineStore(new() { Path = file }, TimeProvider.System)).GetAwaiter().GetResult();
    }
#pragma warning restore CA2255
}

/// <summary>The same promises without a cache in front.</summary>
public sealed class SqliteOnlineStoreWithoutCacheTests : SqliteOnlineStoreTests
{
    protected override long CacheBytes => 0;
}
