using System.Globalization;
using Lockstep.Core.OnDemand;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expressions.Binding;

/// <summary>
/// An expression with its types. Nodes are made by <see cref="BoundTree"/>, which gives equal ones out once:
/// a common subexpression is one object, computed once.
/// </summary>
public abstract class BoundNode(int id, FeatureType? type, IReadOnlyList<BoundNode> children)
{
    internal int Id { get; } = id;

    /// <summary>Null: the literal <c>null</c>, which fits any type.</summary>
    public FeatureType? Type { get; } = type;

    public IReadOnlyList<BoundNode> Children { get; } = children;

    /// <summary>One line of <c>explain</c>.</summary>
    protected abstract string Label { get; }

    /// <summary>The line of this node.</summary>
    internal string Head => $"{Label} : {(Type is null ? "null" : Type.ToString())}";

    /// <summary>The tree, a line a node, with types.</summary>
    public string Explain(int depth = 0)
        => $"{new string(' ', depth * 2)}{Head}\n{string.Concat(Children.Select(c => c.Explain(depth + 1)))}";
}

public sealed class ConstantNode(int id, FeatureType? type, Value value) : BoundNode(id, type, [])
{
    public Value Value { get; } = value;

    /// <summary>An author wrote it, as it is or as a type that was widened; else it was computed while binding.</summary>
    public bool Written { get; private set; }

    internal ConstantNode AsWritten()
    {
        Written = true;
        return this;
    }

    protected override string Label => Value.Kind == TypeKind.String && !Value.IsNull ? $"'{Value}'" : Value.ToString();
}

/// <summary>A column, a request field or a feature, by the name that the evaluation gives it under. int32 and float32 arrive widened.</summary>
public sealed class InputNode(int id, FeatureType type, string name, FeatureType declared) : BoundNode(id, type, [])
{
    public string Name { get; } = name;

    /// <summary>The type as stored.</summary>
    public FeatureType Declared { get; } = declared;

    protected override string Label => $"input {Name}";
}

/// <summary>The parameter of a lambda.</summary>
public sealed class ParameterNode(int id, FeatureType type, string name) : BoundNode(id, type, [])
{
    public string Name { get; } = name;
    protected override string Label => $"parameter {Name}";
}

/// <summary>A function that is null when an argument is.</summary>
public sealed class CallNode(int id, FeatureType type, FunctionOverload function, IReadOnlyList<BoundNode> arguments) : BoundNode(id, type, arguments)
{
    public FunctionOverload Function { get; } = function;
    protected override string Label => Function.Name;
}

public enum SpecialForm
{
    And,
    Or,
    IsNull,
    Coalesce,
    Greatest,
    Least,
    Concat,
    In,

    /// <summary>when, then, when, then …, else.</summary>
    Case,
}

/// <summary>A form with rules of its own about null.</summary>
public sealed class SpecialNode(int id, FeatureType type, SpecialForm form, IReadOnlyList<BoundNode> operands) : BoundNode(id, type, operands)
{
    public SpecialForm Form { get; } = form;
    protected override string Label => Form.ToString().ToLowerInvariant();
}

public enum ListForm { Transform, Filter, Any, All }

public enum Comparison { Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual }

/// <summary>A comparison of two values of one type, or of int64 and float64 by exact value; null when either is.</summary>
public sealed class CompareNode(int id, Comparison comparison, BoundNode left, BoundNode right) : BoundNode(id, FeatureType.Bool, [left, right])
{
    public Comparison Comparison { get; } = comparison;
    protected override string Label => Symbol(Comparison);

    internal static string Symbol(Comparison comparison) => comparison switch
    {
        Comparison.Equal => "=",
        Comparison.NotEqual => "<>",
        Comparison.Less => "<",
        Comparison.LessOrEqual => "<=",
        Comparison.Greater => ">",
        _ => ">=",
    };
}

