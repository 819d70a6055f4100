using System.CommandLine;
using Lockstep.Core.Rows;

namespace Lockstep.Cli.Verbs;

/// <summary>All versions of a name, and what every apply changed.</summary>
internal sealed class VersionsVerb : Verb
{
    readonly Argument<string> _name = Completions.RegisteredName(new("name") { Description = "name, or kind/name such as source/weather" });

    public override string Name => "versions";
    public override VerbGroup Group => VerbGroup.Look;
    public override string Summary => "List all versions of a name, with what every apply changed";
    public override IReadOnlyList<Argument> Arguments => [_name];
    public override IReadOnlyList<Example> Examples => [new("lockstep versions weather", "removed and retired ones too")];

    public override string JsonSample => """
        [
          {
            "kind": "value_view", "version": "1.0.0", "state": "active", "fingerprint": "…", "used_by": [],
            "revisions": [
              { "apply": { "number": 2, "author": "ana" }, "state": "active", "changes": [ { "path": "description", "old": null, "new": "Weather" } ] }
            ]
          }
        ]
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        await using var host = context.OpenProject();
        var versions = await host.RegistryService.VersionsAsync(context.Get(_name)!, token);
        if (context.Json)
        {
            context.WriteJson(RegistryJson.List(versions, RegistryJson.Of));
            return ExitCode.Done;
        }
        var paint = context.Console.OutPaint;
        foreach (var version in versions)
        {
            context.Out.WriteLine(paint.Bold($"{version.Kind} {(version.Version.Length == 0 ? "(one version)" : version.Version)}") + $"  {RegistryJson.Word(version.State)}{(version.UsedBy.Count == 0 ? "" : $"  used by {string.Join(", ", version.UsedBy)}")}");
            foreach (var revision in version.Revisions)
            {
                var apply = revision.Apply;
                context.Out.WriteLine($"  apply {apply.Number}  {Instant.Format(apply.At)}  {apply.Author}  {RegistryJson.Word(revision.State)}{(apply.Reason.Length == 0 ? "" : $"  {apply.Reason}")}");
                foreach (var change in revision.Changes) context.Out.WriteLine($"      {change}");
            }
        }
        return ExitCode.Done;
    }
}
