using System.CommandLine;
using System.Text.Json.Nodes;

namespace Lockstep.Cli.Verbs;

/// <summary>What differs between two registered objects.</summary>
internal sealed class DiffVerb : Verb
{
    readonly Argument<string> _left = Completions.RegisteredName(new("left") { Description = "Such as weather@1.0.0, or weather#3 for what it was after apply 3" });
    readonly Argument<string> _right = Completions.RegisteredName(new("right") { Description = "What to compare with" });

    public override string Name => "diff";
    public override VerbGroup Group => VerbGroup.Look;
    public override string Summary => "Show what differs between two versions, or one at two times";
    public override IReadOnlyList<Argument> Arguments => [_left, _right];
    public override IReadOnlyList<Example> Examples => [new("lockstep diff weather@1.0.0 weather@2.0.0", "two versions"), new("lockstep diff weather#3 weather", "since apply 3")];

    public override string JsonSample => """
        { "left": "weather@1.0.0", "right": "weather@2.0.0", "same_meaning": false, "changes": [ { "path": "ttl", "old": "3h", "new": "6h" } ] }
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        await using var host = context.OpenProject();
        var diff = await host.RegistryService.DiffAsync(context.Get(_left)!, context.Get(_right)!, token);
        if (context.Json)
        {
            context.WriteJson(new JsonObject { ["left"] = diff.Left, ["right"] = diff.Right, ["same_meaning"] = diff.SameMeaning, ["changes"] = RegistryJson.List(diff.Changes, RegistryJson.Of) });
            return ExitCode.Done;
        }
        var paint = context.Console.OutPaint;
        foreach (var change in diff.Changes) context.Out.WriteLine($"{paint.Bold(change.Path)}: {paint.Red(change.Old ?? "(none)")} -> {paint.Green(change.New ?? "(none)")}");
        context.Say(diff.Changes.Count == 0 ? $"{diff.Left} and {diff.Right} are the same." : $"{diff.Left} and {diff.Right} {(diff.SameMeaning ? "mean the same: no value can differ" : "mean different things")}.");
        return ExitCode.Done;
    }
}
