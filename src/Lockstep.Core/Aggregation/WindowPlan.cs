using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation;

/// <summary>A state that is kept: what of which column, over which events.</summary>
/// <param name="Spec">What is kept.</param>
/// <param name="Input">The column's place in <see cref="WindowPlan.Inputs"/>; -1: of events as such.</param>
/// <param name="Filter">The filter's place in <see cref="WindowPlan.Filters"/>; -1: all events of the view.</param>
public sealed record PlannedState(AccumulatorSpec Spec, int Input, int Filter);

/// <summary>A feature: a state read over a window.</summary>
/// <param name="Name">With its window: <c>flights_24h</c>.</param>
/// <param name="State">Place in <see cref="WindowPlan.States"/>.</param>
/// <param name="Window">Place in <see cref="WindowPlan.Windows"/>.</param>
/// <param name="Output">How it is read.</param>
public sealed record PlannedFeature(string Name, int State, int Window, AggregateOutput Output)
{
    /// <summary>For a ratio: the window whose value this one's is divided by, of the state <see cref="OverState"/>; -1: none.</summary>
    public int Over { get; init; } = -1;

    /// <summary>The state that is read over the window <see cref="Over"/>.</summary>
    public int OverState { get; init; } = -1;

    public FeatureType Type => Over < 0 ? Output.Type : FeatureType.Float64;

    /// <summary>Appends the value, or null. For a ratio the second state and its window are given too.</summary>
    public AggregateStatus AppendTo(Accumulator state, in WindowBounds window, Accumulator? over, in WindowBounds overWindow, Column to)
        => Over < 0 ? Output.AppendTo(state, window, to)
            : Functions.Ratio.Append(Output.Number(state, window, out var value), value, Output.Number(over!, overWindow, out var divisor), divisor, to);
}

/// <summary>The tiles of one hop: which states they hold, and how far back the widest window over them reaches.</summary>
public sealed record PlannedTier(long Hop, long Widest, IReadOnlyList<int> States);

/// <summary>
/// What an aggregation view computes: distinct states × windows → features. Shared by the sweep, tiles and serving. Batches of events
/// hold the keys in the view's order, the event timestamp, then <see cref="Inputs"/>, then a bool column for each of
/// <see cref="Filters"/>; events that the view's own filter leaves out are not in them.
/// </summary>
public sealed class WindowPlan
{
    internal WindowPlan(IReadOnlyList<FeatureType> keys, long delay, Schema inputs, IReadOnlyList<string> filters, IReadOnlyList<PlannedState> states, IReadOnlyList<Window> windows, IReadOnlyList<PlannedFeature> features)
    {
        (Keys, Delay, Inputs, Filters, States, Windows, Features) = (keys, delay, inputs, filters, states, windows, features);
        Tiers = [.. Enumerable.Range(0, windows.Count).GroupBy(w => windows[w].Hop).OrderBy(g => g.Key).Select(g => new PlannedTier(
            g.Key, g.Max(w => windows[w].Length),
            [.. features.SelectMany(f => f.Over < 0 ? [(f.State, f.Window)] : new[] { (f.State, f.Window), (f.OverState, f.Over) }).Where(p => g.Contains(p.Item2)).Select(p => p.Item1).Distinct().Order()]))];
    }

    public IReadOnlyList<FeatureType> Keys { get; }
    public long Delay { get; }

    /// <summary>The columns that states read, each once.</summary>
    public Schema Inputs { get; }

    /// <summary>Filters of single features, as the author wrote them, each once.</summary>
    public IReadOnlyList<string> Filters { get; }

    public IReadOnlyList<PlannedState> States { get; }

    /// <summary>Distinct lengths and hops.</summary>
    public IReadOnlyList<Window> Windows { get; }

    public IReadOnlyList<PlannedFeature> Features { get; }

    /// <summary>One for each distinct hop, finest first.</summary>
    public IReadOnlyList<PlannedTier> Tiers { get; }

