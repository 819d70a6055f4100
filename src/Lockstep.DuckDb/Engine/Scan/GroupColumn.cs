using System.Text;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine.Vectors;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Engine.Scan;

/// <summary>Where the values of one column come from in a group of files: a column of theirs, a value for each file, or nowhere (null).</summary>
internal sealed record GroupColumn(Field As)
{
    /// <summary>Place of the column in the files; -1 where it is not in them.</summary>
    public int Source { get; private init; } = -1;
    public VectorReader? Reader { get; private init; }

    /// <summary>For each file of the group, one row.</summary>
    public Column[]? Constants { get; private init; }

    public static GroupColumn Create(TableInput table, FileGroup group, ScanColumn column)
    {
        if (group.Files.Any(f => f.Partition.ContainsKey(column.Column)))
            return new(column.As) { Constants = [.. group.Files.Select(f => Constant(table, f, column))] };
        var source = group.IndexOf(column.Column);
        if (source < 0) return new(column.As);
        var type = group.Columns[source].Type;
        return new(column.As)
        {
            Source = source,
            Reader = VectorReader.For(type, column.As.Type) ?? throw new LockstepException(ErrorKind.Failed,
                $"{table.Name}: {group.Files[0].Path}, column '{column.Column}' is {type}, which cannot be read as {column.As.Type}."),
        };
    }

    public static Column Constant(TableInput table, TableFile file, ScanColumn column)
    {
        var constant = Column.Create(column.As.Type, 1);
        long nonFinite = 0;
        if (!file.Partition.TryGetValue(column.Column, out var text) || text is null) constant.AppendNull();
        else if (!Conversion.Exists(ScalarKind.String, column.As.Type) || !Conversion.Append(Scalar.String(Encoding.UTF8.GetBytes(text)), constant, ref nonFinite))
            throw new LockstepException(ErrorKind.Failed,
                $"{table.Name}: {file.Path} is of partition {column.Column}='{text}', which does not convert to {column.As.Type} without loss.");
        return constant;
    }
}
