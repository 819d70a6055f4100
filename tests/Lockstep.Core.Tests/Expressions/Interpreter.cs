using System.Numerics;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Expressions;

/// <summary>
/// The judge of compiled expressions: walks the bound tree and computes operators, comparisons and the forms of null from their
/// definitions in S17, over <see cref="Value"/>. Library functions are called as they are: their own tests judge them.
/// </summary>
static class Interpreter
{
    public static Value Run(BoundNode node, IReadOnlyDictionary<string, Value> inputs, IReadOnlyDictionary<ParameterNode, Value>? parameters = null)
    {
        parameters ??= new Dictionary<ParameterNode, Value>();
        Value Eval(BoundNode n) => Run(n, inputs, parameters);
        switch (node)
        {
            case ConstantNode c: return c.Value;
            case InputNode i: return Widen(inputs[i.Name]);
            case ParameterNode p: return parameters[p];
            case CompareNode c:
                var (left, right) = (Eval(c.Children[0]), Eval(c.Children[1]));
                if (left.IsNull || right.IsNull) return Value.Null;
                var order = Compare(left, right);
                return Value.Of(c.Comparison switch
                {
                    Comparison.Equal => order == 0,
                    Comparison.NotEqual => order != 0,
                    Comparison.Less => order < 0,
                    Comparison.LessOrEqual => order <= 0,
                    Comparison.Greater => order > 0,
                    _ => order >= 0,
                });
            case CallNode c:
                var arguments = c.Children.Select(Eval).ToList();
                return arguments.Any(a => a.IsNull) ? Value.Null : Normal(Operator(c.Function, arguments) ?? Library(c, arguments));
            case SpecialNode s: return Special(s, Eval);
            case ListNode l: return Value.List([.. l.Children.Select(Eval)]);
            case LambdaNode l:
                var list = Eval(l.List);
                if (list.IsNull) return Value.Null;
                var bodies = list.AsList.Select(e => Run(l.Body, inputs, new Dictionary<ParameterNode, Value>(parameters) { [l.Parameter] = Widen(e) })).ToList();
                return l.Form switch
                {
                    ListForm.Transform => Value.List([.. bodies]),
                    ListForm.Filter => Value.List([.. list.AsList.Where((_, i) => !bodies[i].IsNull && bodies[i].AsBool)]),
                    ListForm.Any => bodies.Any(b => !b.IsNull && b.AsBool) ? Value.Of(true) : bodies.Any(b => b.IsNull) ? Value.Null : Value.Of(false),
                    _ => bodies.Any(b => !b.IsNull && !b.AsBool) ? Value.Of(false) : bodies.Any(b => b.IsNull) ? Value.Null : Value.Of(true),
                };
            default: throw new InvalidOperationException(node.GetType().Name);
        }
    }

    static Value Special(SpecialNode s, Func<BoundNode, Value> eval)
    {
        switch (s.Form)
        {
            case SpecialForm.And or SpecialForm.Or:
                var flags = s.Children.Select(eval).ToList();
                var decides = s.Form == SpecialForm.Or;
                return flags.Any(f => !f.IsNull && f.AsBool == decides) ? Value.Of(decides) : flags.Any(f => f.IsNull) ? Value.Null : Value.Of(!decides);
            case SpecialForm.IsNull: return Value.Of(eval(s.Children[0]).IsNull);
            case SpecialForm.Coalesce: return s.Children.Select(eval).FirstOrDefault(v => !v.IsNull);
            case SpecialForm.Case:
                for (var i = 0; i + 1 < s.Children.Count; i += 2)
                    if (eval(s.Children[i]) is { IsNull: false } when && when.AsBool) return eval(s.Children[i + 1]);
                return eval(s.Children[^1]);
            case SpecialForm.Greatest or SpecialForm.Least:
                var best = Value.Null;
                foreach (var value in s.Children.Select(eval).Where(v => !v.IsNull))
                    if (best.IsNull || (s.Form == SpecialForm.Greatest ? Compare(value, best) > 0 : Compare(value, best) < 0)) best = value;
                return best;
            case SpecialForm.Concat: return Value.Of(string.Concat(s.Children.Select(eval).Where(v => !v.IsNull).Select(v => v.AsString)));
            default: throw new InvalidOperationException(s.Form.ToString());
        }
    }

