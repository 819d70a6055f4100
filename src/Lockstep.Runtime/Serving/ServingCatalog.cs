using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Lockstep.Core.Definitions;

namespace Lockstep.Runtime.Serving;

/// <summary>
/// A catalog with the plans compiled for it so far. A request takes it once and keeps it; an apply puts a new one in its place whole,
/// and with it all plans.
/// </summary>
public sealed class ServingCatalog(Catalog catalog, int maxFeatures)
{
    // Shapes come from callers: a caller that never repeats one must not fill the memory.
    const int MaxPlans = 1_024;

    readonly ConcurrentDictionary<byte[], ServingPlan> _plans = new(new Utf8Comparer());

    public Catalog Catalog { get; } = catalog;

    /// <summary>Rows of answers that are still true.</summary>
    public AnswerCache Answers { get; } = new();

    /// <summary>The plan of a shape: any bytes that stand for the same query whenever they are equal.</summary>
    public bool TryGetPlan(ReadOnlySpan<byte> shape, [NotNullWhen(true)] out ServingPlan? plan)
        => _plans.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(shape, out plan);

    public ServingPlan Compile(ReadOnlySpan<byte> shape, FeatureQuery query)
    {
        var plan = ServingPlan.Compile(Catalog, query, maxFeatures);
        if (_plans.Count >= MaxPlans) _plans.Clear();
        return _plans.GetOrAdd(shape.ToArray(), plan);
    }

    /// <summary>Plans kept for requests of their shapes.</summary>
    public int Plans => _plans.Count;

    public ServingPlan Compile(FeatureQuery query) => ServingPlan.Compile(Catalog, query, maxFeatures);
}
