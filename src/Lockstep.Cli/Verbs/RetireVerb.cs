using System.CommandLine;
using System.Text.Json.Nodes;
using Lockstep.Cli.Output;

namespace Lockstep.Cli.Verbs;

/// <summary>Ends the serving of an old version.</summary>
internal sealed class RetireVerb : Verb
{
    readonly Argument<string> _name = Completions.RegisteredName(new("version") { Description = "A version of a view or service, such as weather@1.0.0" });
    readonly Option<bool> _undo = new("--undo") { Description = "Serve it again" };
    readonly Option<string?> _reason = new("--reason", "-m") { Description = "Why, for the history", HelpName = "text" };

    public override string Name => "retire";
    public override VerbGroup Group => VerbGroup.Define;
    public override string Summary => "End the serving of an old version that nobody uses any more";
    public override string Details => "Old versions stay registered and served beside newer ones until they are retired. Refused (exit code 6) while a service pins the version.";
    public override IReadOnlyList<Argument> Arguments => [_name];
    public override IReadOnlyList<Option> Options => [_undo, _reason];
    public override IReadOnlyList<Example> Examples => [new("lockstep retire weather@1.0.0", "version 2.0.0 stays")];
    public override string JsonSample => """{ "apply": { "number": 5, "verb": "retire" }, "changed": ["value_view weather@1.0.0"] }""";

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        await using var host = context.OpenProject();
        var undo = context.Get(_undo);
        var result = await host.RegistryService.RetireAsync(context.Get(_name)!, context.Console.Author, context.Get(_reason) ?? "", token, undo);
        if (context.Json) context.WriteJson(new JsonObject { ["apply"] = result.Apply is null ? null : RegistryJson.Of(result.Apply), ["changed"] = RegistryJson.Texts(result.Changed) });
        context.Say(result.Apply is { } apply
            ? $"{(undo ? "Served again" : "Retired")}: {string.Join(", ", result.Changed)} (apply {apply.Number}, {Words.Count(result.Changed.Count, "object")})."
            : $"It is {(undo ? "served" : "retired")} already.");
        return ExitCode.Done;
    }
}
