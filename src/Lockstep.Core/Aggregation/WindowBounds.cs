using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation;

/// <summary>The events of a window as of an instant (S9): <c>From &lt;= event timestamp &lt; To</c>.</summary>
/// <param name="At">The instant.</param>
/// <param name="From">Included; the least instant of all for lifetime.</param>
/// <param name="To">Excluded.</param>
/// <param name="Length">Of the window as declared.</param>
/// <param name="Hop">Of the window.</param>
public readonly record struct WindowBounds(long At, long From, long To, long Length, long Hop)
{
    public static WindowBounds Of(Window window, long delay, long at) => new(at, FromOf(window, delay, at), ToOf(window, delay, at), window.Length, window.Hop);

    /// <summary>floor(t - delay - w, hop). Below the first instant there is nothing to leave out.</summary>
    public static long FromOf(Window window, long delay, long at)
    {
        if (window.IsLifetime) return long.MinValue;
        return Before(Before(at, delay), window.Length) is > long.MinValue and var reach ? Instant.Floor(reach, window.Hop) : long.MinValue;
    }

    /// <summary>t, or with a delay floor(t - delay, hop).</summary>
    public static long ToOf(Window window, long delay, long at)
    {
        if (delay == 0) return at;
        return Before(at, delay) is > long.MinValue and var end ? Instant.Floor(end, window.Hop) : long.MinValue;
    }

    /// <summary>An instant earlier; the first one of all where there is none.</summary>
    static long Before(long at, long length) => at >= long.MinValue + length ? at - length : long.MinValue;
}
