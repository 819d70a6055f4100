using Lockstep.Core.Definitions;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Registry;
using Lockstep.Runtime.Streaming;
using Lockstep.Runtime.TrainingSets;
using Lockstep.Runtime.Verification;

namespace Lockstep.Server;

/// <summary>What a server is made of. Parts that are not there have no endpoints.</summary>
public sealed record ServerParts
{
    public required ServerSettings Settings { get; init; }
    public required IOnlineStore OnlineStore { get; init; }
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Where catalogs come from; null: <see cref="Catalog"/> stays.</summary>
    public IRegistry? Registry { get; init; }

    /// <summary>What is served before the registry has been read, or without one.</summary>
    public Catalog? Catalog { get; init; }

    /// <summary>Makes training sets; asked for by the first request that wants one.</summary>
    public Func<TrainingSetBuilder>? TrainingSets { get; init; }

    /// <summary>Fills the online store; asked for by the first run.</summary>
    public Func<Materializer>? Materializer { get; init; }

    /// <summary>Compares online with offline; used where the settings say how often.</summary>
    public Func<ParityCheck>? Parity { get; init; }

    /// <summary>Takes events in and applies them; asked for once, with who is to be told of what people should know, and disposed of with the server.</summary>
    public Func<Action<string, string>?, StreamHost>? Streams { get; init; }

    /// <summary>Where spines and training sets lie while they are made. Default: the system's folder for such files.</summary>
    public string TemporaryFolder { get; init; } = Path.GetTempPath();

    /// <summary>How long requests under way may take when the server stops. Default: 10 s.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(10);
}
