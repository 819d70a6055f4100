using System.Diagnostics;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Sqlite.OnlineStore;

namespace Lockstep.Sqlite.Tests.OnlineStore;

public class SqliteOnlineStoreTests : OnlineStoreCompliance
{
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

    protected override ProcessStartInfo? Writer() => new("dotnet", [typeof(OnlineWriter).Assembly.Location, "-explicit", "only", "-method", $"{typeof(OnlineWriter).FullName}.{nameof(OnlineWriter.Child_that_writes)}"])
    {
        Environment = { [OnlineWriter.Variable] = File },
    };
}

/// <summary>The program that the test of crashes kills.</summary>
public sealed class OnlineWriter
{
    internal const string Variable = "LOCKSTEP_TEST_ONLINE_WRITER";

    /// <summary>Not a test.</summary>
    [Fact(Explicit = true)]
    public async Task Child_that_writes()
    {
        var file = Environment.GetEnvironmentVariable(Variable) ?? throw new InvalidOperationException($"{Variable} is not set.");
        await using var store = new SqliteOnlineStore(new() { Path = file }, TimeProvider.System);
        await OnlineStoreCompliance.WriteUntilKilledAsync(store);
    }
}

/// <summary>The same promises without a cache in front.</summary>
public sealed class SqliteOnlineStoreWithoutCacheTests : SqliteOnlineStoreTests
{
    protected override long CacheBytes => 0;
}
