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
// `row` is the place in a batch, for the messages of C# views; null: a row of its own.
sealed partial class Emitter(ParameterExpression scratch, Func<InputNode, Emitted> load, Expression? row = null)
{
    /// <summary>Sets the variables that hold constants; to stand in front of everything, outside of loops.</summary>
    public List<Expression> Prologue { get; } = [];

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

    // Both are variables or constants: to look at the second costs less than a branch that the processor cannot foresee.
    static Expression Both(Expression? a, Expression? b) => a is null ? b ?? Expression.Constant(true) : b is null ? a : Expression.And(a, b);

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
            InputNode input => Input(input),
            CallNode call => Call(call),
            CompareNode compare => Compare(compare),
            SpecialNode special => Special(special),
            ListNode list => List(list),
            LambdaNode lambda => Lambda(lambda),
            CSharpNode csharp => CSharp(csharp),
            OutputNode output => Output(output),
            _ => throw new InvalidOperationException($"No code for {node.GetType().Name}."),
        };
        _blocks.Peek().Known[node] = emitted;
        return emitted;
    }

    Emitted Input(InputNode node)
    {
        var loaded = load(node);
        var value = Variable(loaded.Value.Type);
        Add(Set(value, loaded.Value));
        if (loaded.Has is null) return new(null, value);
        var has = Variable(typeof(bool));
        Add(Set(has, loaded.Has));
        return new(has, value);
    }

    Emitted Constant(ConstantNode node)
    {
        var type = Physical.Of(node.Type ?? FeatureType.Bool);
        return node.Value.IsNull
            ? new(Expression.Constant(false), Expression.Default(type))
            : new(null, Constant(ConstantFolder.ToPhysical(node.Value, node.Type!), type));
    }

    readonly Dictionary<object, ParameterExpression> _constants = [];

    // Numbers become part of the code. Whatever else would be taken out of an array of objects each time: it is, once, before the rows.
    Expression Constant(object value, Type type)
    {
        if (value is Micros micros) return Expression.New(typeof(Micros).GetConstructor([typeof(long)])!, Expression.Constant(micros.Value));
        if (value is Days days) return Expression.New(typeof(Days).GetConstructor([typeof(int)])!, Expression.Constant(days.Value));
        if (type.IsPrimitive || type.IsEnum) return Expression.Constant(value, type);
        if (_constants.TryGetValue(value, out var known) && known.Type == type) return known;
        var variable = _constants[value] = Variable(type);
        Prologue.Add(Set(variable, Expression.Constant(value, type)));
        return variable;
    }

    Emitted Call(CallNode node)
    {
        var arguments = node.Children.Select(Emit).ToList();
        Expression? given = null;
        foreach (var argument in arguments)
            if (argument.Has is not null) given = Both(given, argument.Has);
        var value = Variable(Physical.Of(node.Type!));
        var isFloat = value.Type == typeof(double);
        var call = Invoke(node, [.. arguments.Select(a => a.Value)], value);
        if (given is null && !node.Function.MayBeNull && !isFloat)
        {
            Add(Set(value, call));
            return new(null, value);
        }
        var has = Variable(typeof(bool));
        if (node.Function.IsCheap)
        {
            if (!node.Function.MayBeNull) Add(Set(value, call));
            var defined = node.Function.MayBeNull ? call : isFloat ? Expression.Call(s_isFinite, value) : null;
            Add(Set(has, Both(given, defined)));
            if (isFloat) Add(Set(value, Expression.Add(value, Expression.Constant(0.0))));
            return new(has, value);
        }
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

    Expression Invoke(CallNode node, List<Expression> arguments, ParameterExpression value)
    {
        var function = node.Function;
        if (function.About.Hidden && arguments.Count == 2 && arguments[0].Type == typeof(double) && value.Type == typeof(double))
            switch (function.Name)
            {
                case "+": return Expression.Add(arguments[0], arguments[1]);
                case "-": return Expression.Subtract(arguments[0], arguments[1]);
                case "*": return Expression.Multiply(arguments[0], arguments[1]);
                case "/": return Expression.Divide(arguments[0], arguments[1]);
            }
        var method = function.Method;
        if (function.Prepared is { } prepared && node.Children[prepared.Argument] is ConstantNode { Value.IsNull: false } constant
            && prepared.Prepare.Invoke(null, [ConstantFolder.ToPhysical(constant.Value, constant.Type!)]) is { } ready)
        {
            method = prepared.Method;
            arguments[prepared.Argument] = Constant(ready, method.GetParameters()[prepared.Argument + (function.NeedsScratch ? 1 : 0)].ParameterType);
        }
        if (function.Constant is { } bound) arguments.Insert(0, Constant(bound.Value, bound.Value.GetType()));
        if (function.NeedsScratch) arguments.Insert(0, scratch);
        if (function.MayBeNull) arguments.Add(value);
        return Expression.Call(method, arguments);
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
        Add(IsMachine(left.Value.Type) && IsMachine(right.Value.Type) ? Set(value, test) : Expression.IfThen(has, Set(value, test)));
        return new(has, value);
    }

    static bool IsMachine(Type type) => type.IsPrimitive || type == typeof(Micros) || type == typeof(Days);

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
