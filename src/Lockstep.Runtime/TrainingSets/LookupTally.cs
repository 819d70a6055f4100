using Lockstep.Core.Definitions;
using Lockstep.Core.PointInTime;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>Adds up, over all blocks, what one lookup gave.</summary>
internal sealed class LookupTally(FeatureLookup lookup)
{
    readonly SortedDictionary<string, long> _nonFinite = new(StringComparer.Ordinal);
    long _read, _found, _missing, _outside, _later;

    public FeatureLookup Lookup => lookup;
    public long Found => _found;
    public long KnownLater => _later;

    public void Add(PointInTimeRows rows)
    {
        _found += rows.Found;
        _missing += rows.Missing;
        _outside += rows.OutsideMaxAge;
        _later += rows.KnownLater;
    }

    public void Read(long rows, int[] ordinals, IReadOnlyList<long> nonFinite)
    {
        _read += rows;
        for (var i = 0; i < ordinals.Length; i++)
        {
            var count = nonFinite[nonFinite.Count - ordinals.Length + i]; // the features are the last columns of a scan
            if (count == 0) continue;
            var name = lookup.View.Features[ordinals[i]].Name;
            _nonFinite[name] = _nonFinite.GetValueOrDefault(name) + count;
        }
    }

    public LookupReport Report() => new()
    {
        View = lookup.View.Id,
        Alias = lookup.Alias,
        RowsRead = _read,
        Found = _found,
        NotFound = _missing,
        OutsideMaxAge = _outside,
        KnownLater = _later,
        NonFinite = _nonFinite,
    };
}
