using System.Buffers;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Tiles;

// A new version of a view often needs nothing that an older one does not keep already: another function over a state that is there, a
// shorter window over a tier that is there, another default. Its cells are then the older one's with tiers and states left out.
// What may be left out is a question of the two plans alone; what happens to a cell meanwhile is TileUpdateKind.TakeOver's.
/// <summary>Makes cells of a view version from those of another one that keeps at least as much.</summary>
public sealed class TileProjection
{
    readonly TileLayout _from;
    readonly TileCellMerger _merger; // of the other layout
    readonly TileSectionWriter[] _sections;
    readonly (int Section, int[] Slots)[] _sources; // for each section, where it comes from, and the slot of each of its states
    readonly Accumulator[][] _reads;                // of those slots: what measures and reads a state
    readonly Accumulator?[][] _writes;              // what it is turned into; null: it is the same

    TileProjection(TileLayout from, TileLayout to, (int Section, int[] Slots)[] sources)
    {
        _from = from;
        _merger = new(from);
        _sources = sources;
        _sections = [.. to.Sections.Select(s => new TileSectionWriter(s))];
        _reads = [.. sources.Select(s => s.Slots.Select(slot => StateOf(s.Section, slot).Create()).ToArray())];
        _writes = [.. sources.Select((s, section) => s.Slots.Select((slot, i) => to.Plan.States[to.Sections[section].States[i]].Spec is var wanted && wanted.Equals(StateOf(s.Section, slot)) ? null : wanted.Create()).ToArray())];

        AccumulatorSpec StateOf(int section, int slot) => from.Plan.States[from.Sections[section].States[slot]].Spec;
    }