    /// <summary>The place of the event timestamp in a batch of events.</summary>
    public int TimeAt => Keys.Count;

    /// <summary>The place of the first input in a batch of events.</summary>
    public int InputsAt => Keys.Count + 1;

    /// <summary>The place of the first filter in a batch of events.</summary>
    public int FiltersAt => InputsAt + Inputs.Count;

    /// <summary>The longest window; it decides which event's timestamp is told (S20).</summary>
    public long Widest => Windows.Max(w => w.Length);

    public WindowBounds Bounds(int window, long at) => WindowBounds.Of(Windows[window], Delay, at);
}

/// <summary>Puts a plan together, feature by feature; states that are equal, or that another one covers, are kept once.</summary>
public sealed class WindowPlanBuilder(IReadOnlyList<FeatureType> keys, long delay = 0, AggregateCatalog? catalog = null)
{
    readonly List<Field> _inputs = [];
    readonly List<string> _filters = [];
    readonly List<Window> _windows = [];
    readonly List<(string Name, AccumulatorSpec Spec, int Input, int Filter, int Window, AggregateOutput Output, AccumulatorSpec? OverSpec, int Over)> _features = [];
    readonly AggregateCatalog _catalog = catalog ?? AggregateCatalog.Known;

    /// <summary>Adds a feature of one window; what it says was checked before (<see cref="AggregateCatalog.Check"/>).</summary>
    /// <param name="name">With its window.</param>
    /// <param name="function">By name.</param>
    /// <param name="column">The column; null for <c>"*"</c>.</param>
    /// <param name="window">The window.</param>
    /// <param name="parameters">As written.</param>
    /// <param name="filter">The feature's own filter, as written.</param>
    public WindowPlanBuilder Add(string name, string function, Field? column, Window window, IReadOnlyDictionary<string, string>? parameters = null, string? filter = null)
    {
        parameters ??= new Dictionary<string, string>();
        var bound = _catalog.Bind(function, column?.Type, parameters, window);
        var over = bound.Over is { } second ? _catalog.Bind(function, column?.Type, parameters, second) : null;
        _features.Add((name, bound.Spec, column is null || bound.Spec.Column is null ? -1 : Place(_inputs, column), filter is null ? -1 : Place(_filters, filter),
            WindowAt(window), bound.Output, over?.Spec, over is null ? -1 : WindowAt(bound.Over!.Value)));
        return this;
    }

    public WindowPlan Build()
    {
        var wanted = _features.SelectMany(f => f.OverSpec is null ? [f.Spec] : new[] { f.Spec, f.OverSpec }, (f, spec) => new PlannedState(spec, f.Input, f.Filter)).Distinct().ToList();
        var states = wanted.Where(s => !wanted.Any(o => o != s && Covers(o, s))).ToList();
        int StateOf(AccumulatorSpec spec, int input, int filter) => states.FindIndex(s => Covers(s, new(spec, input, filter)));
        return new(keys, delay, new(_inputs), _filters, states, _windows, [.. _features.Select(f => new PlannedFeature(f.Name, StateOf(f.Spec, f.Input, f.Filter), f.Window, f.Output)
        {
            Over = f.Over,
            OverState = f.OverSpec is null ? -1 : StateOf(f.OverSpec, f.Input, f.Filter),
        })]);
    }

    static bool Covers(PlannedState state, PlannedState other) => state.Input == other.Input && state.Filter == other.Filter && state.Spec.Covers(other.Spec);

    int WindowAt(Window window)
    {
        var found = _windows.FindIndex(w => w.Length == window.Length && w.Hop == window.Hop);
        if (found >= 0) return found;
        _windows.Add(window);
        return _windows.Count - 1;
    }

    static int Place<T>(List<T> all, T one)
    {
        var found = all.IndexOf(one);
        if (found >= 0) return found;
        all.Add(one);
        return all.Count - 1;
    }
}
