using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Fitting;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Registry;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Transformations;

// A fit:
//  1. The definitions are bound: the transformation with what its expressions read, applied or not.
//  2. A training set of its input and target is made over the spine; every row has the values of its own instant (S18, S19).
//  3. Rows up to the instant are learned from. So nothing after it is: neither rows of the spine, nor what other rows have later.
//  4. The transformation, if it is new, and the fit are registered in one transaction. Nothing that is registered changes.
/// <summary>Learns the parameters of transformations and registers them.</summary>
public sealed class TransformationFitter(IRegistry registry, TrainingSetBuilder trainingSets, SchemaProbe probe, TimeProvider clock)
{
    const int Attempts = 10;

    /// <param name="definitions">All of the project's.</param>
    /// <param name="read">What reading them found.</param>
    /// <param name="request">What to learn from what.</param>
    /// <param name="author">For the history.</param>
    /// <param name="reason">For the history.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="token">Nothing is registered when it is cancelled.</param>
    public async Task<FitReport> FitAsync(
        ProjectDefinitions definitions, IReadOnlyList<Problem> read, FitRequest request, string author, string reason, IProgress<WorkProgress>? progress, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(definitions);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentException.ThrowIfNullOrWhiteSpace(author);
        var snapshot = await registry.LoadAsync(token);
        var bound = DefinitionBinder.Bind(definitions, snapshot.Catalog, probe.Source, probe.Query, probe.Content);
        var version = Find(definitions, bound, snapshot.Catalog, request.Name, [.. read, .. bound.Problems]);
        CheckApplied(version, snapshot.Catalog);
        _ = Changes(snapshot, bound, version); // refused before anything is read
        var learner = FitLearner.Of(version.Transformation, version.Inputs.Features[0].Type);
        var catalog = bound.ToCatalog(snapshot.Catalog, snapshot.Number);
        FitWriter? writer = null;
        var report = trainingSets.Run(new()
        {
            Catalog = catalog.With(views: catalog.Views.Append(version.Inputs), services: []),
            Spine = request.Spine,
            Features = [new() { View = version.Inputs.Name, Version = new(version.Version.Major, version.Version.Minor, version.Version.Patch) }],
            FullNames = true,
            Timestamp = request.Timestamp,
            AsKnown = request.AsKnown,
            Writer = schema => writer = new(schema, learner, request.Timestamp ?? TrainingSetRequest.DefaultTimestamp, version.Inputs.Features.Count, request.At),
        }, progress, token);
        var parameters = learner.Finish();
        Fit fit = new()
        {
            Name = version.Name,
            Number = 0, // given when it is registered
            Transformation = version.Version,
            TransformationFingerprint = version.Fingerprint,
            AsOf = request.At,
            Statistics = new() { Spine = request.SpineName, Rows = learner.Rows, Nulls = learner.Nulls, RowsAfter = writer!.RowsAfter, RowsWithoutTime = writer.RowsWithoutTime },
            Views = new SortedDictionary<string, string>(report.Record.Views.Where(v => v.View != version.Inputs.Id).ToDictionary(v => v.View, v => v.Fingerprint), StringComparer.Ordinal),
            Parameters = parameters.ToJson(),
        };
        var (registered, apply, now) = await RegisterAsync(fit, bound, version, author, reason, token);
        return new()
        {
            Fit = registered,
            Apply = apply,
            Parameters = parameters.Describe(),
            Warnings = [.. report.Warnings, .. parameters.Warning is { } odd ? (string[])[$"Transformation '{version.Name}': {odd}."] : []],
            UseEarlier = [.. now.Catalog.Views.Where(v => !v.Retired && v.Constants.Values.Any(c => c.StartsWith($"{Fit.KindName}/{fit.Name}@", StringComparison.Ordinal) && c != registered.Id)).Select(v => v.Id)],
        };
    }

    static TransformationVersion Find(ProjectDefinitions definitions, BoundDefinitions bound, Catalog registered, string name, IReadOnlyList<Problem> problems)
    {
        var found = bound.Transformations.Concat(registered.Transformations.Where(t => !t.Retired)).Where(t => t.Name == name).MaxBy(t => t.Version);
        var defined = definitions.Transformations.Where(t => t.Name == name).MaxBy(t => t.Version);
        if (defined is not null && (found is null || defined.Version > found.Version)) throw new LockstepException(ErrorKind.DefinitionsInvalid, [.. problems.Where(p => p.Severity == Severity.Error)]);
        return found ?? throw new LockstepException(ErrorKind.NotFound,
            $"There is no transformation '{name}'.{NearestName.Hint(name, definitions.Transformations.Select(t => t.Name).Concat(registered.Transformations.Select(t => t.Name)), "Transformations")}");
    }

    // What a lookup table holds is kept by the apply.
    static void CheckApplied(TransformationVersion version, Catalog registered)
    {
        foreach (var pin in version.Inputs.Constants.Values.Where(v => v.StartsWith("table/", StringComparison.Ordinal)))
            if (registered.LookupTables.All(t => $"table/{t.Id}" != pin))
                throw new LockstepException(ErrorKind.NotFound, $"The input of transformation '{version.Id}' uses lookup table '{pin["table/".Length..]}', which is not registered yet. First: lockstep apply");
    }

    // What has to be registered beside the fit: the transformation, where it is new.
    static IReadOnlyList<ObjectRecord> Changes(RegistrySnapshot snapshot, BoundDefinitions bound, TransformationVersion version)
    {
        var only = bound with { Entities = [], Sources = [], Views = [], Services = [], LookupTables = [], Transformations = [version] };
        var plan = PlanBuilder.Build(snapshot, only, new Dictionary<string, Schema>(), partial: true);
        plan.ThrowIfRefused();
        return [.. plan.Changes.Select(c => c.After)];
    }

    async Task<(Fit Fit, RegistryApply? Apply, RegistrySnapshot Now)> RegisterAsync(Fit fit, BoundDefinitions bound, TransformationVersion version, string author, string reason, CancellationToken token)
    {
        for (var attempt = 1; ; attempt++)
        {
            // Learning takes a while; what others applied meanwhile is no obstacle unless it changes the transformation.
            var snapshot = await registry.LoadAsync(token);
            var earlier = snapshot.Catalog.Fits.LastOrDefault(f => !f.Retired && f.Name == fit.Name);
            if (earlier?.Fingerprint == fit.Fingerprint) return (earlier, null, snapshot);
            var number = snapshot.Objects.Where(o => o.Key.Category == ObjectCategory.Fit && o.Key.Name == fit.Name).Select(o => ((Fit)o.Definition).Number).DefaultIfEmpty().Max() + 1;
            var numbered = fit with { Number = number };
            try
            {
                var apply = await registry.AppendAsync(new()
                {
                    Base = snapshot.Number,
                    RegistryId = snapshot.RegistryId,
                    At = Instant.Now(clock),
                    Author = author,
                    Reason = reason,
                    Verb = ApplyVerb.Fit,
                    Records = [.. Changes(snapshot, bound, version), RecordTexts.Of(numbered)],
                }, token);
                return (numbered, apply, snapshot);
            }
            catch (LockstepException stale) when (stale.Kind == ErrorKind.Conflict && attempt < Attempts)
            {
                // another apply came between
            }
        }
    }
}
