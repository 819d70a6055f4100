using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>Some rows of a spine in memory, in their order: what one pass over the sources answers.</summary>
internal sealed record SpineBlock(string Spine, long FirstRow, IReadOnlyList<ColumnBatch> Batches)
{
    public int Rows { get; } = Batches.Sum(b => b.Count);

    public (SpineBlock First, SpineBlock Second) Split()
    {
        var half = Batches.Count / 2;
        var first = new SpineBlock(Spine, FirstRow, [.. Batches.Take(half)]);
        return (first, new(Spine, FirstRow + first.Rows, [.. Batches.Skip(half)]));
    }

    /// <summary>The labels by one choice of key columns, converted to the entity's types (S4).</summary>
    public LabelIndex Index(KeyChoice choice, int time)
    {
        var index = new LabelIndex(choice.Types);
        var keys = new Column[choice.Columns.Length];
        var row = FirstRow;
        foreach (var batch in Batches)
        {
            for (var i = 0; i < keys.Length; i++)
                keys[i] = ColumnConversion.Convert(batch[choice.Columns[i]], choice.Types[i], new(Spine, row, batch.Schema[choice.Columns[i]].Name, choice.Purposes[i]));
            index.Add(keys, (FixedColumn<long>)batch[time]);
            row += batch.Count;
        }
        index.Build();
        return index;
    }
}