    static Value Widen(Value value) => value.IsNull ? value : value.Kind switch
    {
        TypeKind.Int32 => Value.Of((long)value.AsInt32),
        TypeKind.Float32 => Value.Of((double)value.AsFloat32 + 0.0),
        TypeKind.Float64 => Value.Of(value.AsFloat64 + 0.0),
        _ => value,
    };

    // Exact, whatever the types: every number is a fraction.
    static int Compare(Value a, Value b) => a.Kind is TypeKind.Int64 or TypeKind.Float64 or TypeKind.Decimal ? (Fraction(a).N * Fraction(b).D).CompareTo(Fraction(b).N * Fraction(a).D) : Value.CompareForNewest(a, b);

    static (BigInteger N, BigInteger D) Fraction(Value value)
    {
        if (value.Kind == TypeKind.Int64) return (value.AsInt64, 1);
        if (value.Kind == TypeKind.Decimal) return ((BigInteger)value.AsDecimal, BigInteger.Pow(10, value.DecimalScale));
        var bits = BitConverter.DoubleToInt64Bits(value.AsFloat64);
        var exponent = (int)(bits >> 52 & 0x7FF);
        BigInteger mantissa = bits & 0xFFFFFFFFFFFFF;
        if (exponent == 0) exponent = 1; else mantissa += 1L << 52;
        if (bits < 0) mantissa = -mantissa;
        exponent -= 1075;
        return exponent >= 0 ? (mantissa << exponent, 1) : (mantissa, BigInteger.One << -exponent);
    }

    static Value? Operator(FunctionOverload function, List<Value> a)
    {
        if (!function.About.Hidden) return null;
        if (a is [{ Kind: TypeKind.Int64 }, ..] && function.Name is "+" or "-" or "*" or "//" or "%" or "neg")
        {
            var x = (BigInteger)a[0].AsInt64;
            var y = a.Count > 1 ? (BigInteger)a[1].AsInt64 : 0;
            if (function.Name is "//" or "%" && y.IsZero) return Value.Null;
            var exact = function.Name switch { "+" => x + y, "-" => x - y, "*" => x * y, "//" => BigInteger.Divide(x, y), "%" => BigInteger.Remainder(x, y), _ => -x };
            return exact < long.MinValue || exact > long.MaxValue ? Value.Null : Value.Of((long)exact);
        }
        if (a is [{ Kind: TypeKind.Float64 }, ..] && function.Name is "+" or "-" or "*" or "/" or "//" or "%" or "neg")
        {
            var x = a[0].AsFloat64;
            var y = a.Count > 1 ? a[1].AsFloat64 : 0;
            return Value.Of(function.Name switch { "+" => x + y, "-" => x - y, "*" => x * y, "/" => x / y, "//" => Math.Truncate(x / y), "%" => Math.IEEERemainder(x, y) is var r && y == 0 ? double.NaN : x % y, _ => -x });
        }
        if (function.Name == "||") return Value.Of(a[0].AsString + a[1].AsString);
        if (function.Name == "not") return Value.Of(!a[0].AsBool);
        return null;
    }

    static Value Library(CallNode node, List<Value> arguments)
    {
        if (node.Function.Constant is not null) return NaiveConstants.Apply(node, arguments);
        var result = node.Function.Invoke(arguments.Select((a, i) => PhysicalValue.From(a, node.Children[i].Type!, widen: true)));
        if (result is null) return Value.Null;
        return PhysicalValue.ToValue(result, node.Type!);
    }

    static Value Normal(Value value)
    {
        if (value.IsNull || value.Kind != TypeKind.Float64) return value;
        return double.IsFinite(value.AsFloat64) ? Value.Of(value.AsFloat64 + 0.0) : Value.Null;
    }
}
