using Lockstep.Core.Expressions.Syntax;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expressions.Binding;

/// <summary>What the names in an expression mean.</summary>
public sealed class Scope
{
    /// <summary>The name under which the evaluation gets the instant of <c>now()</c>.</summary>
    public const string Now = "now()";

    readonly Dictionary<string, FeatureType> _columns = new(StringComparer.Ordinal);

    public Scope(IEnumerable<Field> columns, bool allowNow = false)
    {
        foreach (var column in columns) _columns[column.Name] = column.Type;
        AllowNow = allowNow;
    }

    /// <summary>Filters and columns of sources cannot use <c>now()</c> (S16).</summary>
    public bool AllowNow { get; }

    /// <summary>How messages call the names: <c>Columns</c>, <c>Request fields</c>.</summary>
    public string NamesAre { get; init; } = "Columns";

    /// <summary>The features of other views, as inputs or as trees of their own; null for one that is not there. No function: none may be named.</summary>
    public Func<FeatureSyntax, BoundNode?>? Features { get; init; }

    /// <summary>The other features of the view that the expression stands in; null for a name that is none.</summary>
    public Func<string, BoundNode?>? Siblings { get; init; }

    /// <summary>Names of <see cref="Siblings"/>, for messages.</summary>
    public IReadOnlyList<string> SiblingNames { get; init; } = [];

    /// <summary>What to say of a feature that <see cref="Features"/> does not know.</summary>
    public Func<FeatureSyntax, string>? ExplainMissing { get; init; }

    /// <summary>Fitted transformations and lookup tables; null: none may be named.</summary>
    public INamedConstants? Constants { get; init; }

    public IEnumerable<string> Names => _columns.Keys.Concat(SiblingNames);

    internal BoundNode? Find(string name, BoundTree tree)
        => _columns.TryGetValue(name, out var type) ? tree.Input(name, type) : Siblings?.Invoke(name);
}
