using System.Runtime.CompilerServices;

namespace Lockstep.Core.PointInTime;

// Sorts times, and numbers along with them, where much is in order already: events come in the order of time but for what threads have
// mixed, and labels of a key are few. A natural merge sort: ascending runs as they are found, those shorter than MinRun filled up by
// insertion, then merged in pairs. Stable; O(n) for what is sorted, O(n log(n / MinRun)) at worst. One thread at a time.
internal sealed class RunSort
{
    const int MinRun = 16;

    long[] _times = [];
    int[] _numbers = [];
    int[] _ends = []; // of the runs

    public void Sort(Span<long> times, Span<int> numbers)
    {
        var runs = 0;
        for (var start = 0; start < times.Length; start = _ends[runs++])
        {
            var end = start + 1;
            while (end < times.Length && times[end] >= times[end - 1]) end++;
            if (end == times.Length && start == 0) return;
            if (end - start < MinRun)
            {
                var full = Math.Min(times.Length, start + MinRun);
                Insert(times[start..full], numbers[start..full], end - start);
                end = full;
            }
            if (runs == _ends.Length) Array.Resize(ref _ends, Math.Max(16, 2 * runs));
            _ends[runs] = end;
        }
        if (runs > 1 && _times.Length < times.Length) (_times, _numbers) = (new long[Math.Max(times.Length, 256)], new int[Math.Max(times.Length, 256)]);
        while (runs > 1)
        {
            var (merged, start) = (0, 0);
            for (var run = 0; run < runs; run += 2)
            {
                var end = _ends[Math.Min(run + 1, runs - 1)];
                if (run + 1 < runs) Merge(times[start..end], numbers[start..end], _ends[run] - start);
                _ends[merged++] = start = end;
            }
            runs = merged;
        }
    }

    /// <summary>The first <paramref name="sorted"/> are in order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Insert(Span<long> times, Span<int> numbers, int sorted)
    {
        for (var i = sorted; i < times.Length; i++)
        {
            var (time, number, at) = (times[i], numbers[i], i);
            for (; at > 0 && times[at - 1] > time; at--) (times[at], numbers[at]) = (times[at - 1], numbers[at - 1]);
            (times[at], numbers[at]) = (time, number);
        }
    }

    /// <summary>Both parts are in order; the second begins at <paramref name="middle"/>.</summary>
    void Merge(Span<long> times, Span<int> numbers, int middle)
    {
        if (times[middle - 1] <= times[middle]) return;
        // The first part goes aside; what is written never overtakes what is read of the second.
        times[..middle].CopyTo(_times);
        numbers[..middle].CopyTo(_numbers);
        var (left, right, to) = (0, middle, 0);
        while (left < middle && right < times.Length)
        {
            if (_times[left] <= times[right]) (times[to], numbers[to++]) = (_times[left], _numbers[left++]);
            else (times[to], numbers[to++]) = (times[right], numbers[right++]);
        }
        _times.AsSpan(left, middle - left).CopyTo(times[to..]);
        _numbers.AsSpan(left, middle - left).CopyTo(numbers[to..]);
    }
}
