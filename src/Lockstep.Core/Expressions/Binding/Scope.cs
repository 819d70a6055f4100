using Lockstep.Core.Expressions.Syntax;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expressions.Binding;

/// <summary>What the names in an expression mean.</summary>
public sealed class Scope
{
    /// <summary>The name under which the evaluation gets the instant of <c>now()</c>.</summary>
    public const string Now = "now()";

    readonly Dictionary<string, FeatureType> _columns = new(StringComparer.Ordinal);
    readonly Dictionary<string, BoundNode> _bound = new(StringComparer.Ordinal);

    public Scope(IEnumerable<Field> columns, bool allowNow = false)
    {
        foreach (var column in columns) _columns[column.Name] = column.Type;
        AllowNow = allowNow;
    }

    /// <summary>Filters and columns of sources cannot use <c>now()</c> (S16).</summary>
    public bool AllowNow { get; }

    /// <summary>How messages call the names: <c>Columns</c>, <c>Request fields</c>.</summary>
    public string NamesAre { get; init; } = "Columns";

    /// <summary>Features of other views: their type and the name under which they come in; or null with what is wrong. Null: none may be named.</summary>
    public Func<FeatureSyntax, (FeatureType Type, string Input)?>? Features { get; init; }

    /// <summary>What to say of a feature that <see cref="Features"/> does not know.</summary>
    public Func<FeatureSyntax, string>? ExplainMissing { get; init; }

    public IEnumerable<string> Names => _columns.Keys.Concat(_bound.Keys);

    /// <summary>A sibling that is computed already: a reference to it is its own tree.</summary>
    public void Define(string name, BoundNode node) => _bound[name] = node;

    internal BoundNode? Find(string name, BoundTree tree)
        => _bound.TryGetValue(name, out var node) ? node : _columns.TryGetValue(name, out var type) ? tree.Input(name, type) : null;
}
