using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine.Query;
using Lockstep.DuckDb.Engine.Vectors;
using Lockstep.DuckDb.Native;

namespace Lockstep.DuckDb.Engine.Scan;

// A filter at the scan: what DuckDB leaves out is not decoded and not copied. It may keep too many rows, since the filter is applied to what
// comes, but never too few. So each condition that ExpressionSql has is handed over, and of the others nothing. A column compared with a
// constant stands as it is in the file, for then Parquet's statistics leave out row groups: a NaN or infinity may pass, and is null later.
/// <summary>The conditions of a scan as SQL over the columns of a group of files.</summary>
internal static class ScanConditions
{
    /// <summary>Empty where nothing can be handed over.</summary>
    public static string Print(IReadOnlyList<BoundNode> conditions, FileGroup group)
    {
        if (conditions.Count == 0) return "";
        ExpressionSql printer = new(input => Find(input, group) is var (at, type) && at >= 0 ? Mended($"c{at}", type!) : null);
        return string.Join(" and ", conditions.Select(c => Bare(c, group) ?? (Pays(c) ? printer.Print(c) : null)).OfType<string>().Select(c => $"({c})"));
    }

    // Float arithmetic in SQL, each result mended, takes longer than reading the rows that it leaves out (3 million rows, 1 of 100 kept).
    static bool Pays(BoundNode node) => node is not CallNode { Type.Kind: TypeKind.Float64 } && node.Children.All(Pays);

    // Read as another type than the file's it is converted, by rules of its own.
    static (int At, DuckType? Type) Find(InputNode input, FileGroup group)
        => group.IndexOf(input.Name) is >= 0 and var at && !group.Files.Any(f => f.Partition.ContainsKey(input.Name)) && VectorReader.NaturalType(group.Columns[at].Type) == input.Declared
            ? (at, group.Columns[at].Type) : (-1, null);

    static string? Mended(string column, DuckType type) => type.Id is TypeId.Float or TypeId.Double
        ? $"(case when {column} = 0 then 0 when isfinite({column}) then {column} end)::double"
        : ComputedTable.ColumnSql(column, type);

    static string? Bare(BoundNode condition, FileGroup group)
    {
        if (condition is not CompareNode { Children: [var left, var right] } compare) return null;
        var turned = left is ConstantNode;
        if ((turned ? right : left) is not InputNode input || (turned ? left : right) is not ConstantNode { Value: { IsNull: false } value }) return null;
        var (at, found) = Find(input, group);
        if (found is not { } type) return null;
        // A file's dictionary or Bloom filter may know 0 and not -0, which is stored, and read as 0.
        if (type.Id is TypeId.Float or TypeId.Double && compare.Comparison == Comparison.Equal && (value.Kind == TypeKind.Float64 ? value.AsFloat64 : value.AsInt64) == 0) return null;
        var literal = (type.Id, value.Kind) switch
        {
            (TypeId.TinyInt or TypeId.SmallInt or TypeId.Integer or TypeId.UTinyInt or TypeId.USmallInt or TypeId.UInteger or TypeId.BigInt, TypeKind.Int64) => $"'{Sql.Number(value.AsInt64)}'::bigint",
            (TypeId.Float or TypeId.Double, TypeKind.Float64) => ExpressionSql.Float(value.AsFloat64),
            (TypeId.Float or TypeId.Double, TypeKind.Int64) when value.AsInt64 is >= -ExpressionSql.ExactIntegers and <= ExpressionSql.ExactIntegers => ExpressionSql.Float(value.AsInt64),
            (TypeId.Varchar, TypeKind.String) when !value.AsString.Contains('\0', StringComparison.Ordinal) => Sql.Text(value.AsString),
            (TypeId.Timestamp, TypeKind.Timestamp) when TimeBounds.IsFinite(value.AsInt64) => $"make_timestamp({Sql.Number(value.AsInt64)})",
            (TypeId.TimestampTz, TypeKind.Timestamp) when TimeBounds.IsFinite(value.AsInt64) => $"make_timestamptz({Sql.Number(value.AsInt64)})",
            (TypeId.Date, TypeKind.Date) => ExpressionSql.Day(value.AsInt64),
            _ => null,
        };
        var symbol = ExpressionSql.Symbol(compare.Comparison);
        return literal is null ? null : turned ? $"{literal} {symbol} c{at}" : $"c{at} {symbol} {literal}";
    }
}
