using Lockstep.Core.Aggregation.PointInTime;
using Lockstep.Core.Definitions;
using Lockstep.Core.PointInTime;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>Adds up, over all blocks, what one lookup gave.</summary>
internal sealed class LookupTally(FeatureLookup lookup)
{
    readonly SortedDictionary<string, long> _nonFinite = new(StringComparer.Ordinal);
    readonly SortedDictionary<string, long> _outOfRange = new(StringComparer.Ordinal);
    string? _firstOutOfRange;
    long _read, _dropped, _found, _missing, _outside, _later;

    public FeatureLookup Lookup => lookup;
    public long Found => _found;
    public long KnownLater => _later;

    /// <summary>Windows of labels: each label with a key and a time has values, of no events too (S20).</summary>
    public void Add(WindowRows rows, LabelIndex labels, int[] ordinals, Func<int, string> place)
    {
        for (var label = 0; label < labels.Labels; label++)
            if (labels.SlotOf(label) >= 0) _found++;
            else _missing++;
        for (var i = 0; i < ordinals.Length; i++)
        {
            if (rows.OutOfRange(i) is not [var first, ..] found) continue;
            var name = lookup.View.Features[ordinals[i]].Name;
            _outOfRange[name] = _outOfRange.GetValueOrDefault(name) + found.Count;
            _firstOutOfRange ??= $"feature '{name}' of view '{lookup.View.Id}', first in {place(first)}";
        }
    }

    /// <summary>Where a window held what does not fit (S13), for a warning; null: nowhere.</summary>
    public string? FirstOutOfRange => _firstOutOfRange;

    public long OutOfRange => _outOfRange.Values.Sum();

    public void Add(PointInTimeRows rows)
    {
        _found += rows.Found;
        _missing += rows.Missing;
        _outside += rows.OutsideMaxAge;
        _later += rows.KnownLater;
    }

    /// <param name="rows">Rows that were kept.</param>
    /// <param name="dropped">Rows that filters dropped.</param>
    /// <param name="program">What was read.</param>
    /// <param name="nonFinite">For each of its inputs.</param>
    public void Read(long rows, long dropped, RowProgram program, IReadOnlyList<long> nonFinite)
    {
        _read += rows + dropped;
        _dropped += dropped;
        program.CountNonFinite(nonFinite, _nonFinite);
    }

    public LookupReport Report() => new()
    {
        View = lookup.View.Id,
        Alias = lookup.Alias,
        RowsRead = _read,
        RowsDropped = _dropped,
        Found = _found,
        NotFound = _missing,
        OutsideMaxAge = _outside,
        KnownLater = _later,
        NonFinite = _nonFinite,
        OutOfRange = _outOfRange,
    };
}
