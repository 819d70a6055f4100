using System.CommandLine;
using Lockstep.Cli.Output;
using Lockstep.Runtime.Registry;

namespace Lockstep.Cli.Verbs;

/// <summary>Lists what is registered.</summary>
internal sealed class ListVerb : Verb
{
    readonly Argument<string?> _kind = new("kind") { Description = "entities, sources, views or services; or a kind such as value_view. Default: all", Arity = ArgumentArity.ZeroOrOne };
    readonly Option<string?> _tag = new("--tag") { Description = "Only with this tag; name or name=value", HelpName = "tag" };
    readonly Option<string?> _owner = new("--owner") { Description = "Only of this owner", HelpName = "owner" };
    readonly Option<string?> _domain = new("--domain") { Description = "Only of this domain", HelpName = "domain" };
    readonly Option<string?> _entity = new("--entity") { Description = "Only what describes this entity", HelpName = "name" };
    readonly Option<string?> _source = new("--source") { Description = "Only what reads this source", HelpName = "name" };
    readonly Option<bool> _all = new("--all", "-a") { Description = "Retired and removed ones too" };

    public ListVerb() => _kind.CompletionSources.Add("entities", "sources", "views", "services");

    public override string Name => "list";
    public override VerbGroup Group => VerbGroup.Look;
    public override string Summary => "List what is registered";
    public override IReadOnlyList<Argument> Arguments => [_kind];
    public override IReadOnlyList<Option> Options => [_tag, _owner, _domain, _entity, _source, _all];
    public override IReadOnlyList<Example> Examples => [new("lockstep list views --tag team=ops", "views of one team")];

    public override string JsonSample => """
        [
          {
            "kind": "value_view", "name": "weather", "version": "1.0.0", "state": "active",
            "description": "Weather as last observed", "owner": "flights@example.com", "domain": null, "tags": { "team": "ops" },
            "entities": ["airport"], "sources": ["weather"], "features": ["temp", "visib"], "apply": 1
          }
        ]
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        await using var host = context.OpenProject();
        var filter = new ListFilter
        {
            Kind = context.Get(_kind),
            Tag = context.Get(_tag),
            Owner = context.Get(_owner),
            Domain = context.Get(_domain),
            Entity = context.Get(_entity),
            Source = context.Get(_source),
            All = context.Get(_all),
        };
        var items = await host.RegistryService.ListAsync(filter, token);
        if (context.Json)
        {
            context.WriteJson(RegistryJson.List(items, RegistryJson.Of));
            return ExitCode.Done;
        }
        if (items.Count == 0)
        {
            context.Say(filter == new ListFilter() ? "Nothing is registered. Register the project's definitions with: lockstep apply" : "Nothing registered passes these filters.");
            return ExitCode.Done;
        }
        Table(items, filter.All).Write(context.Console);
        return ExitCode.Done;
    }

    public static TextTable Table(IReadOnlyList<ObjectSummary> items, bool states)
    {
        var table = states ? new TextTable("kind", "name", "version", "state", "features", "owner", "description") : new TextTable("kind", "name", "version", "features", "owner", "description");
        foreach (var item in items)
        {
            string[] begin = [item.Kind, item.Name, item.Version];
            string[] end = [item.Features.Count == 0 ? "" : Words.Number(item.Features.Count), item.Owner ?? "", item.Description ?? ""];
            table.Add(states ? [.. begin, RegistryJson.Word(item.State), .. end] : [.. begin, .. end]);
        }
        return table.Right(states ? 4 : 3);
    }
}
