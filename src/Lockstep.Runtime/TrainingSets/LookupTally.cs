using Lockstep.Core.Definitions;
using Lockstep.Core.PointInTime;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>Adds up, over all blocks, what one lookup gave.</summary>
internal sealed class LookupTally(FeatureLookup lookup)
{
    readonly SortedDictionary<string, long> _nonFinite = new(StringComparer.Ordinal);
    long _read, _dropped, _found, _missing, _outside, _later;

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
    };
}
