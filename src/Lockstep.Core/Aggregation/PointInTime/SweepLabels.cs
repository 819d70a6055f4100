namespace Lockstep.Core.Aggregation.PointInTime;

// The labels of one group with the events that each window holds for them: [Low, High) of the group's events. Labels ascend in time,
// and so do both ends of every window: each is found from where the one before was.
internal sealed class SweepLabels
{
    readonly WindowPlan _plan;
    readonly int[][] _low;
    readonly int[][] _high;
    readonly WindowBounds[][] _bounds;
    readonly bool _plain; // no delay: all windows end at the label

    public SweepLabels(WindowPlan plan)
    {
        _plan = plan;
        var windows = plan.Windows.Count;
        (_low, _high, _bounds) = (new int[windows][], new int[windows][], new WindowBounds[windows][]);
        for (var w = 0; w < windows; w++) (_low[w], _high[w], _bounds[w]) = ([], [], []);
        _plain = plan.Delay == 0;
    }

    public int Count { get; private set; }

    public ReadOnlySpan<int> Low(int window) => _low[window].AsSpan(0, Count);
    public ReadOnlySpan<int> High(int window) => _high[window].AsSpan(0, Count);
    /// <summary>As <see cref="Low"/> and <see cref="High"/>, for loops.</summary>
    public int[] LowBuffer(int window) => _low[window];

    public int[] HighBuffer(int window) => _high[window];

    public ReadOnlySpan<WindowBounds> Bounds(int window) => _bounds[window].AsSpan(0, Count);

    /// <param name="labels">Times of the labels, ascending.</param>
    /// <param name="times">Times of all events, of which those of the group are from start to end.</param>
    /// <param name="start">First event of the group.</param>
    /// <param name="end">Behind the last.</param>
    public void Load(ReadOnlySpan<long> labels, ReadOnlySpan<long> times, int start, int end)
    {
        Count = labels.Length;
        var events = times[..end];
        for (var w = 0; w < _low.Length; w++)
        {
            if (_low[w].Length < Count)
            {
                var size = Math.Max(Count, 2 * _low[w].Length);
                _low[w] = new int[size];
                _bounds[w] = new WindowBounds[size];
                if (!_plain || w == 0) _high[w] = new int[size];
            }
            if (_plain) _high[w] = _high[0];
            var (window, low, high, bounds) = (_plan.Windows[w], _low[w], _high[w], _bounds[w]);
            var (from, to) = (start, start);
            for (var i = 0; i < labels.Length; i++)
            {
                var b = WindowBounds.Of(window, _plan.Delay, labels[i]);
                bounds[i] = b;
                low[i] = from = Advance(events, from, b.From);
                if (!_plain || w == 0) high[i] = to = Advance(events, to, b.To);
            }
        }
    }

    /// <summary>The first event from <paramref name="at"/> on that is not before the time.</summary>
    static int Advance(ReadOnlySpan<long> events, int at, long time)
    {
        for (var step = 0; step < 8; step++, at++)
            if (at >= events.Length || events[at] >= time) return at;
        // Further away: doubled steps, then halved.
        var (low, width) = (at, 8);
        while (low + width < events.Length && events[low + width] < time)
        {
            low += width;
            width *= 2;
        }
        var high = Math.Min(events.Length, low + width);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (events[middle] < time) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
