using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions.Builder;

/// <summary>Expressions over request fields and other features.</summary>
public sealed class OnDemandViewBuilder : ViewBuilder<OnDemandViewBuilder>
{
    readonly List<Field> _request = [];
    readonly List<ExpressionFeature> _features = [];
    bool _write;
    readonly List<ExpressionFeature> _inputs = [];
    string? _csharp;

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

    /// <summary>The view is computed by a C# view that the program registers under this name; <see cref="Feature"/> is not for it.</summary>
    public OnDemandViewBuilder CSharp(string name)
    {
        _csharp = name;
        return this;
    }

    /// <summary>What an input of the C# view is, where it is not the request field of its name.</summary>
    public OnDemandViewBuilder Input(string name, string expression)
    {
        ArgumentNullException.ThrowIfNull(expression);
        _inputs.Add(new(name, expression.Trim()));
        return this;
    }

    /// <summary>More of an output of the C# view.</summary>
    public OnDemandViewBuilder Output(string name, Value orElse = default, string? description = null)
    {
        _features.Add(new(name, "") { Default = orElse, Description = description });
        return this;
    }

    private protected override FeatureView View() => new OnDemandView { Name = Name, Request = [.. _request], Write = _write, Features = [.. _features], CSharp = _csharp, Inputs = [.. _inputs] };
}
