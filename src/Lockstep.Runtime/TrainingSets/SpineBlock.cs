using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>The keys and timestamps of some rows of a spine, in their order: the labels that one pass over the sources answers.</summary>
internal sealed record SpineBlock(string Spine, long FirstRow, IReadOnlyList<ColumnBatch> Labels)
{
    public int Rows { get; } = Labels.Sum(b => b.Count);

    public (SpineBlock First, SpineBlock Second) Split()
    {
        var (half, at) = (Rows / 2, 0);
        List<ColumnBatch> first = [], second = [];
        foreach (var batch in Labels)
        {
            if (at + batch.Count <= half) first.Add(batch);
            else if (at >= half) second.Add(batch);
            else
            {
                first.Add(Slice(batch, 0, half - at));
                second.Add(Slice(batch, half - at, batch.Count - (half - at)));
            }
            at += batch.Count;
        }
        return (new(Spine, FirstRow, first), new(Spine, FirstRow + half, second));
    }

    /// <summary>The labels by one choice of key columns, converted to the entity's types (S4).</summary>
    public LabelIndex Index(KeyChoice choice, int time)
    {
        var index = new LabelIndex(choice.Types, Rows);
        var keys = new Column[choice.Columns.Length];
        var row = FirstRow;
        foreach (var batch in Labels)
        {
            for (var i = 0; i < keys.Length; i++)
                keys[i] = ColumnConversion.Convert(batch[choice.Columns[i]], choice.Types[i], new(Spine, row, batch.Schema[choice.Columns[i]].Name, choice.Purposes[i]));
            index.Add(keys, (FixedColumn<long>)batch[time]);
            row += batch.Count;
        }
        index.Build();
        return index;
    }

    /// <summary>A copy of some rows of a batch.</summary>
    public static ColumnBatch Slice(ColumnBatch batch, int first, int count)
    {
        var slice = new ColumnBatch(batch.Schema);
        int[] rows = [.. Enumerable.Range(first, count)];
        foreach (var (i, column) in slice.Columns.Index()) column.AppendRows(batch[i], rows);
        return slice;
    }
}
