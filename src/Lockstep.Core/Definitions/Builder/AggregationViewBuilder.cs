using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions.Builder;

/// <summary>Functions over windows of events.</summary>
public sealed class AggregationViewBuilder : ViewBuilder<AggregationViewBuilder>
{
    readonly List<string> _entities = [];
    readonly List<AggregateFeature> _features = [];
    string _source = "";
    string? _where;
    long _delay;

    internal AggregationViewBuilder(string name, string version) : base(name, version)
    {
    }

    public AggregationViewBuilder Of(params ReadOnlySpan<EntityBuilder> entities)
    {
        foreach (var entity in entities) _entities.Add(entity.Name);
        return this;
    }

    public AggregationViewBuilder From(SourceBuilder source)
    {
        ArgumentNullException.ThrowIfNull(source);
        _source = source.Name;
        return this;
    }

    public AggregationViewBuilder Where(string filter)
    {
        _where = filter;
        return this;
    }

    /// <summary>Events count this much later.</summary>
    public AggregationViewBuilder Delay(TimeSpan delay)
    {
        _delay = Micros(delay);
        return this;
    }

    /// <param name="name">The feature of each window is called name_window.</param>
    /// <param name="aggregate">The function.</param>
    /// <param name="windows">Lengths like <c>24h</c>, or <c>lifetime</c>; as written, since they end the names.</param>
    /// <param name="where">Only these events.</param>
    /// <param name="hop">The lower edge moves by this much; that of S10 when null.</param>
    /// <param name="orElse">Stands for null.</param>
    /// <param name="description">For people.</param>
    public AggregationViewBuilder Feature(
        string name, Aggregate aggregate, IReadOnlyList<string> windows, string? where = null, TimeSpan? hop = null, Value orElse = default, string? description = null)
    {
        ArgumentNullException.ThrowIfNull(aggregate);
        ArgumentNullException.ThrowIfNull(windows);
        _features.Add(new()
        {
            Name = name,
            Function = aggregate.Function,
            Column = aggregate.Column,
            Parameters = aggregate.Parameters,
            Where = where,
            Windows = [.. windows.Select(w => Window.TryParse(w, hop is { } by ? Micros(by) : null, out var window)
                ? window
                : throw new ArgumentException($"The window '{w}' of feature '{name}' is not a length. It must be {Duration.Known}, or lifetime.", nameof(windows)))],
            Default = orElse,
            Description = description,
        });
        return this;
    }

    private protected override FeatureView View() => new AggregationView
    {
        Name = Name,
        Entities = [.. _entities],
        Source = _source,
        Where = _where,
        Delay = _delay,
        Features = [.. _features],
    };
}
