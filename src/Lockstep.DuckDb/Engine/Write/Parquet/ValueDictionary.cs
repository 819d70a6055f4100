using Lockstep.Core.Rows;

namespace Lockstep.DuckDb.Engine.Write.Parquet;

// The distinct values of a column, numbered as they come, for as long as there are few: not more than Most, and not more than half of the
// first values. What is mostly distinct is given up soon, for it would only cost time and room.
internal sealed class ValueDictionary
{
    const int Most = 1 << 14, Sample = 2048, Slots = 4 * Most;

    readonly int[] _slots = new int[Slots]; // numbers from 1; 0: free
    readonly ulong[] _numbers = new ulong[Most];
    readonly int[] _rows = new int[Most];

    public int Count { get; private set; }

    /// <summary>The values by their numbers.</summary>
    public ReadOnlySpan<ulong> Numbers => _numbers.AsSpan(0, Count);

    /// <summary>A row for each text, by its number.</summary>
    public ReadOnlySpan<int> Rows => _rows.AsSpan(0, Count);

    /// <summary>The number of each value; false: there are too many.</summary>
    public bool TryNumber(ReadOnlySpan<ulong> values, Span<int> numbers)
    {
        Clear();
        for (var i = 0; i < values.Length; i++)
        {
            var value = values[i];
            var at = (int)((value ^ value >> 32) * 0x9E3779B97F4A7C15 >> 48);
            while (_slots[at] is > 0 and var number && _numbers[number - 1] != value) at = at + 1 & Slots - 1;
            if (_slots[at] == 0)
            {
                if (IsTooMany(i)) return false;
                _numbers[Count] = value;
                _slots[at] = ++Count;
            }
            numbers[i] = _slots[at] - 1;
        }
        return true;
    }

    /// <summary>The number of the text of each of some rows; false: there are too many.</summary>
    public bool TryNumber(BytesColumn column, ReadOnlySpan<int> rows, Span<int> numbers)
    {
        Clear();
        for (var i = 0; i < rows.Length; i++)
        {
            var text = column[rows[i]];
            var at = (int)(XxHash64.Hash(text) >> 48);
            while (_slots[at] is > 0 and var number && !column[_rows[number - 1]].SequenceEqual(text)) at = at + 1 & Slots - 1;
            if (_slots[at] == 0)
            {
                if (IsTooMany(i)) return false;
                _rows[Count] = rows[i];
                _slots[at] = ++Count;
            }
            numbers[i] = _slots[at] - 1;
        }
        return true;
    }

    bool IsTooMany(int values) => Count == Most || (values >= Sample && Count > values / 2);

    void Clear()
    {
        Count = 0;
        Array.Clear(_slots);
    }
}
