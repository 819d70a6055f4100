using System.Linq.Expressions;
using System.Reflection;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Functions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expressions.Compiling;

/// <summary>Where a value and its "is there" stand; <see cref="Has"/> is null when the value is always there.</summary>
readonly record struct Emitted(Expression? Has, Expression Value)
{
    public Expression HasOrTrue => Has ?? Expression.Constant(true);
}

// Turns bound trees into statements of .NET, the same for one row and for a batch: only the loads of inputs differ.
// Every node gets a variable for its value and, where it can be null, one for "is there". A node that was computed in an enclosing
// scope is not computed again: scopes are the branches of case and coalesce and the bodies of lambdas.
// Invariant: a float64 variable that is "there" is finite and not negative zero (S3, S17).
sealed partial class Emitter(ParameterExpression scratch, Func<InputNode, Emitted> load)
{
    sealed class Block
    {
        public readonly List<Expression> Statements = [];
        public readonly Dictionary<BoundNode, Emitted> Known = [];
    }

    readonly List<ParameterExpression> _variables = [];
    readonly Stack<Block> _blocks = new([new Block()]);

    /// <summary>Everything emitted so far, to stand in one block with <see cref="Variables"/>.</summary>
    public List<Expression> Statements => _blocks.Peek().Statements;

    public List<ParameterExpression> Variables => _variables;

    ParameterExpression Variable(Type type)
    {
        var variable = Expression.Variable(type);
        _variables.Add(variable);
        return variable;
    }

    void Add(Expression statement) => _blocks.Peek().Statements.Add(statement);
    static BinaryExpression Set(Expression variable, Expression value) => Expression.Assign(variable, value);
    static Expression Both(Expression? a, Expression? b) => a is null ? b ?? Expression.Constant(true) : b is null ? a : Expression.AndAlso(a, b);

    /// <summary>Statements of a branch: what it computes is known only inside.</summary>
    Expression Scoped(Action body)
    {
        _blocks.Push(new Block());
        body();
        var block = _blocks.Pop();
        return block.Statements.Count == 0 ? Expression.Empty() : Expression.Block(block.Statements);
    }

    public Emitted Emit(BoundNode node)
    {
        foreach (var block in _blocks)
            if (block.Known.TryGetValue(node, out var known)) return known;
        var emitted = node switch
        {
            ConstantNode constant => Constant(constant),
            InputNode input => load(input),
            CallNode call => Call(call),
            CompareNode compare => Compare(compare),
            SpecialNode special => Special(special),
            ListNode list => List(list),
            LambdaNode lambda => Lambda(lambda),
            _ => throw new InvalidOperationException($"No code for {node.GetType().Name}."),
        };
        _blocks.Peek().Known[node] = emitted;
        return emitted;
    }

    static Emitted Constant(ConstantNode node)
    {
        var type = Physical.Of(node.Type ?? FeatureType.Bool);
        return node.Value.IsNull
            ? new(Expression.Constant(false), Expression.Default(type))
            : new(null, Expression.Constant(ConstantFolder.ToPhysical(node.Value, node.Type!), type));
    }

    Emitted Call(CallNode node)
    {
        var arguments = node.Children.Select(Emit).ToList();
        Expression? given = null;
        foreach (var argument in arguments)
            if (argument.Has is not null) given = Both(given, argument.Has);
        var value = Variable(Physical.Of(node.Type!));
        var isFloat = value.Type == typeof(double);
        var call = Invoke(node.Function, [.. arguments.Select(a => a.Value)], value);
        if (given is null && !node.Function.MayBeNull && !isFloat)
        {
            Add(Set(value, call));
            return new(null, value);
        }
        var has = Variable(typeof(bool));
        List<Expression> body = [node.Function.MayBeNull ? Set(has, call) : Set(value, call)];
        if (isFloat)
        {
            var finite = Expression.Call(s_isFinite, value);
            body.Add(Set(has, node.Function.MayBeNull ? Expression.AndAlso(has, finite) : finite));
            body.Add(Set(value, Expression.Add(value, Expression.Constant(0.0))));
        }
        else if (!node.Function.MayBeNull) body.Add(Set(has, Expression.Constant(true)));
        Add(given is null ? Expression.Block(body) : Expression.IfThenElse(given, Expression.Block(body), Set(has, Expression.Constant(false))));
        return new(has, value);
    }

