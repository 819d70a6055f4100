using System.Buffers;
using Lockstep.Core.Rows;

namespace Lockstep.Core.PointInTime;

// The newest row as of each label (S5, S6, S8) in one pass over the rows, which may come in any order and are not kept.
//  1. LabelIndex has sorted the labels once: a slot for each distinct (key, time).
//  2. A row counts from its activation on: its event timestamp; under as_known the later of event and created timestamp. It goes to
//     the first slot of its key at or after that: found by binary search. Rows without such a slot are dropped, and so are rows that
//     are older there than the ttl: later slots are further away still.
//  3. A slot keeps only the greatest row by (event timestamp, created timestamp, features in schema order); the features are looked at
//     only where both timestamps are equal.
//  4. Finish walks each key's slots forward. What a slot sees is all that was activated up to it, so its answer is the greater of its
//     own row and the answer of the slot before. The greatest row has the greatest event timestamp: when it is outside the ttl, all are.
// Why as_known fits in: the rows that a label may see are those with max(event, created) <= t, a set that only grows with t. Rows that
// are equal in both timestamps share their activation, hence their slot, so step 4 compares timestamps only.
// Invariants: a slot's Row points into the arena, which holds every slot's row; the result depends on the set of rows, not on their
// order or batches. Cost: O(rows · log of the labels of a key) time; memory for the labels and at most
// max(CompactBytes, 1.5 × the rows that stand), however many rows pass.
// Equality counts as known: a row at the label's own instant IS visible, created at that instant too.
public sealed class PointInTimeSweep
{
    struct Slot
    {
        public long Time; // event timestamp of the row
        public int Row;   // from 1; 0: none yet
    }

    /// <summary>Rows that memory is asked for ahead of: about what is done while it comes.</summary>
    const int Ahead = 16;

    readonly LabelIndex _labels;
    readonly SweepPlan _plan;
    readonly Slot[] _slots;
    readonly long[] _created; // of the slots' rows, where the view has it; long.MinValue for null: no instant that any format can write is as low
    readonly RowArena _arena;
    readonly bool[] _gapBefore;
    readonly Column[] _batch;
    int[] _groups = [];
    int[] _scratch = [];
    int[] _winners = [];
    int _winnerCount;
    long _compactAt;

    public PointInTimeSweep(LabelIndex labels, SweepPlan plan)
    {
        _labels = labels ?? throw new ArgumentNullException(nameof(labels));
        _plan = plan ?? throw new ArgumentNullException(nameof(plan));
        _slots = new Slot[labels.Slots];
        _created = new long[plan.HasCreated ? labels.Slots : 0];
        _arena = new(plan.Features);
        _batch = new Column[plan.FeaturesAt + plan.Features.Count];
        _gapBefore = [.. plan.Ordinals.Select((ordinal, i) => ordinal > i)];
        _compactAt = plan.CompactBytes;
    }

    public SweepState State { get; private set; }

    /// <summary>Rows taken in.</summary>
    public long Rows { get; private set; }

    /// <summary>Takes a batch in; nothing of it is kept. False: the sweep cannot go on, see <see cref="State"/>.</summary>
    public bool Add(ColumnBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (State != SweepState.Running) return false;
        var rows = batch.Count;
        if (rows == 0 || _slots.Length == 0) return true;
        Rows += rows;
        if (_groups.Length < rows) (_groups, _scratch, _winners) = (new int[rows], new int[rows], new int[rows]);
        for (var i = 0; i < _batch.Length; i++) _batch[i] = batch[i];
        var time = (FixedColumn<long>)_batch[_plan.TimeAt];
        var created = _plan.HasCreated ? (FixedColumn<long>)_batch[_plan.TimeAt + 1] : null;
        var features = _batch.AsSpan(_plan.FeaturesAt);
        _labels.FindGroups(_batch.AsSpan(0, _plan.TimeAt), _groups.AsSpan(0, rows), _scratch);
        FindSlots(time, !_plan.AsKnown ? null : _plan.HasKnown ? (FixedColumn<long>)_batch[_plan.FeaturesAt - 1] : created, rows);
        Compete(time, created, features, rows);
        if (State != SweepState.Running) return false;
        _arena.Append(features, _winners.AsSpan(0, _winnerCount));
        _winnerCount = 0;
        if (_arena.Bytes > _compactAt) Compact();
        return State == SweepState.Running;
    }

    /// <summary>Replaces each row's group by its slot, or -1.</summary>
    void FindSlots(FixedColumn<long> time, FixedColumn<long>? known, int rows)
    {
        var groups = _groups.AsSpan(0, rows);
        var times = time.Values;
        var firstSlots = _labels.FirstSlots;
        var slotTimes = _labels.SlotTimes;
        var nullable = time.HasNulls;
        var (limited, ttl) = (_plan.Ttl > 0, (ulong)_plan.Ttl);
        for (var row = 0; row < groups.Length; row++)
        {
            if (row + Ahead < groups.Length)
            {
                if (groups[row + Ahead] is >= 0 and var far) Prefetch.Hint(in firstSlots[far]);
                if (groups[row + Ahead / 2] is >= 0 and var near && firstSlots[near] < slotTimes.Length) Prefetch.Hint(in slotTimes[firstSlots[near]]);
            }
            var group = groups[row];
            if (group < 0) continue;
            groups[row] = -1;
            if (nullable && time.IsNull(row)) continue;
            var activation = times[row];
            if (known is not null)
            {
                if (known.IsNull(row)) continue; // never known
                activation = Math.Max(activation, known.Values[row]);
            }
            var (first, end) = (firstSlots[group], firstSlots[group + 1]);
            if (end == first || slotTimes[end - 1] < activation) continue;
            // The last slot is late enough, so there is an answer; without a branch on the times, which no predictor could guess.
            var slot = first;
            for (var count = end - first; count > 1;)
            {
                var half = count >> 1;
                slot += slotTimes[slot + half - 1] < activation ? half : 0;
                count -= half;
            }
            // The distance of two instants can exceed a long; as ulong it is exact, for the slot is not before the row.
            if (!limited || (ulong)(slotTimes[slot] - times[row]) <= ttl) groups[row] = slot;
        }
    }

