using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Syntax;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>
/// The columns of a source as filters and expressions see them: those of its data with their types, and those that are computed of
/// them. Row by row and pure: no <c>now()</c>, no feature of a view (S16).
/// </summary>
public sealed class RowColumns
{
    readonly Dictionary<string, FeatureType> _data = new(StringComparer.Ordinal);
    readonly Dictionary<string, DerivedColumn> _derived = new(StringComparer.Ordinal);

    public RowColumns(string what, IEnumerable<Field> data, IReadOnlyList<DerivedColumn> derived, string? where = null)
    {
        (What, Where) = (what, where);
        foreach (var field in data) _data.TryAdd(field.Name, field.Type);
        foreach (var column in derived) _derived.TryAdd(column.Name, column);
    }

    /// <summary>Of a source as a view version keeps it, with the types of all its columns (<see cref="ViewVersion.Sources"/>).</summary>
    public static RowColumns Of(Source source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new($"source '{source.Name}'", source.Columns ?? [], source.Derived, source.Where);
    }

    /// <summary>How messages call them: <c>source 'flights'</c>.</summary>
    public string What { get; }

    /// <summary>The source's own filter, which every program over it applies.</summary>
    public string? Where { get; }

    /// <summary>Columns of the data.</summary>
    public IEnumerable<Field> Data => _data.Select(d => new Field(d.Key, d.Value));

    /// <summary>Columns that are computed.</summary>
    public IReadOnlyList<DerivedColumn> Computed => [.. _derived.Values];

    /// <summary>Neither filter nor computed columns: rows are what the data hold.</summary>
    public bool IsPlain => Where is null && _derived.Count == 0;

    public IEnumerable<string> Names => _data.Keys.Union(_derived.Keys);

    public bool IsDerived(string column) => _derived.ContainsKey(column);

    internal FeatureType? DataType(string column) => _data.GetValueOrDefault(column);

    internal DerivedColumn? Derived(string column) => _derived.GetValueOrDefault(column);

    /// <summary>The type of a column, computed or not; null: it is not known, or always null.</summary>
    /// <exception cref="ExpressionException">Its expression is wrong.</exception>
    public FeatureType? TypeOf(string column) => IsDerived(column) ? new RowTrees(this).Column(column).Type : DataType(column);

    /// <summary>Types an expression over the columns.</summary>
    /// <exception cref="ExpressionException">With everything that is wrong.</exception>
    public BoundExpression Bind(string expression) => new RowTrees(this).Bind(expression);
}

/// <summary>Expressions over the columns of one source, bound with one tree: what they share is computed once.</summary>
internal sealed class RowTrees(RowColumns columns)
{
    /// <summary>Nodes above each other in the tree of one expression with the columns that it reads.</summary>
    public const int MaxDepth = 1_000;

    readonly Dictionary<BoundNode, int> _depths = [];
    readonly BoundTree _tree = new();
    readonly Dictionary<string, BoundExpression> _bound = new(StringComparer.Ordinal);
    readonly Dictionary<string, ExpressionException> _wrong = new(StringComparer.Ordinal);
    readonly List<string> _path = [];

    public BoundExpression Bind(string text) => Binder.Bind(text, _scope ??= new(columns.Data)
    {
        SiblingNames = [.. columns.Names.Where(n => columns.DataType(n) is null)],
        Siblings = name => columns.IsDerived(name) ? Column(name).Root : null,
    }, _tree);

    Scope? _scope;

    /// <summary>The condition that all of these filters hold; null: there are none.</summary>
    public BoundNode? All(IEnumerable<string?> filters)
    {
        List<BoundNode> conditions = [];
        foreach (var filter in filters.OfType<string>())
        {
            var bound = Bind(filter);
            if (bound.Type != FeatureType.Bool) throw new ExpressionException(filter, [new(new(0, filter.Length), $"A filter is a condition; this is {bound.Type?.ToString() ?? "always null"}.")]);
            conditions.Add(bound.Root);
        }
        return conditions.Count switch { 0 => null, 1 => conditions[0], _ => _tree.Special(SpecialForm.And, FeatureType.Bool, conditions) };
    }

    /// <summary>A computed column, or one of the data.</summary>
    public BoundExpression Column(string name) => Column(name, nested: false);

    BoundExpression Column(string name, bool nested)
    {
        if (columns.Derived(name) is not { } derived) return new(name, _tree.Input(name, columns.DataType(name)!), []);
        if (_bound.TryGetValue(name, out var known)) return known;
        if (_path.Count == 0 && !nested) BindBefore(name);
        if (_bound.TryGetValue(name, out known)) return known;
        if (_wrong.TryGetValue(name, out var wrongBefore)) throw wrongBefore;
        var seen = _path.IndexOf(name);
        if (seen >= 0)
            throw new ColumnCircleException(derived.Expression, [.. _path.Skip(seen)]);
        if (_path.Count == ExpressionLimits.MaxDepth) throw TooDeep(ExpressionLimits.MaxDepth);
        _path.Add(name);
        try
        {
            var bound = Bind(derived.Expression);
            if (Depth(bound.Root) > MaxDepth) throw TooDeep(MaxDepth);
            return _bound[name] = bound;
        }
        catch (ExpressionException wrong)
        {
            _wrong[name] = wrong;
            throw;
        }
        finally
        {
            _path.RemoveAt(_path.Count - 1);
        }

        ExpressionException TooDeep(int limit) => new(derived.Expression, [new(new(0, derived.Expression.Length), $"Column '{name}' and the columns that it reads are nested more than {limit} deep.")]);
    }

    // What a column may read is bound before it, so that a long chain of columns is no deep recursion. A word of an expression need not be
    // a column: what goes wrong here is told where it is really read.
    void BindBefore(string name)
    {
        Stack<(string Name, bool Left)> todo = new([(name, false)]);
        HashSet<string> entered = new(StringComparer.Ordinal);
        while (todo.TryPop(out var next))
            if (next.Left)
            {
                try
                {
                    if (next.Name != name) Column(next.Name, nested: true);
                }
                catch (ExpressionException)
                {
                    // kept
                }
            }
            else if (!_bound.ContainsKey(next.Name) && entered.Add(next.Name))
            {
                todo.Push((next.Name, true));
                foreach (var word in SqlSources.Words(columns.Derived(next.Name)!.Expression))
                    if (columns.IsDerived(word)) todo.Push((word, false));
            }
    }

    // What a column reads has been measured before it.
    int Depth(BoundNode node)
    {
        if (_depths.TryGetValue(node, out var known)) return known;
        var deepest = 0;
        foreach (var child in node.Children) deepest = Math.Max(deepest, Depth(child));
        return _depths[node] = deepest + 1;
    }
}

/// <summary>Columns that read each other in a circle.</summary>
internal sealed class ColumnCircleException(string text, IReadOnlyList<string> members)
    : ExpressionException(text, [new(new(0, Math.Max(1, text.Length)), $"The column reads itself: {string.Join(" -> ", members.Append(members[0]))}.")])
{
    public IReadOnlyList<string> Members { get; } = members;
}
