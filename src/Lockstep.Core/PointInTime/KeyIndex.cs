using Lockstep.Core.Rows;

namespace Lockstep.Core.PointInTime;

// Numbers the distinct keys of a table: group 0, 1, 2 …
//  1. Each key column has its own table of values (KeyPart).
//  2. A composite key is numbered pair by pair: (number of the key so far, number of the next part) is one 64-bit value.
// So keys are equal exactly when all their parts are (S4) - ("1","23") and ("12","3") never meet - and nothing is encoded row by row.
// A null in any part gives -1: it matches nothing. A view without keys has one group, 0.
// Finding changes nothing: any number of threads may do it at once, each with its own scratch space.
internal sealed class KeyIndex
{
    readonly KeyPart[] _parts;
    readonly LongTable[] _pairs;

    public KeyIndex(IEnumerable<FeatureType> types)
    {
        _parts = [.. types.Select(KeyPart.Create)];
        _pairs = [.. _parts.Skip(1).Select(_ => new LongTable())];
    }

    public int Count => _parts.Length == 0 ? 1 : _parts.Length == 1 ? _parts[0].Count : _pairs[^1].Count;

    public void Intern(ReadOnlySpan<Column> keys, Span<int> groups, Span<int> scratch)
    {
        groups.Clear();
        if (_parts.Length == 0) return;
        _parts[0].Intern(keys[0], groups);
        for (var part = 1; part < _parts.Length; part++)
        {
            var next = scratch[..groups.Length];
            _parts[part].Intern(keys[part], next);
            for (var row = 0; row < groups.Length; row++)
                groups[row] = groups[row] < 0 || next[row] < 0 ? -1 : _pairs[part - 1].Intern(Pair(groups[row], next[row]));
        }
    }

    public void Find(ReadOnlySpan<Column> keys, Span<int> groups, Span<int> scratch)
    {
        groups.Clear();
        if (_parts.Length == 0) return;
        _parts[0].Find(keys[0], groups);
        for (var part = 1; part < _parts.Length; part++)
        {
            var next = scratch[..groups.Length];
            _parts[part].Find(keys[part], next);
            for (var row = 0; row < groups.Length; row++)
                groups[row] = groups[row] < 0 || next[row] < 0 ? -1 : _pairs[part - 1].Find(Pair(groups[row], next[row]));
        }
    }

    static long Pair(int first, int second) => (long)first << 32 | (uint)second;
}
