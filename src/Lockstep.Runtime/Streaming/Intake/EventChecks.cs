using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Streaming.Apply;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Streaming.Intake;

/// <summary>A column that a view reads as another type than the source's, where not every value converts.</summary>
/// <param name="Ordinal">Among the source's columns.</param>
/// <param name="As">The type.</param>
/// <param name="Reader">How messages call the view.</param>
public sealed record EventCheck(int Ordinal, FeatureType As, string Reader);

/// <summary>What the views over a source ask of its events.</summary>
/// <param name="Conversions">Values that have to convert.</param>
/// <param name="Keys">Of each view the ordinals of its key columns, -1 for a computed one. An event needs the key of one of them.</param>
public sealed record EventChecks(IReadOnlyList<EventCheck> Conversions, IReadOnlyList<int[]> Keys)
{
    public static readonly EventChecks None = new([], []);

    internal static EventChecks Of(IReadOnlyList<ViewVersion> views, Catalog catalog, Schema source) => new(
        [.. views.SelectMany(v => ProgramRows.Checks(ProgramOf(v, catalog), source).Select(c => new EventCheck(c.Ordinal, c.As, $"view '{v.Id}'"))).DistinctBy(c => (c.Ordinal, c.As))],
        [.. views.Select(v => v.Keys.Fields.Select(k => source.IndexOf(k.Name)).ToArray())]);

    static RowProgram ProgramOf(ViewVersion view, Catalog catalog) => view.View is AggregationView ? EventProgram.Of(view).Rows : ViewColumns.Of(view, catalog).Program(Enumerable.Range(0, view.Features.Count));
}