/// <summary>A lambda over the elements of a list: children are the list and the body.</summary>
public sealed class LambdaNode(int id, FeatureType type, ListForm form, BoundNode list, ParameterNode parameter, BoundNode body) : BoundNode(id, type, [list, body])
{
    public ListForm Form { get; } = form;
    public BoundNode List => Children[0];
    public ParameterNode Parameter { get; } = parameter;
    public BoundNode Body => Children[1];
    protected override string Label => $"list_{Form.ToString().ToLowerInvariant()} {Parameter.Name} ->";
}

/// <summary>A list of given elements.</summary>
public sealed class ListNode(int id, FeatureType type, IReadOnlyList<BoundNode> elements) : BoundNode(id, type, elements)
{
    protected override string Label => "list";
}

/// <summary>The call of a C# view: its children are the inputs, in order. It has no value of its own, only <see cref="OutputNode"/>s.</summary>
public sealed class CSharpNode(int id, string view, CSharpView implementation, IReadOnlyList<BoundNode> inputs) : BoundNode(id, null, inputs)
{
    /// <summary>The version of the view, for messages.</summary>
    public string View { get; } = view;

    public CSharpView Implementation { get; } = implementation;
    protected override string Label => $"csharp {Implementation.Name} {Implementation.Version}";
}

/// <summary>One output of a C# view.</summary>
public sealed class OutputNode(int id, CSharpNode call, CSharpField output) : BoundNode(id, output.FeatureType, [call])
{
    public CSharpNode Call => (CSharpNode)Children[0];
    public CSharpField Output { get; } = output;
    protected override string Label => $"output {Output.Name}";
}

/// <summary>Makes nodes; equal nodes are one object.</summary>
public sealed class BoundTree
{
    readonly Dictionary<string, BoundNode> _nodes = new(StringComparer.Ordinal);
    int _next;

    T Make<T>(string key, Func<int, T> create) where T : BoundNode
    {
        if (_nodes.TryGetValue(key, out var found)) return (T)found;
        var node = create(_next++);
        _nodes.Add(key, node);
        return node;
    }

    static string Ids(IEnumerable<BoundNode> nodes) => string.Join(',', nodes.Select(n => n.Id.ToString(CultureInfo.InvariantCulture)));

    public ConstantNode Constant(Value value, FeatureType? type)
        => Make($"c {type} {(value.IsNull ? "" : value.Kind)} {(value.Kind == TypeKind.List ? _next : value)}", id => new ConstantNode(id, type, value));

    public InputNode Input(string name, FeatureType declared)
        => Make($"i {name}", id => new InputNode(id, Compiling.Physical.Widen(declared), name, declared));

    /// <summary>Always a new one: two lambdas do not share their parameter.</summary>
    public ParameterNode Parameter(string name, FeatureType type) => new(_next++, type, name);

    public CallNode Call(FunctionOverload function, FeatureType type, IReadOnlyList<BoundNode> arguments)
        => Make($"f {function.Key} {type} {Ids(arguments)}", id => new CallNode(id, type, function, arguments));

    public SpecialNode Special(SpecialForm form, FeatureType type, IReadOnlyList<BoundNode> operands)
        => Make($"s {form} {type} {Ids(operands)}", id => new SpecialNode(id, type, form, operands));

    public CompareNode Compare(Comparison comparison, BoundNode left, BoundNode right)
        => Make($"? {comparison} {left.Id} {right.Id}", id => new CompareNode(id, comparison, left, right));

    public LambdaNode Lambda(ListForm form, FeatureType type, BoundNode list, ParameterNode parameter, BoundNode body)
        => Make($"l {form} {type} {list.Id} {parameter.Id} {body.Id}", id => new LambdaNode(id, type, form, list, parameter, body));

    public CSharpNode CSharp(string view, CSharpView implementation, IReadOnlyList<BoundNode> inputs)
        => Make($"# {view} {Ids(inputs)}", id => new CSharpNode(id, view, implementation, inputs));

    public OutputNode Output(CSharpNode call, CSharpField output)
        => Make($". {call.Id} {output.Name}", id => new OutputNode(id, call, output));

    public ListNode List(FeatureType type, IReadOnlyList<BoundNode> elements)
        => Make($"[ {type} {Ids(elements)}", id => new ListNode(id, type, elements));
}
