using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions.Builder;

/// <summary>Expressions over request fields and other features.</summary>
public sealed class OnDemandViewBuilder : ViewBuilder<OnDemandViewBuilder>
{
    readonly List<Field> _request = [];
    readonly List<ExpressionFeature> _features = [];
    bool _write;

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

    /// <summary>Computed when rows of the one value view that it reads are written, instead of on every request.</summary>
    public OnDemandViewBuilder Write(bool write = true)
    {
        _write = write;
        return this;
    }

    private protected override FeatureView View() => new OnDemandView { Name = Name, Request = [.. _request], Write = _write, Features = [.. _features] };
}
