using System.CommandLine;
using Lockstep.Cli.Output;
using Lockstep.Runtime.Registry;
using Lockstep.Server;

namespace Lockstep.Cli.Verbs;

/// <summary>Shows what an apply would change.</summary>
internal sealed class PlanVerb : Verb
{
    readonly Option<string?> _out = new("--out", "-o") { Description = "Save the plan, for 'lockstep apply <file>'", HelpName = "file" };

    public override string Name => "plan";
    public override VerbGroup Group => VerbGroup.Define;
    public override string Summary => "Show what would change, why, what is recomputed and who uses it";
    public override string Details => "A block a change: `+` new, `~` changed, `-` removed, `!` refused. A changed meaning under an unchanged version is refused, with the version to use instead (exit code 6).";
    public override IReadOnlyList<Option> Options => [_out];
    public override IReadOnlyList<Example> Examples => [new("lockstep plan", "look"), new("lockstep plan --out next.plan", "save it, to be applied as it is")];

    public override string JsonSample => """
        {
          "plan": {
            "format": 1, "base": 3, "registry_id": "…",
            "changes": [
              { "action": "create", "after": { "key": { "category": "view", "name": "weather", "version": "1.0.0" }, "kind": "value_view" }, "recompute": "full", "recompute_reason": "…", "used_by": ["…"] }
            ],
            "unchanged": 7, "kept": [], "refusals": [], "warnings": []
          },
          "digest": "…"
        }
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        await using var host = context.OpenProject();
        var plan = await MakeAsync(host, token);
        if (context.Get(_out) is { } file) await File.WriteAllTextAsync(context.Console.FullPath(file), PlanJson.Write(plan), token);
        if (context.Json) context.Out.Write(PlanJson.Write(plan));
        else Write(plan, context.Out, context.Console.OutPaint);
        if (context.Get(_out) is { } saved) context.Say($"Saved. Apply it with: lockstep apply {saved}");
        else if (plan.Changes.Count > 0 && plan.Refusals.Count == 0) context.Say("Do it with: lockstep apply");
        return plan.Refusals.Count > 0 ? ExitCode.Conflict : ExitCode.Done;
    }

    public static ValueTask<RegistryPlan> MakeAsync(ProjectHost host, CancellationToken token)
    {
        var read = host.Folder.ReadDefinitions();
        return host.RegistryService.PlanAsync(read.Definitions, [.. host.Folder.Warnings, .. read.Problems], host.Schemas(token), token);
    }

    public static void Write(RegistryPlan plan, TextWriter to, Paint paint)
    {
        foreach (var line in PlanText.Render(plan).TrimEnd('\n').Split('\n'))
            to.WriteLine(line.Length == 0 ? line : line[0] switch
            {
                '+' => paint.Green(line),
                '~' => paint.Yellow(line),
                '-' => paint.Red(line),
                '!' => line.StartsWith("! refused", StringComparison.Ordinal) ? paint.Red(line) : paint.Yellow(line),
                _ => line,
            });
    }
}
