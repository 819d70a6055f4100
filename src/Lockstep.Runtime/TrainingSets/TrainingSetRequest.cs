using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>What a training set is asked for: a spine, features, and where it goes.</summary>
public sealed record TrainingSetRequest
{
    public const string DefaultTimestamp = "event_timestamp";

    public required Catalog Catalog { get; init; }
    public required Spine Spine { get; init; }

    /// <summary>The features of a service; or <see cref="Features"/>; or, without either, those of <see cref="Again"/>.</summary>
    public FeatureService? Service { get; init; }

    public IReadOnlyList<FeatureSelection> Features { get; init; } = [];

    /// <summary>The spine's timestamp column. Default: <c>event_timestamp</c>.</summary>
    public string? Timestamp { get; init; }

    /// <summary>Name features <c>view__feature</c>.</summary>
    public bool FullNames { get; init; }

    /// <summary>Only what was known at each row's own instant (S8).</summary>
    public bool AsKnown { get; init; }

    /// <summary>The file to write; or <see cref="Writer"/>.</summary>
    public TableOutput? Output { get; init; }

    /// <summary>Makes the writer for the result's schema, where it does not go to a file.</summary>
    public Func<Schema, BatchWriter>? Writer { get; init; }

    /// <summary>Whether a file gets the record of what was read beside it (<see cref="TrainingSetRecord.PathFor"/>).</summary>
    public bool WriteRecord { get; init; } = true;

    /// <summary>Whether the expectations of its views are evaluated; one that blocks stops it.</summary>
    public bool CheckExpectations { get; init; } = true;

    /// <summary>Is told of each value that does not fit (S13): the place of its lookup, the row from 0 on, and its ordinal in the view. Its value is null.</summary>
    internal Action<int, long, int>? OutOfRange { get; init; }

    /// <summary>An earlier training set's record: the same versions and the same files or commits are read (S19), or it is an error.</summary>
    public TrainingSetRecord? Again { get; init; }

    /// <summary>
    /// About how much memory labels, answers and candidate rows may take; a larger spine is done block by block, and each block reads the
    /// tables again. Default: an eighth of what the process may have, from 1 to 4 GiB.
    /// </summary>
    public long MemoryBytes { get; init; } = Math.Clamp(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 8, 1L << 30, 4L << 30);

    // What is made again is asked for as it was then.
    internal bool KnownOnly => Again?.AsKnown ?? AsKnown;
    internal bool Full => Again?.FullNames ?? FullNames;
    internal string TimestampColumn => Timestamp ?? Again?.Timestamp ?? DefaultTimestamp;

    internal FeatureSet Resolve()
    {
        if (Service is not null && Features.Count > 0) throw new LockstepException(ErrorKind.BadArguments, "Ask for a service or for features, not for both.");
        if (Again is not null)
        {
            if (Service is not null || Features.Count > 0) throw new LockstepException(ErrorKind.BadArguments, "A training set that is made again takes its features from the record: name no service and no features.");
            return Again.Resolve(Catalog);
        }
        return Service is not null ? FeatureSet.Resolve(Catalog, Service, Full) : FeatureSet.Resolve(Catalog, Features, Full);
    }
}
