using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.PointInTime;

/// <summary>A row of a view, as values.</summary>
internal sealed record ViewRow(Value[] Key, long? Time, long? Created, Value[] Features);

/// <summary>A row of a spine, as values.</summary>
internal sealed record Label(Value[] Key, long? Time);

/// <summary>S4 to S6 and S8 written from the definition: slow, obvious, and the judge.</summary>
internal static class NaiveTwin
{
    public static ViewRow? Newest(IEnumerable<ViewRow> rows, Label label, long ttl, bool asKnown, bool hasCreated)
    {
        if (label.Time is not { } t || label.Key.Any(k => k.IsNull)) return null;
        ViewRow? best = null;
        foreach (var row in rows)
        {
            if (row.Key.Any(k => k.IsNull) || !row.Key.SequenceEqual(label.Key)) continue;
            if (row.Time is not { } ts || ts > t || (ttl > 0 && (Int128)ts < (Int128)t - ttl)) continue;
            if (asKnown && hasCreated && (row.Created is null || row.Created > t)) continue;
            if (best is null || Compare(row, best) > 0) best = row;
        }
        return best;
    }

    static int Compare(ViewRow a, ViewRow b)
    {
        if (a.Time != b.Time) return a.Time < b.Time ? -1 : 1;
        if (a.Created != b.Created) return a.Created is null || (b.Created is not null && a.Created < b.Created) ? -1 : 1;
        for (var i = 0; i < a.Features.Length; i++)
            if (Value.CompareForNewest(a.Features[i], b.Features[i]) is var order and not 0) return order;
        return 0;
    }
}
