using Lockstep.Core.Definitions;
using Lockstep.Core.Definitions.Yaml;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Syntax;
using Lockstep.Core.Rows;

namespace Lockstep.Core.OnDemand;

/// <summary>A feature of a stored view that on-demand expressions read, under the name of its input.</summary>
public sealed record FeatureInput(ViewVersion View, int Ordinal)
{
    public string Name => $"{View.Id}:{View.Features[Ordinal].Name}";
}

/// <summary>
/// Binds the expressions of on-demand views to trees: request fields and stored features are inputs, other on-demand features are
/// the trees that they are (S16). One tree for all, so that what they share is computed once. A cycle is refused with its path.
/// </summary>
public sealed class OnDemandTrees
{
    readonly Func<OnDemandView, FeatureSyntax, ViewVersion?> _resolve;
    readonly Func<FeatureSyntax, string> _explain;
    readonly BoundTree _tree = new();
    readonly Dictionary<(string View, string Feature), BoundExpression> _bound = [];
    readonly List<(string View, string Feature)> _path = [];
    readonly Dictionary<string, Field> _request = new(StringComparer.Ordinal);
    readonly Dictionary<string, FeatureInput> _inputs = new(StringComparer.Ordinal);

    /// <param name="resolve">The version that a view's reference means; null when there is none.</param>
    /// <param name="explain">What to say of a reference to nothing.</param>
    public OnDemandTrees(Func<OnDemandView, FeatureSyntax, ViewVersion?> resolve, Func<FeatureSyntax, string> explain) => (_resolve, _explain) = (resolve, explain);

    /// <summary>Over registered views: references mean what they were resolved to at apply.</summary>
    public static OnDemandTrees Of(Catalog catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new(
            (from, reference) => Version(from)?.References.TryGetValue($"{reference.View}{reference.Version}", out var id) == true ? catalog.FindId(id) : null,
            reference => $"Feature '{reference}' is not registered.")
        {
            Constants = from => new RegisteredConstants(catalog, Version(from)),
        };

        ViewVersion? Version(OnDemandView from) => Registered(catalog, from);
    }

    /// <summary>Over registered views as <see cref="Of"/>, and views that are not registered: in these every name means what is newest.</summary>
    public static OnDemandTrees OfNewest(Catalog catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ProblemList none = new();
        DefinedConstants newest = new(new(), catalog, new() { CSharp = catalog.Content.CSharp }, none);
        return new(
            (from, reference) => Registered(catalog, from) is not { } known ? catalog.FindView(reference.View, reference.Version)
                : known.References.TryGetValue($"{reference.View}{reference.Version}", out var id) ? catalog.FindId(id) : null,
            reference => $"There is no feature '{reference}'.")
        {
            Constants = from => Registered(catalog, from) is { } known ? new RegisteredConstants(catalog, known) : new ViewConstants(newest, from, $"view '{from.Name}'", null, none),
        };
    }

    static ViewVersion? Registered(Catalog catalog, OnDemandView view) => Transformation.IsViewName(view.Name)
        ? catalog.Transformations.FirstOrDefault(t => t.Inputs.Name == view.Name && t.Version == view.Version)?.Inputs
        : catalog.VersionsOf(view.Name).FirstOrDefault(v => v.Version == view.Version);

    /// <summary>What the names of transformations, lookup tables and C# views mean in a view; null: none may be named.</summary>
    public Func<OnDemandView, IConstantSource>? Constants { get; init; }

    /// <summary>Request fields of the views bound so far, by name.</summary>
    public IReadOnlyDictionary<string, Field> Request => _request;

    /// <summary>Stored features read so far, by the names of their inputs.</summary>
    public IReadOnlyDictionary<string, FeatureInput> Inputs => _inputs;

    /// <summary>The tree of a feature, without its default.</summary>
    /// <exception cref="ExpressionException">Something is wrong in its expression, or in one that it reads.</exception>
    public BoundExpression Bind(string viewId, OnDemandView view, ExpressionFeature feature)
    {
        var key = (viewId, feature.Name);
        if (_bound.TryGetValue(key, out var known)) return known;
        var seen = _path.IndexOf(key);
        if (seen >= 0) throw new CircleException(feature.Expression, [.. _path.Skip(seen)]);
        _path.Add(key);
        try
        {
            foreach (var field in view.Request)
                if (!_request.TryAdd(field.Name, field) && _request[field.Name].Type != field.Type) throw new RequestFieldException(feature.Expression, field.Name, _request[field.Name].Type, viewId, field.Type);
            var scope = ScopeOf(viewId, view, view.Features);
            var bound = view.CSharp is null ? Binder.Bind(feature.Expression, scope, _tree) : new(feature.Expression, Output(viewId, view, feature), []);
            _bound.Add(key, bound);
            return bound;
        }
        finally
        {
            _path.RemoveAt(_path.Count - 1);
        }
    }

    Scope ScopeOf(string viewId, OnDemandView view, IReadOnlyList<ExpressionFeature> siblings) => new(view.Request, allowNow: true)
    {
        NamesAre = siblings.Count == 0 ? "Request fields" : "Request fields and features of the view",
        SiblingNames = [.. siblings.Select(f => f.Name)],
        Siblings = name => siblings.FirstOrDefault(f => f.Name == name) is { } sibling ? WithDefault(Bind(viewId, view, sibling).Root, sibling.Default) : null,
        Features = reference => Reference(view, reference),
        ExplainMissing = _explain,
        Constants = Constants is null ? null : new TreeConstants(Constants(view), Own),
    };

