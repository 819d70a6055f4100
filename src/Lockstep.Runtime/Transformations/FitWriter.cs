using Lockstep.Core.Fitting;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Transformations;

/// <summary>Takes a training set as it is made, and learns from its rows up to an instant.</summary>
internal sealed class FitWriter(Schema schema, FitLearner learner, string timestamp, int features, long at) : BatchWriter
{
    readonly int _time = schema.IndexOf(timestamp);
    int[] _rows = [];

    public override Schema Schema => schema;
    public long RowsAfter { get; private set; }
    public long RowsWithoutTime { get; private set; }

    public override void Write(ColumnBatch batch, CancellationToken token)
    {
        var times = (FixedColumn<long>)batch[_time];
        if (_rows.Length < batch.Count) _rows = new int[batch.Count];
        var kept = 0;
        for (var row = 0; row < batch.Count; row++)
            if (times.IsNull(row)) RowsWithoutTime++;
            else if (times.Values[row] > at) RowsAfter++;
            else _rows[kept++] = row;
        var first = schema.Count - features; // the features stand behind the spine's columns (S18)
        learner.Add(batch[first], features > 1 ? batch[first + 1] : null, _rows.AsSpan(0, kept));
    }

    public override void Complete(CancellationToken token)
    {
    }
}
