using Lockstep.Core.Expressions.Syntax;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expressions.Binding;

/// <summary>
/// Gives types to what was parsed: resolves names, picks overloads, widens (int64 to float64, decimal to float64, date to timestamp),
/// folds constants. Reports every mistake of the expression with its place, and what is suspicious as warnings.
/// </summary>
public sealed partial class Binder
{
    readonly string _text;
    readonly Scope _scope;
    readonly BoundTree _tree;
    readonly List<ExpressionError> _errors = [];
    readonly List<ExpressionError> _warnings = [];
    readonly List<ParameterNode> _parameters = [];

    Binder(string text, Scope scope, BoundTree tree) => (_text, _scope, _tree) = (text, scope, tree);

    /// <summary>Parses and binds. Expressions bound with one tree share their common parts.</summary>
    /// <exception cref="ExpressionException">With everything that is wrong.</exception>
    public static BoundExpression Bind(string text, Scope scope, BoundTree? tree = null)
    {
        ArgumentNullException.ThrowIfNull(scope);
        var syntax = Parser.Parse(text);
        var binder = new Binder(text, scope, tree ?? new BoundTree());
        var root = binder.Bind(syntax);
        if (binder._errors.Count > 0) throw new ExpressionException(text, binder._errors);
        return new(text, root!, binder._warnings);
    }

    /// <summary>The node in a wider type; null when it does not fit without a cast.</summary>
    internal static BoundNode? Widened(BoundNode node, FeatureType to, BoundTree tree)
        => Widening(node.Type, to) is null ? null : new Binder("", new([]), tree).Convert(node, to);

    /// <summary>Null: a mistake that was reported; whoever gets it reports no further one.</summary>
    BoundNode? Bind(SyntaxNode syntax) => syntax switch
    {
        LiteralSyntax literal => _tree.Constant(literal.Value, TypeOf(literal.Value)).AsWritten(),
        NameSyntax name => BindName(name),
        FeatureSyntax feature => BindFeature(feature),
        OperatorSyntax op => BindOperator(op),
        CallSyntax call => BindCall(call),
        CaseSyntax c => BindCase(c),
        InSyntax i => BindIn(i),
        BetweenSyntax b => BindBetween(b),
        IsNullSyntax n => BindIsNull(n),
        CastSyntax c => BindCast(c),
        ListSyntax l => BindList(l),
        LambdaSyntax l => Error(l.Span, "A lambda stands only as an argument of list_transform, list_filter, list_any and list_all."),
        _ => throw new InvalidOperationException($"No binding for {syntax.GetType().Name}."),
    };

    BoundNode? Error(TextSpan span, string message)
    {
        _errors.Add(new(span, message));
        return null;
    }

    static FeatureType? TypeOf(Value value) => value.IsNull ? null : value.Kind switch
    {
        TypeKind.Bool => FeatureType.Bool,
        TypeKind.Int64 => FeatureType.Int64,
        TypeKind.Float64 => FeatureType.Float64,
        TypeKind.String => FeatureType.String,
        TypeKind.Timestamp => FeatureType.Timestamp,
        TypeKind.Date => FeatureType.Date,
        _ => throw new InvalidOperationException($"No literal of {value.Kind}."),
    };

    BoundNode? BindName(NameSyntax name)
    {
        if (name.Version != default) return Error(name.Span, $"'{name.Name}{name.Version}' is no value. A table is read by {LookupForm}, a feature by view@1:feature.");
        if (_parameters.FindLast(p => p.Name == name.Name) is { } parameter) return parameter;
        if (_scope.Find(name.Name, _tree) is { } found) return found;
        return Error(name.Span, $"There is no '{name.Name}' here.{NearestName.Hint(name.Name, _scope.Names.Concat(_parameters.Select(p => p.Name)), _scope.NamesAre)}");
    }

    BoundNode? BindFeature(FeatureSyntax feature)
    {
        if (_scope.Features is null) return Error(feature.Span, $"Features of other views cannot be used here, so '{feature}' means nothing. {_scope.NamesAre}: {string.Join(", ", _scope.Names.Order(StringComparer.Ordinal))}.");
        return _scope.Features(feature) ?? Error(feature.Span, _scope.ExplainMissing?.Invoke(feature) ?? $"There is no feature '{feature}'.");
    }

