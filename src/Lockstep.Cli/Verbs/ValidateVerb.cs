using System.Text.Json.Nodes;
using Lockstep.Cli.Output;

namespace Lockstep.Cli.Verbs;

/// <summary>Checks definitions, by themselves and against their data.</summary>
internal sealed class ValidateVerb : Verb
{
    public override string Name => "validate";
    public override VerbGroup Group => VerbGroup.Define;
    public override string Summary => "Check all definitions, by themselves and against their data";
    public override string Details => "Every problem is reported in one pass, with file, line and column. Exit code 3 when there is an error.";
    public override IReadOnlyList<Example> Examples => [new("lockstep validate", "the project of this folder")];

    public override string JsonSample => """
        {
          "valid": false,
          "problems": [
            { "severity": "error", "file": "features/weather.yaml", "line": 12, "column": 3, "message": "…" }
          ],
          "entities": 2, "sources": 4, "views": 4, "services": 1
        }
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        await using var host = context.OpenProject();
        var read = host.Folder.ReadDefinitions();
        var result = await host.RegistryService.ValidateAsync(read.Definitions, [.. host.Folder.Warnings, .. read.Problems], host.Schemas(token), token);
        var what = string.Join(", ", Words.Count(result.Entities, "entity", "entities"), Words.Count(result.Sources, "source"), Words.Count(result.Views, "view"), Words.Count(result.Services, "service"));
        if (context.Json)
            context.WriteJson(new JsonObject
            {
                ["valid"] = result.IsValid,
                ["problems"] = ProblemList.ToJson(result.Problems),
                ["entities"] = result.Entities,
                ["sources"] = result.Sources,
                ["views"] = result.Views,
                ["services"] = result.Services,
            });
        else
            ProblemList.Write(result.Problems, context.Out, context.Console.OutPaint);
        context.Say(result.IsValid
            ? $"{context.Console.ErrorPaint.Green("Valid")}: {what}.{(result.Problems.Count > 0 ? $" {Words.Count(result.Problems.Count, "warning")}." : "")}"
            : $"{ProblemList.Count(result.Problems)}.");
        return result.IsValid ? ExitCode.Done : ExitCode.DefinitionsInvalid;
    }
}
