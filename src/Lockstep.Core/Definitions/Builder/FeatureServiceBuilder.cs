namespace Lockstep.Core.Definitions.Builder;

/// <summary>The features that a model reads, in the order of the calls.</summary>
public sealed class FeatureServiceBuilder : DefinitionBuilder<FeatureServiceBuilder>
{
    readonly List<FeatureSelection> _features = [];
    readonly int _version;
    string? _model;

    internal FeatureServiceBuilder(string name, int version) : base(name) => _version = version;

    /// <summary>All features of a view, newest version.</summary>
    public FeatureServiceBuilder All(IViewBuilder view) => Features(view);

    /// <summary>Features of a view, newest version, in this order.</summary>
    public FeatureServiceBuilder Features(IViewBuilder view, params ReadOnlySpan<string> names)
    {
        ArgumentNullException.ThrowIfNull(view);
        if (names.IsEmpty) _features.Add(new() { View = view.Name });
        foreach (var name in names) _features.Add(new() { View = view.Name, Features = [name] });
        return this;
    }

    /// <summary><c>view:feature</c>, <c>view@1:feature</c>, <c>view@1.0.0:*</c>: for a version, or a view that is only registered.</summary>
    public FeatureServiceBuilder Feature(string reference)
    {
        _features.Add(FeatureSelection.TryParse(reference, out var selection)
            ? selection
            : throw new ArgumentException($"'{reference}' is not a reference. Write it as view:feature, view@1:feature or view:*.", nameof(reference)));
        return this;
    }

    /// <summary>A view by other key columns; its features are named <c>alias__feature</c>. No names: all of them.</summary>
    public FeatureServiceBuilder As(string alias, IViewBuilder view, IReadOnlyList<(string JoinKey, string Column)> keys, params ReadOnlySpan<string> names)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(keys);
        SortedDictionary<string, string> map = new(StringComparer.Ordinal);
        foreach (var (joinKey, column) in keys) map[joinKey] = column;
        _features.Add(new() { View = view.Name, Alias = alias, Keys = map, Features = [.. names] });
        return this;
    }

    public FeatureServiceBuilder Model(string model)
    {
        _model = model;
        return this;
    }

    private protected override Definition Build() => new FeatureService { Name = Name, Metadata = Metadata, Version = _version, Features = [.. _features], Model = _model };
}
