using System.Globalization;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Rows;

namespace Lockstep.DuckDb.Engine.Query;

// S17: where DuckDB runs a part of an expression, its SQL yields the same bits, or that part is not handed over. What a node yields here:
//   bool boolean, int64 bigint, float64 double, string varchar, date date, timestamp bigint (its microseconds).
// Floats are finite and not -0, as everywhere (S3): `value` mends a column, `Mended` a result. Nothing that can raise an error is printed:
// integers are computed as hugeint and come back by try_cast. Not handed over: transcendental functions (S17), comparisons of int64 with
// float64 that would round, decimals beyond comparing like with like, lists, conversions between texts and numbers, time zones, whatever
// else nobody has held against the interpreter: ExpressionSqlTests does, for all that is here.
/// <summary>Prints bound expressions as SQL of DuckDB.</summary>
/// <param name="column">A column's SQL in the form above; null: it is not to be had.</param>
internal sealed class ExpressionSql(Func<InputNode, string?> column)
{
    /// <summary>A float is named twice where it is mended; a text longer than this is not handed over.</summary>
    const int MaxLength = 20_000;

    public const long ExactIntegers = 1L << 53;

    /// <summary>Null: it is not handed over.</summary>
    public string? Print(BoundNode node)
    {
        var sql = node switch
        {
            ConstantNode constant => Constant(constant.Value, constant.Type ?? FeatureType.Bool),
            InputNode input => column(input),
            CompareNode compare => Compare(compare),
            SpecialNode special => Special(special),
            CallNode call => Call(call),
            _ => null,
        };
        return sql is { Length: > MaxLength } ? null : sql;
    }

    static string? Constant(Value value, FeatureType type)
    {
        if (value.IsNull) return SqlType(type) is { } sqlType ? $"null::{sqlType}" : null;
        return type.Kind switch
        {
            TypeKind.Bool => value.AsBool ? "true" : "false",
            TypeKind.Int64 => $"'{Sql.Number(value.AsInt64)}'::bigint",
            TypeKind.Float64 => Float(value.AsFloat64),
            TypeKind.String => value.AsString.Contains('\0', StringComparison.Ordinal) ? null : Sql.Text(value.AsString), // it would end the statement
            TypeKind.Timestamp => $"'{Sql.Number(value.AsInt64)}'::bigint",
            TypeKind.Date => Day(value.AsInt64),
            _ => null,
        };
    }

    public static string Float(double value) => $"'{value.ToString("R", CultureInfo.InvariantCulture)}'::double";

    // Further away DuckDB has no days, or infinity.
    public static string? Day(long days) => Math.Abs(days) < 700_000_000 ? $"(date '1970-01-01' + ({Sql.Number(days)})::integer)" : null;

    static string? SqlType(FeatureType type) => type.Kind switch
    {
        TypeKind.Bool => "boolean",
        TypeKind.Int64 or TypeKind.Timestamp => "bigint",
        TypeKind.Float64 => "double",
        TypeKind.String => "varchar",
        TypeKind.Date => "date",
        _ => null,
    };

    string? Compare(CompareNode node)
    {
        var (left, right) = (node.Children[0], node.Children[1]);
        if (left.Type!.Kind != right.Type!.Kind)
        {
            // An int64 and a float64 are compared by exact value. A constant that is a whole number of both is one of the other's type.
            (left, right) = (Exact(left, right.Type!), Exact(right, left.Type!));
            if (left.Type!.Kind != right.Type!.Kind) return null;
        }
        else if (left.Type.Kind is TypeKind.Decimal && left.Type != right.Type) return null;
        else if (left.Type.Kind is TypeKind.List or TypeKind.Bytes) return null;
        return Print(left) is { } a && Print(right) is { } b ? $"({a} {Symbol(node.Comparison)} {b})" : null;
    }

    public static string Symbol(Comparison comparison) => comparison switch
    {
        Comparison.Equal => "=",
        Comparison.NotEqual => "<>",
        Comparison.Less => "<",
        Comparison.LessOrEqual => "<=",
        Comparison.Greater => ">",
        _ => ">=",
    };

    static BoundNode Exact(BoundNode node, FeatureType other) => (node, other.Kind) switch
    {
        (ConstantNode { Type.Kind: TypeKind.Int64, Value: { IsNull: false } value }, TypeKind.Float64) when value.AsInt64 is >= -ExactIntegers and <= ExactIntegers
            => new ConstantNode(-1, FeatureType.Float64, Value.Of((double)value.AsInt64)),
        (ConstantNode { Type.Kind: TypeKind.Float64, Value: { IsNull: false } value }, TypeKind.Int64) when value.AsFloat64 == Math.Truncate(value.AsFloat64) && Math.Abs(value.AsFloat64) <= ExactIntegers
            => new ConstantNode(-1, FeatureType.Int64, Value.Of((long)value.AsFloat64)),
        _ => node,
    };

