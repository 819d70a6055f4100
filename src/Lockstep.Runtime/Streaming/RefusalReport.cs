using System.Globalization;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Streaming.Intake;

namespace Lockstep.Runtime.Streaming;

/// <summary>
/// Tells people of events that are refused while a source is read, of which nobody else hears: the first few of a second each with its
/// place and reason, the others by their number when the second is over. For any number of threads.
/// </summary>
/// <param name="tell">Gets the lines.</param>
/// <param name="kept">The folder of the table that all of them are kept in.</param>
/// <param name="clock">Tells when a second is over.</param>
sealed class RefusalReport(Action<string> tell, string kept, TimeProvider clock) : IDisposable
{
    /// <summary>So many of a second are told one by one.</summary>
    public const int Each = 5;

    const int MaxText = 300;

    readonly Lock _gate = new();
    ITimer? _timer;
    int _told;
    long _more;

    public void Add(EventRows rows)
    {
        if (rows.Refused is not { Count: > 0 } refused) return;
        List<string> lines = [];
        lock (_gate)
        {
            _timer ??= clock.CreateTimer(_ => EndSecond(), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
            for (var i = 0; i < refused.Count && _told < Each; i++)
                lines.Add($"refused: {Line(refused[2], i)}: {Line(refused[0], i)}{(_told++ == 0 ? $" (kept, like all that are refused, in {kept})" : "")}");
            _more += refused.Count - lines.Count;
        }
        lines.ForEach(tell);
    }

    void EndSecond()
    {
        long more;
        lock (_gate)
        {
            _timer?.Dispose();
            (more, _more, _told, _timer) = (_more, 0, 0, null);
        }
        if (more > 0) tell(string.Create(CultureInfo.InvariantCulture, $"refused: {more} more within a second; all are kept with their places and reasons in {kept}"));
    }

    // What stood in an event makes no lines of its own.
    static string Line(Column column, int row)
    {
        var text = column.GetValue(row).AsString;
        if (text.Length > MaxText) text = string.Concat(text.AsSpan(0, MaxText), "…");
        return string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
    }

    /// <summary>Tells what is still to be told.</summary>
    public void Dispose() => EndSecond();
}
