using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Tiles;

/// <summary>
/// What is kept of a window plan for each key: a section of single events, then one for each tier, finest first. Computed once a view
/// version; docs/design/windows.md says why it is so.
/// </summary>
public sealed class TileLayout
{
    public TileLayout(WindowPlan plan)
    {
        Plan = plan ?? throw new ArgumentNullException(nameof(plan));
        // The newest event is told of the widest window (S20); of equally long ones, that which reaches back furthest.
        var widest = plan.Windows.Aggregate((a, b) => (b.Length, b.Hop).CompareTo((a.Length, a.Hop)) > 0 ? b : a);
        WidestWindow = plan.Windows.ToList().IndexOf(widest);
        HasSingles = plan.Delay == 0;
        Sections = [new TileTier(1, new(Window.LifetimeName, Window.Lifetime, 1), [.. Enumerable.Range(0, plan.States.Count)], false),
            .. plan.Tiers.Select(t => new TileTier(t.Hop, new("", t.Widest, t.Hop), [.. t.States], t.Hop == widest.Hop))];
        WidestSection = 1 + plan.Tiers.ToList().FindIndex(t => t.Hop == widest.Hop);
    }

    public WindowPlan Plan { get; }

    /// <summary>A cell of more bytes is parted.</summary>
    internal int PartAbove { get; init; } = 32 << 10;

    /// <summary>A front of more bytes goes into the body, or of more than a part of the body's: writing that again is spread over as many events.</summary>
    internal int LeastFront { get; init; } = 16 << 10;

    internal int MostFront(int body) => LeastFront + body / 32;

    /// <summary>
    /// Whether events after <see cref="Cut"/> are kept singly. With a delay both ends of every window are on a boundary of its tiles, so
    /// that a tile is never half in: nothing is.
    /// </summary>
    public bool HasSingles { get; }

    /// <summary>Section 0 holds single events, by their timestamps; section i the tiles of <c>Plan.Tiers[i - 1]</c>.</summary>
    internal TileTier[] Sections { get; }

    /// <summary>Place of the widest window in the plan, and the section that answers for it.</summary>
    internal int WidestWindow { get; }

    internal int WidestSection { get; }

    /// <summary>Events before this are in tiles and not kept singly: no request is as of an earlier instant.</summary>
    public static long Cut(long now) => now < long.MinValue + ValueCell.Grace ? long.MinValue : now - ValueCell.Grace;

    /// <summary>The first start of a tile that some window as of <paramref name="cut"/> or later can still reach.</summary>
    internal long KeepFrom(int section, long cut) => section == 0 ? long.MinValue : WindowBounds.FromOf(Sections[section].Widest, Plan.Delay, cut);

    /// <summary>The earliest event that a window as of <paramref name="cut"/> or later can hold: what a table is read from.</summary>
    public long ReadFrom(long cut)
    {
        var from = long.MaxValue;
        for (var section = 1; section < Sections.Length; section++) from = Math.Min(from, KeepFrom(section, cut));
        return from;
    }

    /// <summary>
    /// The most tiles that a tier can hold for a key: at most 361 for windows up to 60 days, without a delay. Null for lifetime, where each
    /// day with events has one.
    /// </summary>
    public long? MaxTiles(int tier)
    {
        var section = Sections[tier + 1];
        if (section.Widest.IsLifetime) return null;
        // From floor(cut - delay - w, hop) up to the cut. With a delay events ahead of the clock are in tiles, too.
        var span = (Int128)section.Widest.Length + (HasSingles ? 0 : (Int128)Plan.Delay + ValueCell.Grace + ValueCell.DefaultMaxFuture);
        return (long)((span + section.Hop - 1) / section.Hop + 1);
    }
}

/// <summary>One section of a cell.</summary>
/// <param name="Hop">The length of its tiles.</param>
/// <param name="Widest">The window that reaches back furthest over them.</param>
/// <param name="States">Places in the plan's states of those that each tile holds.</param>
/// <param name="HasNewest">Whether each tile says when its newest event was.</param>
internal sealed record TileTier(long Hop, Window Widest, int[] States, bool HasNewest)
{
    /// <summary>Bytes of the distance from a tile's start to its newest event.</summary>
    public int NewestWidth => !HasNewest ? 0 : Hop <= uint.MaxValue ? 4 : 8;

    public int SlotOf(int state) => Array.IndexOf(States, state);
}
