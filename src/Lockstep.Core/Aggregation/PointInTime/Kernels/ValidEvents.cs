namespace Lockstep.Core.Aggregation.PointInTime.Kernels;

/// <summary>The events of a group that count, one after the other, and how many of them are before each event.</summary>
internal sealed class ValidEvents
{
    int[] _events = [];
    int[] _before = [];
    int _start;

    public int Count { get; private set; }
    public Span<int> Events => _events.AsSpan(0, Count);
    public int this[int place] => _events[place];

    public void Load(byte[]? passes, int start, int end)
    {
        (_start, Count) = (start, 0);
        if (_events.Length < end - start) _events = new int[Math.Max(end - start, 2 * _events.Length)];
        if (_before.Length <= end - start) _before = new int[_events.Length + 1];
        for (var i = start; i < end; i++)
        {
            _before[i - start] = Count;
            if (passes is null || passes[i] != 0) _events[Count++] = i;
        }
        _before[end - start] = Count;
    }

    /// <summary>Those that count before an event.</summary>
    public int Before(int at) => _before[at - _start];

    /// <summary>Orders events of equal times by value (S13). Ends of windows are between times, so places stay right.</summary>
    public void OrderTies(ReadOnlySpan<long> times, Rows.Column input)
    {
        for (var i = 1; i < Count; i++)
        {
            if (times[_events[i]] != times[_events[i - 1]]) continue;
            var (first, time) = (i - 1, times[_events[i]]);
            while (i < Count && times[_events[i]] == time) i++;
            _events.AsSpan(first, i - first).Sort((a, b) => input.Compare(a, input, b));
        }
    }
}
