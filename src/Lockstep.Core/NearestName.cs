namespace Lockstep.Core;

/// <summary>"Did you mean": the known name that a typo was probably meant to be.</summary>
public static class NearestName
{
    /// <summary>The name with the fewest edits (insert, delete, replace, swap neighbours), when these are at most a third of its length; else null.</summary>
    public static string? Find(string typed, IEnumerable<string> known)
    {
        string? best = null;
        var bestDistance = int.MaxValue;
        foreach (var name in known)
        {
            var distance = string.Equals(typed, name, StringComparison.OrdinalIgnoreCase) ? 0 : Distance(typed, name);
            if (distance < bestDistance || (distance == bestDistance && string.CompareOrdinal(name, best) < 0)) (best, bestDistance) = (name, distance);
        }
        return best is not null && bestDistance <= Math.Max(1, Math.Max(typed.Length, best.Length) / 3) ? best : null;
    }

    /// <summary><c> Did you mean 'x'?</c> or, without a near one, the list of what is known.</summary>
    public static string Hint(string typed, IEnumerable<string> known, string what = "Known")
    {
        var all = known.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        return Find(typed, all) is { } near ? $" Did you mean '{near}'?"
            : all.Count == 0 ? $" {what}: none."
            : $" {what}: {string.Join(", ", all.Take(20))}{(all.Count > 20 ? $" and {all.Count - 20} more" : "")}.";
    }

    // Optimal string alignment, three rows.
    static int Distance(string a, string b)
    {
        var (before, previous, current) = (new int[b.Length + 1], new int[b.Length + 1], new int[b.Length + 1]);
        for (var j = 0; j <= b.Length; j++) previous[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                current[j] = Math.Min(Math.Min(current[j - 1], previous[j]) + 1, previous[j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) current[j] = Math.Min(current[j], before[j - 2] + 1);
            }
            (before, previous, current) = (previous, current, before);
        }
        return previous[b.Length];
    }
}
