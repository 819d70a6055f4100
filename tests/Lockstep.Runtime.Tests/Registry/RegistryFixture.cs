using Lockstep.Core.Definitions;
using Lockstep.Runtime.Registry;
using Lockstep.Sqlite.Registry;

namespace Lockstep.Runtime.Tests.Registry;

/// <summary>A registry in a folder of its own, and the verbs on it.</summary>
public sealed class RegistryFixture : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("lockstep-registry-").FullName;

    public RegistryFixture()
    {
        Registry = new SqliteRegistry(Path.Combine(_folder, "registry.db"));
        Service = new(Registry, Clock);
    }

    public SqliteRegistry Registry { get; }
    public RegistryService Service { get; }
    public SteppingClock Clock { get; } = new();

    public ValueTask<RegistryPlan> Plan(string yaml, SchemaProbe? schemas = null, bool partial = false)
    {
        var read = DefinitionReader.Read([("features/all.yaml", yaml)]);
        return Service.PlanAsync(read.Definitions, read.Problems, schemas ?? SchemaProbe.None, CancellationToken.None, partial);
    }

    public async ValueTask<ApplyResult> Apply(string yaml, SchemaProbe? schemas = null, string author = "ana", string reason = "")
        => await Service.ApplyAsync(await Plan(yaml, schemas), author, reason, CancellationToken.None);

    public ValueTask<RegistrySnapshot> Load(long? asOf = null) => Registry.LoadAsync(CancellationToken.None, asOf);

    /// <summary>What warnings say of unknown columns is no concern of a plan's text.</summary>
    public static string Text(RegistryPlan plan)
        => PlanText.Render(plan with { Warnings = [.. plan.Warnings.Where(w => !w.Message.Contains("are not known", StringComparison.Ordinal))] }).ReplaceLineEndings("\n");

    public void Dispose()
    {
        Registry.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>Begins in 2026 and moves on by a second at each look.</summary>
public sealed class SteppingClock : TimeProvider
{
    long _seconds;

    public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(Interlocked.Increment(ref _seconds));
}
