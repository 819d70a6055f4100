using System.CommandLine;
using Lockstep.Runtime.Serving;

namespace Lockstep.Cli;

/// <summary>The options by which verbs say which features they mean: a service, or features of views.</summary>
internal sealed class FeatureSelections
{
    public Option<string?> Service { get; } = Completions.Service(new("--service", "-s") { Description = "All features of this service, in its order; name or name@version", HelpName = "name" });

    public Option<string[]> Features { get; } = new("--features", "-f")
    {
        Description = "Features instead of a service, with commas or repeated: view:feature, view@1:feature, view:*",
        HelpName = "list",
        Arity = ArgumentArity.OneOrMore,
    };

    public Option<bool> FullNames { get; } = new("--full-names") { Description = "Name columns view__feature" };

    public IReadOnlyList<Option> All => [Service, Features, FullNames];

    public bool AreGiven(VerbContext context) => context.Get(Service) is not null || context.Get(Features) is { Length: > 0 };

    public FeatureQuery Query(VerbContext context)
    {
        var features = (context.Get(Features) ?? []).SelectMany(f => f.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).ToList();
        var fullNames = context.Get(FullNames);
        return (context.Get(Service), features.Count) switch
        {
            (null, 0) => throw Wrong("Say which features: --service <name>, or --features view:feature,…"),
            (not null, > 0) => throw Wrong("Ask for a service or for features, not for both."),
            ({ } service, _) => FeatureQuery.OfService(service, fullNames),
            _ => FeatureQuery.OfFeatures(features, fullNames),
        };

        static Core.LockstepException Wrong(string message) => new(Core.ErrorKind.BadArguments, message);
    }
}
