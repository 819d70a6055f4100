using System.Diagnostics;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Runtime.Tests.Materialization;

/// <summary>The store that tests stand on keeps the promises of every other.</summary>
public sealed class MemoryOnlineStoreTests : OnlineStoreCompliance
{
    readonly MemoryOnlineStore.Data _data = new();

    protected override ValueTask<IOnlineStore> OpenStoreAsync(TimeProvider clock) => new(new MemoryOnlineStore(_data, clock));
    protected override ValueTask DeleteStoreAsync() => default;
    protected override ProcessStartInfo? Writer() => null;
}