    /// <summary>How cells of one version become cells of another; null, and why, when the one does not keep all that the other needs.</summary>
    public static TileProjection? Between(ViewVersion from, ViewVersion to, out string? why)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        why = AggregateCatalog.Missing((AggregationView)from.View, from.Id) ?? AggregateCatalog.Missing((AggregationView)to.View, to.Id);
        if (why is not null) return null;
        why = Unlike(from, to) is { } words ? $"{from.Id} differs in {words}" : null;
        if (why is not null) return null;
        var found = Find(EventProgram.Of(from).Layout, EventProgram.Of(to).Layout, out var missing);
        if (missing is not null) why = $"{from.Id} keeps {missing}";
        return found;
    }

    /// <summary>
    /// Null, and what the older version lacks (like <c>no tiles of 6h</c>), when its cells do not hold all that is wanted. Both read the
    /// same source through the same filters: see <see cref="Unlike"/>.
    /// </summary>
    public static TileProjection? Find(TileLayout from, TileLayout to, out string? missing)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        var sources = new (int, int[])[to.Sections.Length];
        missing = null;
        for (var section = 0; section < to.Sections.Length; section++)
        {
            var tier = to.Sections[section];
            var found = section == 0 ? 0 : Array.FindIndex(from.Sections, 1, s => s.Hop == tier.Hop);
            var tiles = $"tiles of {Duration.Format(tier.Hop)}";
            if (found < 0) missing = $"no {tiles}";
            else if (from.Sections[found].Widest.Length < tier.Widest.Length) missing = $"{tiles} for {Length(from.Sections[found].Widest)} only, not for {Length(tier.Widest)}";
            else if (tier.HasNewest && !from.Sections[found].HasNewest) missing = $"its newest events with tiles of {Duration.Format(from.Sections[from.WidestSection].Hop)}, not of {Duration.Format(tier.Hop)}: its widest window is another";
            if (missing is not null) return null;
            var slots = new int[tier.States.Length];
            for (var i = 0; i < slots.Length; i++)
            {
                slots[i] = Array.FindIndex(from.Sections[found].States, s => Holds(from.Plan, s, to.Plan, tier.States[i]));
                if (slots[i] >= 0) continue;
                // Single events hold every state: what no tier has is told of a tier.
                if (section == 0) continue;
                missing = $"no {Text(to.Plan, tier.States[i])} in {tiles}";
                return null;
            }
            sources[section] = (found, slots);
        }
        return new(from, to, sources);
    }

    /// <summary>
    /// What two versions differ in beside their features, as the words of their meanings (<see cref="Fingerprint"/>): null when cells of
    /// the one can stand for the other's. The columns that only the older one reads do not matter.
    /// </summary>
    public static string? Unlike(ViewVersion from, ViewVersion to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        var (before, after) = (Lines(from), Lines(to));
        var words = after.Except(before).Concat(before.Except(after).Where(l => Word(l) is not ("column" or "derived" or "computed from"))).Select(Word).Distinct().ToList();
        if (words.Exists(w => w is "where" or "source where" or "derived")) words.Remove("computed from"); // it follows from these
        return words.Count == 0 ? null : string.Join(", ", words);

        // Which features there are is the plans' business, and the types of their columns with them.
        static HashSet<string> Lines(ViewVersion view) => [.. view.Meaning.Split('\n').Where(l => Word(l) is not ("feature" or "aggregated"))];
        static string Word(string line) => line.IndexOf(" \"", StringComparison.Ordinal) is var at and >= 0 ? line[..at] : line;
    }

    /// <summary>Writes the cell of the other layout: the same events, end and places. An empty cell stays empty.</summary>
    public void Write(ReadOnlySpan<byte> cell, long run, IBufferWriter<byte> to)
    {
        var stored = _merger.Whole(cell);
        if (stored.IsEmpty) return;
        for (var section = 0; section < _sections.Length; section++) Copy(section, stored.Section(_sources[section].Section));
        var places = new LogPlace[stored.PlaceCount];
        for (var i = 0; i < places.Length; i++) places[i] = stored.Place(i);
        TileCellWriter.Write(to, run, stored.End, stored.Cut, places, _sections);
    }

    void Copy(int section, TileSection tiles)
    {
        var writer = _sections[section];
        writer.Clear();
        for (var tile = 0; tile < tiles.Count; tile++) writer.Add(tiles.Start(tile), tiles.Newest(tile));
        for (var i = 0; i < _reads[section].Length && tiles.Count > 0; i++)
        {
            var run = tiles.Run(_sources[section].Slots[i], out var last);
            if (_writes[section][i] is not { } wanted)
            {
                writer.AddRun(i, run, last);
                continue;
            }
            var known = _reads[section][i];
            for (var (tile, at) = (0, 0); tile < tiles.Count; tile++)
            {
                known.Clear();
                wanted.Clear();
                at += known.Merge(run[at..]);
                wanted.MergeFrom(known);
                wanted.Write(writer.Next(i));
            }
        }
    }

    static bool Holds(WindowPlan from, int state, WindowPlan to, int wanted)
    {
        var (has, needs) = (from.States[state], to.States[wanted]);
        return has.Spec.Covers(needs.Spec) && InputOf(from, has) == InputOf(to, needs) && FilterOf(from, has) == FilterOf(to, needs);
    }

    static (string?, FeatureType?) InputOf(WindowPlan plan, PlannedState state) => state.Input < 0 ? default : (plan.Inputs[state.Input].Name, plan.Inputs[state.Input].Type);
    static string? FilterOf(WindowPlan plan, PlannedState state) => state.Filter < 0 ? null : plan.Filters[state.Filter].Trim();

    static string Text(WindowPlan plan, int state)
    {
        var planned = plan.States[state];
        return $"{planned.Spec.Name}{(planned.Input < 0 ? "" : $" of '{plan.Inputs[planned.Input].Name}'")}{(FilterOf(plan, planned) is { } filter ? $" where {filter}" : "")}";
    }

    static string Length(Window window) => window.IsLifetime ? Window.LifetimeName : Duration.Format(window.Length);
}
