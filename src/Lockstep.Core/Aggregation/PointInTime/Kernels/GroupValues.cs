using Lockstep.Core.Aggregation.Functions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.PointInTime.Kernels;

/// <summary>Numbers the different values of a group's events 0, 1, 2 …; by their hashes alone where these are what counts (S13).</summary>
internal sealed class GroupValues(bool byHash)
{
    int[] _slots = new int[16]; // number + 1
    int[] _numbers = [];
    int[] _events = [];   // by number: an event with the value
    ulong[] _hashes = []; // by number

    public int Count { get; private set; }

    /// <summary>The number of the value of a valid event, by its place.</summary>
    public int this[int place] => _numbers[place];

    public ulong HashOf(int number) => _hashes[number];
    public int EventOf(int number) => _events[number];

    public void Load(Column input, ValidEvents valid)
    {
        var events = valid.Events;
        if (_numbers.Length < events.Length) _numbers = new int[Math.Max(events.Length, 2 * _numbers.Length)];
        Count = 0;
        _slots.AsSpan().Clear();
        for (var place = 0; place < events.Length; place++)
        {
            if (2 * Count >= _slots.Length) Grow();
            var hash = ValueHash.Of(input, events[place]);
            var mask = _slots.Length - 1;
            var at = (int)hash & mask;
            while (_slots[at] != 0 && !(_hashes[_slots[at] - 1] == hash && (byHash || input.Compare(_events[_slots[at] - 1], input, events[place]) == 0))) at = at + 1 & mask;
            if (_slots[at] == 0)
            {
                if (Count == _hashes.Length)
                {
                    var size = Math.Max(16, 2 * Count);
                    Array.Resize(ref _hashes, size);
                    Array.Resize(ref _events, size);
                }
                (_hashes[Count], _events[Count]) = (hash, events[place]);
                _slots[at] = ++Count;
            }
            _numbers[place] = _slots[at] - 1;
        }
        if (_slots.Length > 1 << 16 && Count < 1 << 10) _slots = new int[1 << 12]; // one large group must not make clearing dear for all
    }

    void Grow()
    {
        _slots = new int[2 * _slots.Length];
        var mask = _slots.Length - 1;
        for (var number = 0; number < Count; number++)
        {
            var at = (int)_hashes[number] & mask;
            while (_slots[at] != 0) at = at + 1 & mask;
            _slots[at] = number + 1;
        }
    }
}
