using Lockstep.Core.Rows;
using Lockstep.Runtime.Streaming.Intake;

namespace Lockstep.Runtime.Streaming;

/// <summary>What this process has counted of a source's events.</summary>
public sealed class StreamCounters(Schema columns)
{
    readonly long[] _nonFinite = new long[columns.Count];
    long _accepted, _refused;

    public long Accepted => Interlocked.Read(ref _accepted);
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Values that were not finite and are null (S3), by column.</summary>
    public IEnumerable<(string Column, long Count)> NonFinite => columns.Fields.Select((f, i) => (f.Name, Interlocked.Read(ref _nonFinite[i]))).Where(c => c.Item2 > 0);

    public void Add(EventRows rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        Interlocked.Add(ref _accepted, rows.Accepted.Count);
        Interlocked.Add(ref _refused, rows.Refused?.Count ?? 0);
        for (var i = 0; i < _nonFinite.Length; i++)
            if (rows.NonFinite[i] > 0) Interlocked.Add(ref _nonFinite[i], rows.NonFinite[i]);
    }
}
