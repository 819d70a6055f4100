using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Engine.Scan;

/// <summary>The columns of a table, over all its files.</summary>
internal static class TableColumns
{
    /// <summary>A column that some file lacks is null there; one that no file and no schema has is a mistake.</summary>
    public static void RequireKnown(TableInput table, IReadOnlyList<FileGroup> groups, string column)
    {
        if (groups.Count == 0 || table.Schema?.IndexOf(column) >= 0 || table.Files.Any(f => f.Partition.ContainsKey(column))) return;
        if (groups.Any(g => g.IndexOf(column) >= 0)) return;
        throw Unknown(table, column, groups.SelectMany(g => g.Columns).Select(c => c.Name));
    }

    public static LockstepException Unknown(TableInput table, string column, IEnumerable<string> names)
    {
        return new LockstepException(ErrorKind.Failed, $"{table.Name}: there is no column '{column}' in {Files(table)}."
            + NearestName.Hint(column, names.Concat(table.Schema?.Fields.Select(f => f.Name) ?? []), "Columns"));
    }

    static string Files(TableInput table) => table.Files.Count == 1 ? table.Files[0].Path : $"its {table.Files.Count} files";

    /// <summary>All columns of the files, in the order in which they first appear, each with the narrowest type that holds what every file has.</summary>
    public static Schema Unite(TableInput table, IEnumerable<(string File, IEnumerable<(string Name, FeatureType? Type)> Columns)> files)
    {
        List<string> order = [];
        Dictionary<string, (FeatureType Type, string File)> found = new(StringComparer.Ordinal);
        HashSet<string> left = new(StringComparer.Ordinal);
        foreach (var (file, columns) in files)
            foreach (var (name, type) in columns)
            {
                if (type is null) left.Add(name);
                else if (!found.TryGetValue(name, out var before))
                {
                    order.Add(name);
                    found.Add(name, (type, file));
                }
                else
                    found[name] = (Wider(before.Type, type) ?? throw new LockstepException(ErrorKind.Failed,
                        $"{table.Name}: column '{name}' is {before.Type} in {before.File} and {type} in {file}. Declare its type in the source's columns."), before.File);
            }
        foreach (var partition in table.Files.SelectMany(f => f.Partition.Keys).Distinct(StringComparer.Ordinal))
        {
            if (!found.ContainsKey(partition)) order.Add(partition);
            found[partition] = (FeatureType.String, "");
        }
        return new Schema(order.Where(n => !left.Contains(n)).Select(n => new Field(n, found[n].Type))) { LeftOut = [.. left] };
    }

    static FeatureType? Wider(FeatureType a, FeatureType b)
    {
        if (a == b) return a;
        if (a.IsInteger && b.IsInteger) return FeatureType.Int64;
        if (a.IsFloat && b.IsFloat) return FeatureType.Float64;
        if (a.IsFloat && b.IsInteger || a.IsInteger && b.IsFloat) return FeatureType.Float64; // each value is checked on reading
        if (a.Kind == TypeKind.Decimal && b.Kind == TypeKind.Decimal)
        {
            var scale = Math.Max(a.Scale, b.Scale);
            var precision = scale + Math.Max(a.Precision - a.Scale, b.Precision - b.Scale);
            return precision <= FeatureType.MaxPrecision ? FeatureType.Decimal(precision, scale) : null;
        }
        if ((a.Kind, b.Kind) is (TypeKind.Timestamp, TypeKind.Date) or (TypeKind.Date, TypeKind.Timestamp)) return FeatureType.Timestamp;
        return a.Kind == TypeKind.List && b.Kind == TypeKind.List && Wider(a.Element!, b.Element!) is { } element ? FeatureType.List(element) : null;
    }
}