    BoundNode? BindOperator(OperatorSyntax op)
    {
        var operands = BindAll(op.Operands);
        if (operands is null) return null;
        switch (op.Operator)
        {
            case "and" or "or":
                if (!Want(FeatureType.Bool, operands, op.Operands, $"'{op.Operator}'")) return null;
                return _tree.Special(op.Operator == "and" ? SpecialForm.And : SpecialForm.Or, FeatureType.Bool, operands);
            case "=" or "<>" or "<" or "<=" or ">" or ">=":
                return BindComparison(op.Operator switch
                {
                    "=" => Comparison.Equal,
                    "<>" => Comparison.NotEqual,
                    "<" => Comparison.Less,
                    "<=" => Comparison.LessOrEqual,
                    ">" => Comparison.Greater,
                    _ => Comparison.GreaterOrEqual,
                }, operands[0], operands[1], op.Span, op.OperatorSpan);
            case "/":
                // Integers divide as float64: 1 / 2 is 0.5 (S17).
                operands = [.. operands.Select(o => o.Type == FeatureType.Int64 ? Convert(o, FeatureType.Float64) : o)];
                break;
        }
        return Overload(op.Operator, FunctionCatalog.Find(op.Operator), operands, op.OperatorSpan, op.Operands);
    }

    BoundNode? BindComparison(Comparison comparison, BoundNode left, BoundNode right, TextSpan span, TextSpan at)
    {
        if (left.Type is null || right.Type is null)
        {
            _warnings.Add(new(span, $"A comparison with null is always null. To ask for null write 'is{(comparison == Comparison.NotEqual ? " not" : "")} null'."));
            return _tree.Constant(Value.Null, FeatureType.Bool);
        }
        var exact = (left.Type, right.Type) is ({ Kind: TypeKind.Int64 }, { Kind: TypeKind.Float64 }) or ({ Kind: TypeKind.Float64 }, { Kind: TypeKind.Int64 })
            || (left.Type.Kind == TypeKind.Decimal && right.Type.Kind == TypeKind.Decimal);
        if (!exact)
        {
            if (Unify(left.Type, right.Type) is not { } common || common.Kind == TypeKind.List)
                return Error(at, $"{left.Type} and {right.Type} cannot be compared.{CastHint(left.Type, right.Type)}");
            (left, right) = (Convert(left, common), Convert(right, common));
        }
        return _tree.Compare(comparison, left, right);
    }

    static string CastHint(FeatureType a, FeatureType b)
        => a == FeatureType.String ? $" Convert the text with try_cast(… as {b})." : b == FeatureType.String ? $" Convert the text with try_cast(… as {a})." : "";

    BoundNode? BindIsNull(IsNullSyntax syntax)
    {
        var operand = Bind(syntax.Operand);
        if (operand is null) return null;
        var isNull = operand is ConstantNode constant ? _tree.Constant(Value.Of(constant.Value.IsNull), FeatureType.Bool)
            : (BoundNode)_tree.Special(SpecialForm.IsNull, FeatureType.Bool, [operand]);
        return syntax.Negated ? Not(isNull) : isNull;
    }

    BoundNode Not(BoundNode operand) => Call(FunctionCatalog.Hidden("not", FeatureType.Bool), [operand]);

    BoundNode? BindBetween(BetweenSyntax syntax)
    {
        var all = BindAll([syntax.Operand, syntax.Low, syntax.High]);
        if (all is null) return null;
        var low = BindComparison(Comparison.GreaterOrEqual, all[0], all[1], syntax.Span, syntax.Low.Span);
        var high = BindComparison(Comparison.LessOrEqual, all[0], all[2], syntax.Span, syntax.High.Span);
        if (low is null || high is null) return null;
        var both = _tree.Special(SpecialForm.And, FeatureType.Bool, [low, high]);
        return syntax.Negated ? Not(both) : both;
    }

