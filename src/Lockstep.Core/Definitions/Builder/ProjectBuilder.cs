using Lockstep.Core.Definitions.Yaml;

namespace Lockstep.Core.Definitions.Builder;

/// <summary>
/// Definitions in C#: the same model, the same checks and the same fingerprints as the YAML. Entities, sources and views are handed
/// on as objects and types are chosen by method, so that the compiler finds a wrong one.
/// <code>
/// ProjectBuilder project = new();
/// var airport = project.Entity("airport").StringKey("airport");
/// var observations = project.Source("weather").Table("data/weather.parquet", timestamp: "observed_at");
/// var weather = project.ValueView("weather", "1.0.0").Of(airport).From(observations).Ttl(TimeSpan.FromHours(3))
///     .Float64("wind_speed").Float64("temperature", column: "temp", orElse: 50);
/// project.FeatureService("late_flight", 1).All(weather).As("dest_weather", weather, [("airport", "dest")], "wind_speed");
/// var definitions = project.Build();
/// </code>
/// </summary>
public sealed class ProjectBuilder
{
    readonly List<IDefinitionBuilder> _builders = [];

    public EntityBuilder Entity(string name) => Add(new EntityBuilder(name));
    public SourceBuilder Source(string name) => Add(new SourceBuilder(name));

    /// <param name="name">The view's name.</param>
    /// <param name="version"><c>major.minor.patch</c>.</param>
    public ValueViewBuilder ValueView(string name, string version = "1.0.0") => Add(new ValueViewBuilder(name, version));

    public AggregationViewBuilder AggregationView(string name, string version = "1.0.0") => Add(new AggregationViewBuilder(name, version));
    public OnDemandViewBuilder OnDemandView(string name, string version = "1.0.0") => Add(new OnDemandViewBuilder(name, version));
    public TransformationBuilder Transformation(string name, string version = "1.0.0") => Add(new TransformationBuilder(name, version));
    public LookupTableBuilder LookupTable(string name, string version = "1.0.0") => Add(new LookupTableBuilder(name, version));
    public FeatureServiceBuilder FeatureService(string name, int version = 1) => Add(new FeatureServiceBuilder(name, version));

    /// <exception cref="LockstepException">Something is wrong; the message lists everything.</exception>
    public ProjectDefinitions Build()
    {
        ProblemList problems = new();
        List<Definition> built = [.. _builders.Select(b => b.Build())];
        var definitions = DefinitionRules.Check(new()
        {
            Entities = [.. built.OfType<Entity>()],
            Sources = [.. built.OfType<Source>()],
            Views = [.. built.OfType<FeatureView>()],
            Transformations = [.. built.OfType<Transformation>()],
            LookupTables = [.. built.OfType<LookupTable>()],
            Services = [.. built.OfType<FeatureService>()],
        }, problems);
        return problems.Errors == 0 ? definitions : throw new LockstepException(ErrorKind.DefinitionsInvalid, problems.InOrder([]));
    }

    T Add<T>(T builder) where T : IDefinitionBuilder
    {
        _builders.Add(builder);
        return builder;
    }
}