    string? Special(SpecialNode node)
    {
        var operands = node.Children.Select(c => Print(node.Form == SpecialForm.IsNull || c.Type is not null ? c : new ConstantNode(-1, node.Type, Value.Null))).ToList();
        if (operands.Contains(null)) return null;
        return node.Form switch
        {
            SpecialForm.And => $"({string.Join(" and ", operands)})",
            SpecialForm.Or => $"({string.Join(" or ", operands)})",
            SpecialForm.IsNull => $"({operands[0]} is null)",
            SpecialForm.Coalesce when SqlType(node.Type!) is not null => $"coalesce({string.Join(", ", operands)})",
            SpecialForm.Greatest when SqlType(node.Type!) is not null => $"greatest({string.Join(", ", operands)})",
            SpecialForm.Least when SqlType(node.Type!) is not null => $"least({string.Join(", ", operands)})",
            SpecialForm.Concat => $"concat({string.Join(", ", operands)})",
            SpecialForm.Case when SqlType(node.Type!) is not null
                => $"(case {string.Join(" ", Enumerable.Range(0, operands.Count / 2).Select(i => $"when {operands[2 * i]} then {operands[2 * i + 1]}"))} else {operands[^1]} end)",
            _ => null,
        };
    }

    string? Call(CallNode node)
    {
        var arguments = node.Children.Select(Print).ToList();
        if (arguments.Contains(null)) return null;
        var kinds = node.Function.Parameters.Select(p => p.Kind).ToList();
        var (a, b) = (arguments.ElementAtOrDefault(0), arguments.ElementAtOrDefault(1));
        return (node.Function.Name, kinds) switch
        {
            ("+" or "-" or "*", [TypeKind.Int64, TypeKind.Int64]) => Whole($"{a}::hugeint {node.Function.Name} {b}::hugeint"),
            ("//" or "%", [TypeKind.Int64, TypeKind.Int64]) => Whole($"{a}::hugeint {node.Function.Name} nullif({b}, 0)::hugeint"),
            ("neg", [TypeKind.Int64]) => Whole($"-({a}::hugeint)"),
            ("abs", [TypeKind.Int64]) => Whole($"abs({a}::hugeint)"),
            ("+" or "-" or "*" or "/" or "%", [TypeKind.Float64, TypeKind.Float64]) => Mended($"({a} {node.Function.Name} {b})"),
            ("//", [TypeKind.Float64, TypeKind.Float64]) => Mended($"trunc({a} / {b})"),
            ("neg", [TypeKind.Float64]) => $"(-{a} + '0'::double)",
            ("abs" or "floor" or "ceil" or "trunc" or "round", [TypeKind.Float64]) => $"({node.Function.Name}({a}) + '0'::double)",
            ("sqrt", [TypeKind.Float64]) => $"(case when {a} >= 0 then sqrt({a}) end)",
            ("sign", [TypeKind.Float64]) => $"(sign({a})::bigint)",
            ("not", [TypeKind.Bool]) => $"(not {a})",
            ("to int64", [TypeKind.Bool]) => $"({a}::bigint)",
            ("to float64", [TypeKind.Bool]) => $"({a}::integer::double)",
            ("to float64", [TypeKind.Int64]) => $"({a}::double)",
            ("try int64", [TypeKind.Float64]) => $"try_cast(round_even({a}, 0) as bigint)",
            ("to string", [TypeKind.Int64] or [TypeKind.Bool]) => $"({a}::varchar)",
            ("||", [TypeKind.String, TypeKind.String]) => $"({a} || {b})",
            ("length", [TypeKind.String]) => $"(length({a})::bigint)",
            ("contains" or "starts_with" or "ends_with", [TypeKind.String, TypeKind.String]) => $"{node.Function.Name}({a}, {b})",
            ("like", [TypeKind.String, TypeKind.String]) => $"({a} like {b})",
            _ => null,
        };
    }

    static string Whole(string hugeint) => $"try_cast({hugeint} as bigint)";

    /// <summary>What is not finite is null, and -0 is 0.</summary>
    static string Mended(string number) => $"(case when isfinite({number}) then {number} + '0'::double end)";
}
