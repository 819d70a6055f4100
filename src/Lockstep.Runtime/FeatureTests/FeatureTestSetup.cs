using Lockstep.Core.Definitions;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Registry;

namespace Lockstep.Runtime.FeatureTests;

/// <summary>What tests of features work with. Stores are made for each test, in a folder of its own, under a clock of its own.</summary>
public sealed record FeatureTestSetup
{
    /// <summary>What is tested: the definitions as their files are now, applied or not.</summary>
    public required ProjectDefinitions Definitions { get; init; }

    /// <summary>What is registered, for versions that the files do not have any more; null: nothing.</summary>
    public Catalog? Registered { get; init; }

    /// <summary>Where columns are looked up that no definition declares. Data that are not there are no mistake: a clone has none.</summary>
    public required SchemaProbe Schemas { get; init; }

    /// <summary>Lookup tables, as they are or were applied, and C# views.</summary>
    public CatalogContent Content { get; init; } = CatalogContent.None;

    public required IBatchEngine Engine { get; init; }
    public required Func<string, TimeProvider, IOnlineStore> OnlineStore { get; init; }
    public required Func<string, IRunStore> Runs { get; init; }

    /// <summary>Tests that run side by side. Default: 2.</summary>
    public int Parallelism { get; init; } = 2;

    /// <summary>Measures how long tests take. What they compute goes by their own instants.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