    // The tree of what a transformation was learned on.
    BoundNode? Own(TransformationVersion transformation)
    {
        var view = (OnDemandView)transformation.Inputs.View;
        return Bind($"{view.Name}@{view.Version}", view, view.Features[0]).Root;
    }

    BoundNode Output(string viewId, OnDemandView view, ExpressionFeature feature)
    {
        var call = CSharp(viewId, view, out var implementation);
        return _tree.Output(call, implementation.Outputs.FirstOrDefault(o => o.Name == feature.Name)
            ?? throw new CSharpInputException(null, "", $"The C# view '{implementation.Name}' has no output '{feature.Name}'.{NearestName.Hint(feature.Name, implementation.Outputs.Select(o => o.Name), "Outputs")}"));
    }

    /// <summary>The call of the C# view behind an on-demand view.</summary>
    /// <exception cref="CSharpInputException">Something is wrong with one of its inputs, or the program does not have it.</exception>
    public CSharpNode CSharp(string viewId, OnDemandView view, out CSharpView implementation)
    {
        string? problem = null;
        implementation = Constants?.Invoke(view).CSharp(view.CSharp!, out problem) ?? throw new CSharpInputException(null, view.CSharp!, problem ?? $"The C# view '{view.CSharp}' is not here.");
        if (_calls.TryGetValue(viewId, out var known)) return known;
        var named = implementation;
        if (view.Inputs.FirstOrDefault(i => named.Inputs.All(f => f.Name != i.Name)) is { } unknown)
            throw new CSharpInputException(unknown.Name, unknown.Expression, $"The C# view '{implementation.Name}' has no input '{unknown.Name}'.{NearestName.Hint(unknown.Name, implementation.Inputs.Select(i => i.Name), "Inputs")}");
        List<BoundNode> inputs = [];
        foreach (var field in implementation.Inputs)
        {
            var expression = view.Inputs.FirstOrDefault(i => i.Name == field.Name)?.Expression ?? field.Name;
            BoundExpression bound;
            try
            {
                bound = Binder.Bind(expression, ScopeOf(viewId, view, []), _tree);
            }
            catch (ExpressionException wrong) when (wrong is not (CircleException or CSharpInputException or RequestFieldException))
            {
                throw new CSharpInputException(field.Name, wrong.Text, [.. wrong.Errors]);
            }
            inputs.Add(Binder.Widened(bound.Root, field.FeatureType, _tree)
                ?? throw new CSharpInputException(field.Name, expression, $"The input '{field.Name}' of the C# view '{implementation.Name}' is {field.FeatureType}; this is {bound.Type}."));
        }
        return _calls[viewId] = _tree.CSharp(viewId, implementation, inputs);
    }

    readonly Dictionary<string, CSharpNode> _calls = new(StringComparer.Ordinal);

    BoundNode? Reference(OnDemandView from, FeatureSyntax reference)
    {
        if (_resolve(from, reference) is not { } version) return null;
        if (version.View is OnDemandView other)
            return other.Features.FirstOrDefault(f => f.Name == reference.Feature) is { } feature ? WithDefault(Bind(version.Id, other, feature).Root, feature.Default) : null;
        var ordinal = version.Features.IndexOf(reference.Feature);
        if (ordinal < 0) return null;
        FeatureInput input = new(version, ordinal);
        _inputs.TryAdd(input.Name, input);
        return WithDefault(_tree.Input(input.Name, version.Features[ordinal].Type), version.Defaults[ordinal]);
    }

    // A default replaces null for whoever reads the feature, here as at serving (S20).
    BoundNode WithDefault(BoundNode node, Value value)
        => value.IsNull || node.Type is null ? node
            : _tree.Special(SpecialForm.Coalesce, node.Type, [node, _tree.Constant(Widen(value, node.Type), node.Type)]);

    // int32 and float32 are wider inside expressions; a default like 0 of a float64 feature is written as an integer.
    static Value Widen(Value value, FeatureType type) => (value.Kind, type.Kind) switch
    {
        (TypeKind.Int32 or TypeKind.Int64, TypeKind.Float64) => Value.Of((double)value.AsInt64),
        (TypeKind.Int32, _) => Value.Of(value.AsInt64),
        (TypeKind.Float32, _) => Value.Of((double)value.AsFloat32),
        _ => value,
    };
}

/// <summary>On-demand features that read each other in a circle.</summary>
public sealed class CircleException(string text, IReadOnlyList<(string View, string Feature)> members)
    : ExpressionException(text, [new(new(0, Math.Max(1, text.Length)), $"The feature reads itself: {string.Join(" -> ", members.Append(members[0]).Select(m => $"{m.View}:{m.Feature}"))}.")])
{
    public IReadOnlyList<(string View, string Feature)> Members { get; } = members;
}

/// <summary>Something is wrong with what a view that is written in C# is given.</summary>
public sealed class CSharpInputException : ExpressionException
{
    internal CSharpInputException(string? input, string text, string message) : this(input, text, [new(new(0, Math.Max(1, text.Length)), message)])
    {
    }

    internal CSharpInputException(string? input, string text, IReadOnlyList<ExpressionError> errors) : base(text, errors) => Input = input;

    /// <summary>The input; null: the view itself.</summary>
    public string? Input { get; }
}

/// <summary>Two on-demand views that are computed together give a request field two types.</summary>
public sealed class RequestFieldException(string text, string field, FeatureType one, string view, FeatureType other)
    : ExpressionException(text, [new(new(0, Math.Max(1, text.Length)), $"The request field '{field}' is {one} in one on-demand view and {other} in '{view}', and a request has one value for both. Rename one of them, or give both the same type.")]);
