using System.Globalization;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine.Scan;
using Lockstep.DuckDb.Engine.Vectors;
using Lockstep.DuckDb.Native;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Engine.Query;

/// <summary>
/// A table of Parquet files as a view: the same values that a scan would read. Floats that are not finite are null, -0 is 0, instants are
/// microseconds rounded down, a column that a file lacks is null, partition columns come from the file's place in the table.
/// </summary>
internal static class TableView
{
    /// <summary>The statement that creates the view, and the files that the view reads.</summary>
    public static (string Statement, IReadOnlyList<string> Paths) Create(Connection connection, string name, TableInput table, UtcNanos nanos, CancellationToken token)
    {
        var groups = table.Files.Count == 0 ? [] : ParquetSchemas.Read(connection, table, keepOrder: false, token);
        groups = nanos.Mend(connection, table, groups, _ => true, token);
        var columns = Columns(table, groups);
        if (columns.Count == 0) throw new LockstepException(ErrorKind.Failed, $"{table.Name} has no columns.");
        var selects = groups.Select(g => Select(table, g, columns)).ToList();
        if (selects.Count == 0) selects.Add($"select {string.Join(", ", columns.Select(c => $"null::{SqlType(c.Type!)}"))} where false");
        var statement = $"create view {Sql.Name(name)} ({string.Join(", ", columns.Select(c => Sql.Name(c.Name)))}) as {string.Join(" union all ", selects)}";
        return (statement, [.. groups.SelectMany(g => g.Paths)]);
    }

    public static string SqlType(FeatureType type) => type.Kind switch
    {
        TypeKind.Bool => "boolean",
        TypeKind.Int32 => "integer",
        TypeKind.Int64 => "bigint",
        TypeKind.Float32 => "float",
        TypeKind.Float64 => "double",
        TypeKind.Decimal => string.Create(CultureInfo.InvariantCulture, $"decimal({type.Precision}, {type.Scale})"),
        TypeKind.String => "varchar",
        TypeKind.Bytes => "blob",
        TypeKind.Timestamp => "timestamptz",
        TypeKind.Date => "date",
        TypeKind.List => $"{SqlType(type.Element!)}[]",
        _ => throw new NotSupportedException($"No SQL type for {type}."),
    };

    /// <summary>A type of null: as it is in the files, which all have the same.</summary>
    sealed record ViewColumn(string Name, FeatureType? Type);

    static List<ViewColumn> Columns(TableInput table, IReadOnlyList<FileGroup> groups)
    {
        List<ViewColumn> columns = [];
        var united = table.Schema ?? TableColumns.Unite(table, groups.Select(g => (g.Files[0].Path, g.Columns.Select(c => (c.Name, VectorReader.NaturalType(c.Type))))));
        foreach (var field in united.Fields) columns.Add(new(field.Name, field.Type));
        if (table.Schema is null && groups.Count == 1) // types that are not of S2 (structs, maps) are still of use within a query
            columns = [.. groups[0].Columns.Select(c => columns.Find(u => u.Name == c.Name) ?? new(c.Name, null)).Concat(columns.Where(u => groups[0].IndexOf(u.Name) < 0))];
        if (columns.GroupBy(c => c.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } same)
            throw new LockstepException(ErrorKind.Failed, $"{table.Name}: its columns '{string.Join("' and '", same.Select(c => c.Name))}' differ only in case, which SQL does not tell apart.");
        return columns;
    }

    static string Select(TableInput table, FileGroup group, List<ViewColumn> columns)
        => $"select {string.Join(", ", columns.Select(c => Expression(table, group, c)))} from {Sql.Parquet(group.Paths, group.Columns.Count)}";

    static string Expression(TableInput table, FileGroup group, ViewColumn column)
    {
        if (column.Type is null) return $"c{group.IndexOf(column.Name)}";
        var type = SqlType(column.Type);
        if (group.Files.Any(f => f.Partition.ContainsKey(column.Name)))
        {
            var values = group.Files.Select(f => Literal(GroupColumn.Constant(table, f, new ScanColumn(column.Name, new Field(column.Name, column.Type))))).ToList();
            return values.Distinct(StringComparer.Ordinal).Count() == 1
                ? $"({values[0]})::{type}"
                : $"([{string.Join(", ", values)}]::{type}[])[file_index::bigint + 1]";
        }
        var at = group.IndexOf(column.Name);
        if (at < 0) return $"null::{type}";
        var from = group.Columns[at].Type;
        var value = Normal($"c{at}", from);
        if (VectorReader.NaturalType(from) is { } natural && natural == column.Type) return value;
        if (!Widens(from, column.Type))
            throw new LockstepException(ErrorKind.Failed, $"{table.Name}: {group.Files[0].Path}, column '{column.Name}' is {from}, which cannot be read as {column.Type} in a query without loss.");
        return $"{value}::{type}";
    }

    // S1 and S3 in SQL. x = 0 holds for -0, too.
    static string Normal(string value, DuckType type) => type.Id switch
    {
        TypeId.Float or TypeId.Double => $"case when {value} = 0 then 0 when isfinite({value}) then {value} end",
        TypeId.TimestampNs => $"make_timestamp(epoch_ns({value}) // 1000 - (epoch_ns({value}) % 1000 < 0)::bigint)",
        TypeId.List or TypeId.Array when NeedsCare(type.Element!) => $"list_transform({value}, lambda {value}_: {Normal($"{value}_", type.Element!)})",
        _ => value,
    };

    static bool NeedsCare(DuckType type) => type.Id is TypeId.Float or TypeId.Double or TypeId.TimestampNs || (type.Element is { } element && NeedsCare(element));

    static bool Widens(DuckType from, FeatureType to) => (from.Id, to.Kind) switch
    {
        (TypeId.TinyInt or TypeId.SmallInt or TypeId.Integer or TypeId.UTinyInt or TypeId.USmallInt, TypeKind.Int32 or TypeKind.Int64 or TypeKind.Float64) => true,
        (TypeId.BigInt or TypeId.UInteger, TypeKind.Int64) => true,
        (TypeId.Float, TypeKind.Float64) => true,
        (TypeId.Decimal, TypeKind.Decimal) => to.Scale >= from.Scale && to.Precision - to.Scale >= from.Width - from.Scale,
        (TypeId.Timestamp or TypeId.TimestampTz or TypeId.TimestampNs or TypeId.TimestampMs or TypeId.TimestampS or TypeId.Date, TypeKind.Timestamp) => true,
        (TypeId.Blob, TypeKind.Bytes) or (TypeId.Varchar, TypeKind.String) => true,
        (TypeId.List or TypeId.Array, TypeKind.List) => Widens(from.Element!, to.Element!) || VectorReader.NaturalType(from.Element!) == to.Element,
        _ => false,
    };

    static string Literal(Column constant)
    {
        var value = constant.GetValue(0);
        if (value.IsNull) return "null";
        return value.Kind switch
        {
            TypeKind.Timestamp => $"make_timestamptz({Sql.Number(value.AsInt64)})",
            TypeKind.Date => $"date '1970-01-01' + ({Sql.Number(value.AsInt64)})::integer",
            TypeKind.Bytes => $"unhex('{Convert.ToHexString(value.AsBytes)}')",
            _ => Sql.Text(value.ToString()),
        };
    }
}
