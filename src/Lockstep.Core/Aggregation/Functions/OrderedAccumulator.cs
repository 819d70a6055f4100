using System.Buffers;
using System.Buffers.Binary;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Functions;

// The best events by (time, value), best first: the newest, or the oldest; at most Limit.
// Equal events are both kept, for they are two; where distinct, a value stands once, by its newest event.
// Values lie in a column that only grows and is compacted when most of it has dropped out of the list.
// State: their number (LEB128), then each as its time (8 bytes) and its value, in the order of the list.
internal sealed class OrderedAccumulator(OrderedSpec spec) : Accumulator
{
    Column _values = Column.Create(spec.Column!);
    Column _spare = Column.Create(spec.Column!);
    readonly Column _one = Column.Create(spec.Column!);
    long[] _times = new long[4];
    int[] _rows = new int[4];

    public int Count { get; private set; }
    public Column Values => _values;
    public int RowAt(int place) => _rows[place];

    public override void Clear()
    {
        Count = 0;
        _values.Clear();
    }

    public override void Add(Column? column, ReadOnlySpan<long> times, ReadOnlySpan<int> rows)
    {
        foreach (var row in rows)
            if (!column!.IsNull(row)) Offer(times[row], column, row);
    }

    public override void MergeFrom(Accumulator other)
    {
        var from = (OrderedAccumulator)other;
        for (var i = 0; i < from.Count; i++)
            if (!Offer(from._times[i], from._values, from._rows[i]) && !spec.Distinct) return;
    }

    public override int Merge(ReadOnlySpan<byte> state)
    {
        var at = 0;
        var offering = true;
        for (var left = StateBytes.ReadCount(state, ref at); left > 0; left--)
        {
            if (state.Length - at < 8) throw StateBytes.Short(state.Length);
            var time = BinaryPrimitives.ReadInt64LittleEndian(state[at..]);
            at += 8;
            // Behind one that is too far down all are, unless one is left out because its value stands.
            if (!offering || (Full && !spec.Distinct && (spec.Newest ? time < _times[Count - 1] : time > _times[Count - 1])))
            {
                offering = false;
                if (spec.Column!.Width > 0) return Fixed(state, at + spec.Column.Width + (left - 1) * (8 + spec.Column.Width));
                StateValues.Skip(state, ref at, spec.Column);
                continue;
            }
            var end = at;
            StateValues.Skip(state, ref end, spec.Column!);
            _one.Clear();
            StateValues.Read(state, ref at, _one);
            offering = Offer(time, _one, 0) || spec.Distinct;
        }
        return at;
    }

    static int Fixed(ReadOnlySpan<byte> state, int length) => length <= state.Length ? length : throw StateBytes.Short(state.Length);

    public override int Measure(ReadOnlySpan<byte> state)
    {
        var at = 0;
        var count = StateBytes.ReadCount(state, ref at);
        if (spec.Column!.Width > 0) return (int)Math.Min(int.MaxValue, at + (long)count * (8 + spec.Column.Width)) is var end && end <= state.Length ? end : throw StateBytes.Short(state.Length);
        for (; count > 0; count--)
        {
            at += 8;
            StateValues.Skip(state, ref at, spec.Column);
        }
        return at;
    }

    public override void Write(IBufferWriter<byte> to)
    {
        StateBytes.WriteVarint(to, (ulong)Count);
        for (var i = 0; i < Count; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(to.GetSpan(8), _times[i]);
            to.Advance(8);
            StateValues.Write(_values, _rows[i], to);
        }
    }

    bool Full => Count == spec.Limit;

    /// <summary>Takes an event into the list; false when it is too far down, or its value stands by a newer one.</summary>
    bool Offer(long time, Column column, int row)
    {
        if (Full && IsBetter(Count - 1, time, column, row)) return false;
        var place = Count;
        while (place > 0 && !IsBetter(place - 1, time, column, row)) place--;
        if (spec.Distinct)
        {
            for (var i = 0; i < Count; i++)
            {
                if (_values.Compare(_rows[i], column, row) != 0) continue;
                if (i < place) return false;
                Remove(i);
                break;
            }
        }
        if (Full) Count--;
        if (Count == _times.Length)
        {
            Array.Resize(ref _times, Count * 2);
            Array.Resize(ref _rows, Count * 2);
        }
        if (_values.Count >= 2 * Count + 64) Compact();
        Array.Copy(_times, place, _times, place + 1, Count - place);
        Array.Copy(_rows, place, _rows, place + 1, Count - place);
        (_times[place], _rows[place]) = (time, _values.Count);
        _values.AppendFrom(column, row);
        Count++;
        return true;
    }

    /// <summary>Whether the event that stands comes before this one in the list, or is equal.</summary>
    bool IsBetter(int place, long time, Column column, int row)
    {
        var order = _times[place].CompareTo(time);
        if (order == 0) order = _values.Compare(_rows[place], column, row);
        return spec.Newest ? order >= 0 : order <= 0;
    }

    void Remove(int place)
    {
        Count--;
        Array.Copy(_times, place + 1, _times, place, Count - place);
        Array.Copy(_rows, place + 1, _rows, place, Count - place);
    }

    void Compact()
    {
        _spare.Clear();
        for (var i = 0; i < Count; i++)
        {
            _spare.AppendFrom(_values, _rows[i]);
            _rows[i] = i;
        }
        (_values, _spare) = (_spare, _values);
    }
}
