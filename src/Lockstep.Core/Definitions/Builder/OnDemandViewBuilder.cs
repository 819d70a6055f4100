using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions.Builder;

/// <summary>Expressions over request fields and other features.</summary>
public sealed class OnDemandViewBuilder : ViewBuilder<OnDemandViewBuilder>
{
    readonly List<Field> _request = [];
    readonly List<ExpressionFeature> _features = [];

    internal OnDemandViewBuilder(string name, string version) : base(name, version)
    {
    }

    /// <summary>A field that the caller sends.</summary>
    public OnDemandViewBuilder Request(string field, FeatureType type)
    {
        _request.Add(new(field, type));
        return this;
    }

    public OnDemandViewBuilder Feature(string name, string expression, Value orElse = default, string? description = null)
    {
        ArgumentNullException.ThrowIfNull(expression);
        _features.Add(new(name, expression.Trim()) { Default = orElse, Description = description });
        return this;
    }

    private protected override FeatureView View() => new OnDemandView { Name = Name, Request = [.. _request], Features = [.. _features] };
}
