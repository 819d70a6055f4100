using Lockstep.Core.Definitions;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Server;

/// <summary>What a server is made of. Parts that are not there have no endpoints.</summary>
public sealed record ServerParts
{
    public required ServerSettings Settings { get; init; }
    public required IOnlineStore OnlineStore { get; init; }
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>What is served when there is no registry to look into.</summary>
    public Catalog? Catalog { get; init; }

    /// <summary>Where newer catalogs come from; null: <see cref="Catalog"/> stays.</summary>
    internal CatalogFeed? Feed { get; init; }

    /// <summary>How long requests under way may take when the server stops. Default: 10 s.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(10);
}