    static readonly MethodInfo s_isFinite = typeof(double).GetMethod(nameof(double.IsFinite))!;

    Expression Invoke(FunctionOverload function, List<Expression> arguments, ParameterExpression value)
    {
        if (function.About.Hidden && arguments.Count == 2 && arguments[0].Type == typeof(double) && value.Type == typeof(double))
            switch (function.Name)
            {
                case "+": return Expression.Add(arguments[0], arguments[1]);
                case "-": return Expression.Subtract(arguments[0], arguments[1]);
                case "*": return Expression.Multiply(arguments[0], arguments[1]);
                case "/": return Expression.Divide(arguments[0], arguments[1]);
            }
        if (function.NeedsScratch) arguments.Insert(0, scratch);
        if (function.MayBeNull) arguments.Add(value);
        return Expression.Call(function.Method, arguments);
    }

    Emitted Compare(CompareNode node)
    {
        var (left, right) = (Emit(node.Children[0]), Emit(node.Children[1]));
        var test = Order(node.Comparison, left.Value, right.Value, node.Children[0].Type!, node.Children[1].Type!);
        var value = Variable(typeof(bool));
        if (left.Has is null && right.Has is null)
        {
            Add(Set(value, test));
            return new(null, value);
        }
        var has = Variable(typeof(bool));
        Add(Set(has, Both(left.Has, right.Has)));
        Add(Expression.IfThen(has, Set(value, test)));
        return new(has, value);
    }

    static Expression Order(Comparison comparison, Expression left, Expression right, FeatureType leftType, FeatureType rightType)
    {
        if (left.Type == typeof(Micros) || left.Type == typeof(Days)) (left, right) = (Expression.Property(left, "Value"), Expression.Property(right, "Value"));
        if (left.Type == typeof(bool)) (left, right) = (Number(left), Number(right));
        if (left.Type == right.Type && (left.Type == typeof(long) || left.Type == typeof(double) || left.Type == typeof(int))) return Machine(comparison, left, right);
        if (left.Type == typeof(Utf8Text) && comparison is Comparison.Equal or Comparison.NotEqual && left.Type == right.Type)
        {
            var equal = Expression.Call(left.NodeType == ExpressionType.Parameter ? left : Expression.Convert(left, left.Type), s_textEquals, right);
            return comparison == Comparison.Equal ? equal : Expression.Not(equal);
        }
        List<Expression> arguments = leftType.Kind == TypeKind.Decimal
            ? [left, Expression.Constant((long)leftType.Scale), right, Expression.Constant((long)rightType.Scale)]
            : [left, right];
        var compare = typeof(Operators).GetMethod(nameof(Operators.Compare), [.. arguments.Select(a => a.Type)])!;
        return Machine(comparison, Expression.Call(compare, arguments), Expression.Constant(0L));

        static Expression Number(Expression flag) => Expression.Condition(flag, Expression.Constant(1), Expression.Constant(0));
    }

    static readonly MethodInfo s_textEquals = typeof(Utf8Text).GetMethod(nameof(Utf8Text.Equals), [typeof(Utf8Text)])!;

    static BinaryExpression Machine(Comparison comparison, Expression left, Expression right) => comparison switch
    {
        Comparison.Equal => Expression.Equal(left, right),
        Comparison.NotEqual => Expression.NotEqual(left, right),
        Comparison.Less => Expression.LessThan(left, right),
        Comparison.LessOrEqual => Expression.LessThanOrEqual(left, right),
        Comparison.Greater => Expression.GreaterThan(left, right),
        _ => Expression.GreaterThanOrEqual(left, right),
    };
}
