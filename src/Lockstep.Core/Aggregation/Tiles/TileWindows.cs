using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Tiles;

// The windows of one key as of an instant, from the tiles of its cell, in place (S9, S11, S20). Compiled for the features asked for:
//  - For each state and tier the windows over them, the widest first. Their upper ends are the same, so a run is walked once: the tiles
//    between the lower ends of two windows go into the wider one's accumulator, and the wider ones take in the narrower at the end.
//  - Single events that are before the upper end follow the tiles.
// Nothing is copied and nothing allocated once accumulators have grown.
/// <summary>Reads windows from cells. Keeps its accumulators and columns: one at a time, to be used again.</summary>
public sealed class TileWindows
{
    readonly TileLayout _layout;
    readonly int[] _windows;        // places in the plan of the windows that are read
    readonly WindowBounds[] _bounds; // of all windows of the plan
    readonly Part[] _parts;
    readonly Accumulator?[,] _states; // state × window
    readonly (int Feature, Column Column)[] _outputs;
    readonly AggregateStatus[] _statuses;
    readonly bool _readsInstant;

    /// <summary>A state over one tier, with the windows that are read of it, the widest first.</summary>
    sealed record Part(int Section, int Slot, int State, int[] Windows);

    /// <param name="layout">What cells hold.</param>
    /// <param name="features">Places in the plan's features of those that are asked for.</param>
    public TileWindows(TileLayout layout, IReadOnlyList<int> features)
    {
        _layout = layout ?? throw new ArgumentNullException(nameof(layout));
        ArgumentNullException.ThrowIfNull(features);
        var plan = layout.Plan;
        _bounds = new WindowBounds[plan.Windows.Count];
        _states = new Accumulator?[plan.States.Count, plan.Windows.Count];
        _outputs = [.. features.Select(f => (f, Column.Create(plan.Features[f].Type)))];
        _statuses = new AggregateStatus[features.Count];
        _readsInstant = features.Any(f => plan.Features[f].Output.ReadsInstant);
        HashSet<(int State, int Window)> read = [];
        foreach (var feature in features.Select(f => plan.Features[f]))
        {
            read.Add((feature.State, feature.Window));
            if (feature.Over >= 0) read.Add((feature.OverState, feature.Over));
        }
        foreach (var (state, window) in read) _states[state, window] = plan.States[state].Spec.Create();
        _parts = [.. read.GroupBy(r => (r.State, Section: 1 + plan.Tiers.ToList().FindIndex(t => t.Hop == plan.Windows[r.Window].Hop)))
            .Select(g => new Part(g.Key.Section, layout.Sections[g.Key.Section].SlotOf(g.Key.State), g.Key.State, [.. g.Select(r => r.Window).OrderByDescending(w => plan.Windows[w].Length)]))
            .OrderBy(p => p.Section).ThenBy(p => p.Slot)];
        _windows = [.. read.Select(r => r.Window).Append(layout.WidestWindow).Distinct()];
    }

    /// <summary>The values of the last read, in the order asked for; one row each.</summary>
    public Column Value(int output) => _outputs[output].Column;

    public AggregateStatus Status(int output) => _statuses[output];

    /// <summary>The newest event in the widest window; null: there is none (S20).</summary>
    public long? Newest { get; private set; }

    /// <summary>The instants, both included, for which this cell gives the same answer.</summary>
    public long From { get; private set; }

    public long Until { get; private set; }

    /// <summary>Computes all features as of an instant. An empty cell is a key without events.</summary>
    public void Read(ReadOnlySpan<byte> cell, long at)
    {
        var reader = new TileCellReader(_layout, cell);
        var plan = _layout.Plan;
        foreach (var window in _windows) _bounds[window] = plan.Bounds(window, at);
        var singles = reader.Section(0);
        var body = new TileCellReader(_layout, reader.Body);
        foreach (var part in _parts) Read(part, reader.Section(part.Section), body.Section(part.Section), singles);
        for (var i = 0; i < _outputs.Length; i++)
        {
            var (place, column) = _outputs[i];
            var feature = plan.Features[place];
            column.Clear();
            _statuses[i] = feature.Over < 0
                ? feature.AppendTo(_states[feature.State, feature.Window]!, _bounds[feature.Window], null, default, column)
                : feature.AppendTo(_states[feature.State, feature.Window]!, _bounds[feature.Window], _states[feature.OverState, feature.Over], _bounds[feature.Over], column);
        }
        if (reader.BodyLength > 0 && body.IsEmpty) throw new RowFormatException($"A cell of tiles lacks its body of {reader.BodyLength} bytes.");
        ReadNewest(reader.Section(_layout.WidestSection), body.Section(_layout.WidestSection), singles);
        ReadValidity(reader.Cut, singles, at);
    }

