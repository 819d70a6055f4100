using System.CommandLine;
using System.Text.Json.Nodes;
using Lockstep.Cli.Output;

namespace Lockstep.Cli.Verbs;

/// <summary>Finds objects and features by words.</summary>
internal sealed class SearchVerb : Verb
{
    readonly Argument<string[]> _words = new("word") { Description = "All have to be found", Arity = ArgumentArity.OneOrMore };

    public override string Name => "search";
    public override VerbGroup Group => VerbGroup.Look;
    public override string Summary => "Find objects and features by words";
    public override string Details => "Words are looked for in names, features, descriptions, owners, tags, entities, types and sources; `owner:ana`, `tag:pii`, `entity:`, `type:`, `source:`, `kind:` look in one place. The nearest come first.";
    public override IReadOnlyList<Argument> Arguments => [_words];
    public override IReadOnlyList<Example> Examples => [new("lockstep search wind", "by a word"), new("lockstep search tag:team=ops type:float64", "by a tag and a type")];

    public override string JsonSample => """
        [
          { "object": { "kind": "value_view", "name": "weather" }, "features": ["wind_speed"], "matched": ["feature"] }
        ]
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        await using var host = context.OpenProject();
        var hits = await host.RegistryService.SearchAsync(string.Join(' ', context.Get(_words) ?? []), token);
        if (context.Json)
        {
            context.WriteJson(RegistryJson.List(hits, h => new JsonObject { ["object"] = RegistryJson.Of(h.Object), ["features"] = RegistryJson.Texts(h.Features), ["matched"] = RegistryJson.Texts(h.Matched) }));
            return ExitCode.Done;
        }
        if (hits.Count == 0)
        {
            context.Say("Nothing registered holds all of these words.");
            return ExitCode.Done;
        }
        var table = new TextTable("kind", "name", "version", "features", "found in", "description");
        foreach (var hit in hits) table.Add(hit.Object.Kind, hit.Object.Name, hit.Object.Version, string.Join(", ", hit.Features), string.Join(", ", hit.Matched), hit.Object.Description ?? "");
        table.Write(context.Console);
        return ExitCode.Done;
    }
}
