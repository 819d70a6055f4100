using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>Makes training sets: every spine row with the feature values that were there at its own instant (S5, S6, S8, S18).</summary>
/// <param name="engine">Reads and writes tables.</param>
/// <param name="tables">Finds them.</param>
/// <param name="clock">Says what is ahead.</param>
/// <param name="ends">The ends that stand of a view over a table and a stream, in the order in which they were recorded (S25).</param>
public sealed class TrainingSetBuilder(IBatchEngine engine, ITrackedTables tables, TimeProvider clock, Func<Core.Definitions.ViewVersion, IReadOnlyList<RecordedEnd>>? ends = null)
{
    /// <summary>The columns that a request would give, with every mistake in it reported; nothing is read but the spine's schema.</summary>
    public Schema Describe(TrainingSetRequest request, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Plan(request, token).Output;
    }

    /// <summary>Makes the training set. The output is there whole or not at all.</summary>
    public TrainingSetReport Run(TrainingSetRequest request, IProgress<WorkProgress>? progress, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new TrainingSetRun(engine, tables, clock, ends, request, Plan(request, token), progress).Execute(token);
    }

    TrainingSetPlan Plan(TrainingSetRequest request, CancellationToken token)
        => TrainingSetPlan.Create(request, request.Spine.Reader?.Schema ?? engine.ReadSchema(request.Spine.Table!, token));
}
