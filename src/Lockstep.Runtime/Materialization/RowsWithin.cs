using Lockstep.Core;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Materialization;

/// <summary>Refuses rows outside of the interval that was asked for: they would stand beside the stored ones of their days.</summary>
internal sealed class RowsWithin(BatchReader rows, string view, string timestamp, long start, long end) : BatchReader
{
    readonly int _time = rows.Schema.IndexOf(timestamp);

    public override Schema Schema => rows.Schema;

    public override bool Read(ColumnBatch batch, CancellationToken token)
    {
        if (!rows.Read(batch, token)) return false;
        var times = batch[_time];
        for (var row = 0; row < batch.Count; row++)
        {
            if (times.IsNull(row)) throw Outside("without a timestamp, which is in no interval");
            var time = times is FixedColumn<int> dates ? dates.Values[row] * Instant.Day : ((FixedColumn<long>)times).Values[row];
            if (time < start) throw Outside($"with timestamp {Instant.Format(time)}, before $start, {Instant.Format(start)}");
            if (time >= end) throw Outside($"with timestamp {Instant.Format(time)}, not before $end, {Instant.Format(end)}");
        }
        return true;
    }

    LockstepException Outside(string how)
        => new(ErrorKind.Failed, $"View '{view}': its SQL yields a row {how}. It must filter what it yields by both: {timestamp} >= $start and {timestamp} < $end. Nothing was stored.");
}