    void Read(Part part, TileSection tiles, TileSection body, TileSection singles)
    {
        foreach (var window in part.Windows) _states[part.State, window]!.Clear();
        var last = part.Windows[^1];
        ref readonly var bounds = ref _bounds[last];
        Walk(part, body, body.IndexOf(bounds.To), part.Slot);
        Walk(part, tiles, tiles.IndexOf(bounds.To), part.Slot);
        if (singles.Count > 0) Walk(part, singles, singles.IndexOf(bounds.To), part.State);
        for (var i = part.Windows.Length - 2; i >= 0; i--) _states[part.State, part.Windows[i]]!.MergeFrom(_states[part.State, part.Windows[i + 1]]!);
    }

    void Walk(Part part, TileSection section, int end, int slot)
    {
        if (end == 0) return;
        var run = section.Run(slot, out _);
        var accumulator = _states[part.State, part.Windows[0]]!;
        var (tile, at) = (section.IndexOf(_bounds[part.Windows[0]].From), 0);
        for (var skipped = 0; skipped < tile && tile < end; skipped++) at += accumulator.Measure(run[at..]);
        for (var i = 0; i < part.Windows.Length && tile < end; i++)
        {
            accumulator = _states[part.State, part.Windows[i]]!;
            var next = i + 1 < part.Windows.Length ? Math.Min(end, section.IndexOf(_bounds[part.Windows[i + 1]].From)) : end;
            if (next <= tile) continue;
            at += accumulator.MergeRun(run[at..], next - tile);
            tile = next;
        }
    }

    void ReadNewest(TileSection tiles, TileSection body, TileSection singles)
    {
        ref readonly var widest = ref _bounds[_layout.WidestWindow];
        Newest = null;
        var tile = tiles.IndexOf(widest.To) - 1;
        if (tile >= 0 && tiles.Start(tile) >= widest.From) Newest = tiles.Newest(tile);
        tile = body.IndexOf(widest.To) - 1;
        if (tile >= 0 && body.Start(tile) >= widest.From && body.Newest(tile) is var older && (Newest is null || older > Newest)) Newest = older;
        tile = singles.IndexOf(widest.To) - 1;
        if (tile >= 0 && singles.Start(tile) is var time && time >= widest.From && (Newest is null || time > Newest)) Newest = time;
    }

    // A window's lower end, and with a delay its upper end, stay where they are for a hop; without a delay the answer also changes when
    // a single event comes in.
    void ReadValidity(long cut, TileSection singles, long at)
    {
        var (from, until) = (cut, long.MaxValue);
        var delay = _layout.Plan.Delay;
        foreach (var window in _windows)
        {
            ref readonly var bounds = ref _bounds[window];
            if (bounds.From != long.MinValue) Hold(bounds.From, (Int128)delay + bounds.Length, bounds.Hop);
            if (delay != 0) Hold(bounds.To, delay, bounds.Hop);
            else Hold(Instant.Floor(at, bounds.Hop), 0, bounds.Hop); // a state may count in hops from the upper end
        }
        if (_readsInstant) (from, until) = (at, at);
        if (delay == 0)
        {
            var next = singles.IndexOf(at);
            if (next < singles.Count) until = Math.Min(until, singles.Start(next));
            if (next > 0) from = Math.Max(from, singles.Start(next - 1) + 1);
        }
        (From, Until) = (Math.Min(from, at), Math.Max(until, at));

        void Hold(long edge, Int128 distance, long hop)
        {
            var first = edge + distance;
            if (first > from) from = (long)Int128.Min(first, at);
            if (first + hop - 1 < until) until = (long)Int128.Max(first + hop - 1, at);
        }
    }
}
