using Lockstep.Core.Rows;

namespace Lockstep.Core.PointInTime;

// The labels of a block of a spine, by key and then by time.
//  1. Add numbers the keys (KeyIndex) and keeps each label's group and time. A null key or time takes no part.
//  2. Build sorts the times of each group and gives each distinct (group, time) one slot: labels that ask the same share the answer.
// Invariants after Build: the slots of a group are side by side, their times strictly ascending; SlotOf(label) is -1 for labels that
// take no part. Views that are keyed by the same columns share one index. Cost: O(labels · log of the labels of a key), once a block.
public sealed class LabelIndex
{
    const int LabelsAThread = 1 << 15;

    readonly KeyIndex _keys;
    int[] _slotOf; // before Build the group
    long[] _times; // of labels; given up by Build
    int[] _scratch = [];
    int[] _firstSlot = []; // of each group, and one more
    long[] _slotTimes = [];

    /// <param name="keyTypes">The types of the key columns.</param>
    /// <param name="capacity">Labels that will come, where it is known: it saves growing.</param>
    public LabelIndex(IEnumerable<FeatureType> keyTypes, int capacity = 0)
        => (_keys, _slotOf, _times) = (new(keyTypes), new int[capacity], new long[capacity]);

    /// <summary>Labels added, with and without a key and a time.</summary>
    public int Labels { get; private set; }

    public int Slots => _slotTimes.Length;

    /// <summary>Times of the first and the last label that takes part; <see cref="Earliest"/> is after <see cref="Latest"/> when none does.</summary>
    public long Earliest { get; private set; } = long.MaxValue;

    public long Latest { get; private set; } = long.MinValue;

    /// <summary>Adds the labels of a batch: its key columns, already of the entity's types, and its times.</summary>
    public void Add(ReadOnlySpan<Column> keys, FixedColumn<long> times)
    {
        ArgumentNullException.ThrowIfNull(times);
        var rows = times.Count;
        if (Labels + rows > _slotOf.Length)
        {
            var size = Math.Max(Labels + rows, _slotOf.Length * 2);
            Array.Resize(ref _slotOf, size);
            Array.Resize(ref _times, size);
        }
        if (_scratch.Length < rows) _scratch = new int[rows];
        var groups = _slotOf.AsSpan(Labels, rows);
        _keys.Intern(keys, groups, _scratch);
        times.Values.CopyTo(_times.AsSpan(Labels));
        for (var row = 0; row < rows; row++)
        {
            if (times.IsNull(row)) groups[row] = -1;
            if (groups[row] < 0) continue;
            var time = times.Values[row];
            if (time < Earliest) Earliest = time;
            if (time > Latest) Latest = time;
        }
        Labels += rows;
    }

    public void Build()
    {
        // Counting sort by group, then each group by time.
        var first = new int[_keys.Count + 1];
        foreach (var group in _slotOf.AsSpan(0, Labels))
            if (group >= 0) first[group + 1]++;
        for (var group = 0; group < _keys.Count; group++) first[group + 1] += first[group];
        var times = new long[first[^1]];
        var labels = new int[first[^1]];
        var next = first.AsSpan(0, _keys.Count).ToArray();
        for (var label = 0; label < Labels; label++)
        {
            if (_slotOf[label] is not (>= 0 and var group)) continue;
            times[next[group]] = _times[label];
            labels[next[group]++] = label;
        }
        _times = [];
        _scratch = [];
        SortGroups(first, times, labels);
        var slots = 0;
        for (var group = 0; group < _keys.Count; group++)
        {
            var (start, end) = (first[group], first[group + 1]);
            first[group] = slots;
            for (var i = start; i < end; i++)
            {
                if (i == start || times[i] != times[slots - 1]) times[slots++] = times[i]; // never ahead of i
                _slotOf[labels[i]] = slots - 1;
            }
        }
        first[^1] = slots;
        _firstSlot = first;
        _slotTimes = slots == times.Length ? times : times.AsSpan(0, slots).ToArray();
    }

    /// <summary>The label's slot, or -1.</summary>
    public int SlotOf(int label) => _slotOf[label];

    internal int Groups => _keys.Count;
    internal ReadOnlySpan<int> FirstSlots => _firstSlot;
    internal ReadOnlySpan<long> SlotTimes => _slotTimes;
    internal long[] SlotTimesBuffer => _slotTimes;
    internal int[] FirstSlotsBuffer => _firstSlot;

    internal void FindGroups(ReadOnlySpan<Column> keys, Span<int> groups, Span<int> scratch) => _keys.Find(keys, groups, scratch);

    /// <summary>Each group by time; ranges of groups side by side where there is much to do.</summary>
    static void SortGroups(int[] first, long[] times, int[] labels)
    {
        var groups = first.Length - 1;
        var ranges = Math.Clamp(times.Length / LabelsAThread, 1, 4 * Environment.ProcessorCount);
        if (ranges == 1) Sort(0, groups);
        else Parallel.For(0, ranges, r => Sort((int)((long)groups * r / ranges), (int)((long)groups * (r + 1) / ranges)));

        void Sort(int from, int to)
        {
            var sort = new RunSort();
            for (var group = from; group < to; group++)
                sort.Sort(times.AsSpan(first[group], first[group + 1] - first[group]), labels.AsSpan(first[group], first[group + 1] - first[group]));
        }
    }
}