    BoundNode? BindIn(InSyntax syntax)
    {
        var all = BindAll([syntax.Operand, .. syntax.Candidates]);
        if (all is null) return null;
        List<BoundNode> equalities = [];
        for (var i = 1; i < all.Count; i++)
        {
            // A null among the candidates makes 'in' null where nothing else matches: SQL's own surprise.
            if (all[i].Type is null) _warnings.Add(new(syntax.Candidates[i - 1].Span, "A null in the list never matches, and makes 'in' null where nothing else does."));
            var equal = all[0].Type is null || all[i].Type is null ? _tree.Constant(Value.Null, FeatureType.Bool)
                : BindComparison(Comparison.Equal, all[0], all[i], syntax.Span, syntax.Candidates[i - 1].Span);
            if (equal is null) return null;
            equalities.Add(equal);
        }
        BoundNode any = equalities.Count == 1 ? equalities[0] : _tree.Special(SpecialForm.Or, FeatureType.Bool, equalities);
        return syntax.Negated ? Not(any) : any;
    }

    BoundNode? BindCase(CaseSyntax syntax)
    {
        var operand = syntax.Operand is null ? null : Bind(syntax.Operand);
        if (syntax.Operand is not null && operand is null) return null;
        List<BoundNode?> whens = [], thens = [];
        foreach (var (when, then) in syntax.Branches)
        {
            var condition = Bind(when);
            if (condition is not null && operand is not null) condition = BindComparison(Comparison.Equal, operand, condition, when.Span, when.Span);
            else if (condition is not null && !Want(FeatureType.Bool, [condition], [when], "'when'")) condition = null;
            whens.Add(condition);
            thens.Add(Bind(then));
        }
        thens.Add(syntax.Else is null ? _tree.Constant(Value.Null, null) : Bind(syntax.Else));
        if (whens.Contains(null) || thens.Contains(null)) return null;
        var converted = Common([.. thens.Select(t => t!)], [.. syntax.Branches.Select(b => b.Then), syntax.Else ?? syntax], "The branches of 'case'", out var type);
        if (converted is null) return null;
        List<BoundNode> operands = [];
        for (var i = 0; i < whens.Count; i++) operands.AddRange([whens[i]!, converted[i]]);
        operands.Add(converted[^1]);
        return type is null ? _tree.Constant(Value.Null, null) : _tree.Special(SpecialForm.Case, type, operands);
    }

    BoundNode? BindList(ListSyntax syntax)
    {
        if (syntax.Elements.Count == 0) return Error(syntax.Span, "The type of an empty list is not known. Write cast(null as list<…>) or give it elements.");
        var elements = BindAll(syntax.Elements);
        if (elements is null || Common(elements, syntax.Elements, "The elements of a list", out var type) is not { } converted) return null;
        if (type is null) return Error(syntax.Span, "The type of a list of nulls is not known.");
        return _tree.List(FeatureType.List(type), converted);
    }

    List<BoundNode>? BindAll(IReadOnlyList<SyntaxNode> syntax)
    {
        var nodes = syntax.Select(Bind).ToList(); // all of them, so that all mistakes are reported
        return nodes.Contains(null) ? null : [.. nodes.Select(n => n!)];
    }

    bool Want(FeatureType type, IReadOnlyList<BoundNode> nodes, IReadOnlyList<SyntaxNode> syntax, string who)
    {
        var good = true;
        for (var i = 0; i < nodes.Count; i++)
            if (nodes[i].Type is { } found && found != type)
            {
                good = false;
                Error(syntax[i].Span, $"{who} takes {type}; this is {found}.{(found.IsNumeric && type == FeatureType.Bool ? " Compare it, like x <> 0." : "")}");
            }
        return good;
    }
}

/// <summary>An expression with its types and what is suspicious in it.</summary>
public sealed record BoundExpression(string Text, BoundNode Root, IReadOnlyList<ExpressionError> Warnings)
{
    /// <summary>Null: the expression is always null.</summary>
    public FeatureType? Type => Root.Type;

    /// <summary>Every input that it reads, each once.</summary>
    public IReadOnlyList<InputNode> Inputs
    {
        get
        {
            List<InputNode> inputs = [];
            HashSet<BoundNode> seen = [];
            Stack<BoundNode> todo = new([Root]);
            while (todo.TryPop(out var node))
            {
                if (!seen.Add(node)) continue;
                if (node is InputNode input) inputs.Add(input);
                for (var i = node.Children.Count - 1; i >= 0; i--) todo.Push(node.Children[i]);
            }
            return inputs;
        }
    }
}
