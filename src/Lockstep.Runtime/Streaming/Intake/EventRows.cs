using Lockstep.Core.Rows;
using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Runtime.Streaming.Intake;

/// <summary>Why one event of many was not taken.</summary>
/// <param name="Row">Its place among those that were sent, from 1 on.</param>
/// <param name="Reason">In words.</param>
public sealed record RefusedEvent(long Row, string Reason);

/// <summary>Events on their way into the log: those that are right, in the source's columns, and those that are refused, with their reasons.</summary>
public sealed class EventRows
{
    /// <summary>So much of a refused event is kept.</summary>
    public const int KeptBytes = 64 << 10;

    readonly List<RefusedEvent> _reasons = [];

    public EventRows(Schema columns, string origin)
    {
        (Accepted, Origin) = (new(columns), origin);
        NonFinite = new long[columns.Count];
    }

    public ColumnBatch Accepted { get; }

    /// <summary>Where they come from: <c>push</c>, a file, a partition of a topic.</summary>
    public string Origin { get; }

    /// <summary>In the columns of <see cref="EventLog.RefusedColumns"/>; null: none.</summary>
    public ColumnBatch? Refused { get; private set; }

    public IReadOnlyList<RefusedEvent> Reasons => _reasons;

    /// <summary>Events seen, of either kind.</summary>
    public long Rows { get; set; }

    /// <summary>For each column, values that were not finite and are null (S3).</summary>
    public long[] NonFinite { get; }

    /// <summary>Names that events had and the source has not.</summary>
    public SortedSet<string> Unknown { get; } = new(StringComparer.Ordinal);

    /// <summary>What <see cref="Number"/> counts: <c>line</c>, <c>row</c>; null: refused events do not tell it.</summary>
    public string? Unit { get; set; }

    /// <summary>Where the event that is being looked at stands.</summary>
    public long Number { get; set; }

    /// <summary>Refuses the event that is being looked at.</summary>
    public void Refuse(string reason, ReadOnlySpan<byte> text, string? place = null)
    {
        Refused ??= new(EventLog.RefusedColumns);
        ((BytesColumn)Refused[0]).Append(reason);
        ((BytesColumn)Refused[1]).Append(Cut(text));
        ((BytesColumn)Refused[2]).Append(place ?? (Unit is not null ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Origin}, {Unit} {Number}") : Origin));
        _reasons.Add(new(Rows, reason));
    }

    // Whole characters: the column is text.
    static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> text)
    {
        if (text.Length > KeptBytes)
        {
            var end = KeptBytes;
            while (end > 0 && (text[end] & 0xC0) == 0x80) end--;
            text = text[..end];
        }
        return System.Text.Unicode.Utf8.IsValid(text) ? text : AsText(text);
    }

    /// <summary>Bytes that are no text, so that they can be told from one.</summary>
    internal static byte[] AsText(ReadOnlySpan<byte> bytes) => System.Text.Encoding.ASCII.GetBytes("base64:" + Convert.ToBase64String(bytes[..Math.Min(bytes.Length, KeptBytes / 2)]));
}