    void Compete(FixedColumn<long> time, FixedColumn<long>? created, ReadOnlySpan<Column> features, int rows)
    {
        var slots = _slots;
        var times = time.Values;
        var slotOf = _groups.AsSpan(0, rows);
        var appended = _arena.Count + 1;
        for (var row = 0; row < slotOf.Length; row++)
        {
            if (row + Ahead / 2 < slotOf.Length && slotOf[row + Ahead / 2] is >= 0 and var near) Prefetch.Hint(in slots[near]);
            if (slotOf[row] < 0) continue;
            ref var slot = ref slots[slotOf[row]];
            var made = created is null || created.IsNull(row) ? long.MinValue : created.Values[row];
            if (slot.Row != 0)
            {
                if (times[row] < slot.Time) continue;
                if (times[row] == slot.Time)
                {
                    var order = created is null ? 0 : made.CompareTo(_created[slotOf[row]]);
                    if (order < 0 || (order == 0 && !IsGreater(features, row, slot.Row - 1))) continue;
                }
            }
            slot = new() { Time = times[row], Row = appended + _winnerCount };
            if (created is not null) _created[slotOf[row]] = made;
            _winners[_winnerCount++] = row;
        }
    }

    /// <summary>Compares features in schema order; <paramref name="standing"/> is a row of the arena, or a winner of this batch behind it.</summary>
    bool IsGreater(ReadOnlySpan<Column> features, int row, int standing)
    {
        var pending = standing - _arena.Count;
        for (var i = 0; i < features.Length; i++)
        {
            var order = pending < 0 ? features[i].Compare(row, _arena.Columns[i], standing) : features[i].Compare(row, features[i], _winners[pending]);
            if (order == 0) continue;
            if (_gapBefore[i]) State = SweepState.NeedsFeatures;
            return order > 0;
        }
        return false; // equal in all that is asked for: either may stand
    }

    /// <summary>Forgets rows that no slot points to; the others keep their order.</summary>
    void Compact()
    {
        var (numbers, standing) = (ArrayPool<int>.Shared.Rent(_arena.Count), ArrayPool<int>.Shared.Rent(_slots.Length));
        numbers.AsSpan(0, _arena.Count).Clear();
        foreach (ref readonly var slot in _slots.AsSpan())
            if (slot.Row != 0) numbers[slot.Row - 1] = 1;
        var count = 0;
        for (var row = 0; row < _arena.Count; row++)
        {
            if (numbers[row] == 0) continue;
            standing[count] = row;
            numbers[row] = ++count;
        }
        _arena.Keep(standing.AsSpan(0, count));
        foreach (ref var slot in _slots.AsSpan())
            if (slot.Row != 0) slot.Row = numbers[slot.Row - 1];
        ArrayPool<int>.Shared.Return(numbers);
        ArrayPool<int>.Shared.Return(standing);
        if (_arena.Bytes > _plan.MaxBytes) State = SweepState.TooLarge;
        _compactAt = Math.Max(_plan.CompactBytes, _arena.Bytes / 2 * 3);
    }

    /// <summary>The answers. The sweep takes no more rows.</summary>
    public PointInTimeRows Finish()
    {
        if (State != SweepState.Running) throw new InvalidOperationException($"The sweep has stopped: {State}.");
        var firstSlots = _labels.FirstSlots;
        var slotTimes = _labels.SlotTimes;
        var rowOf = new int[_slots.Length];
        var late = new bool[_plan.HasCreated ? _slots.Length : 0];
        for (var group = 0; group < _labels.Groups; group++)
        {
            var (best, bestCreated) = (default(Slot), long.MinValue);
            for (var i = firstSlots[group]; i < firstSlots[group + 1]; i++)
            {
                ref readonly var own = ref _slots[i];
                var ownCreated = _created.Length == 0 ? long.MinValue : _created[i];
                if (own.Row != 0 && (best.Row == 0 || own.Time > best.Time || (own.Time == best.Time && ownCreated > bestCreated))) (best, bestCreated) = (own, ownCreated);
                var tooOld = best.Row != 0 && _plan.Ttl > 0 && (ulong)(slotTimes[i] - best.Time) > (ulong)_plan.Ttl;
                rowOf[i] = best.Row == 0 ? PointInTimeRows.NotFound : tooOld ? PointInTimeRows.TooOld : best.Row - 1;
                if (late.Length > 0) late[i] = rowOf[i] >= 0 && bestCreated > slotTimes[i];
            }
        }
        return new(_labels, rowOf, late, _arena.Columns.ToArray());
    }
}
