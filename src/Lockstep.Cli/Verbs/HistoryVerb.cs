using Lockstep.Cli.Output;
using Lockstep.Core.Rows;

namespace Lockstep.Cli.Verbs;

/// <summary>Who changed the registry, when and why.</summary>
internal sealed class HistoryVerb : Verb
{
    public override string Name => "history";
    public override VerbGroup Group => VerbGroup.Look;
    public override string Summary => "List all applies: who, when, why";

    public override string JsonSample => """
        [
          { "number": 1, "at": "2026-01-05T10:00:00Z", "author": "ana", "reason": "first", "verb": "apply", "restored": null, "changes": 9 }
        ]
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        await using var host = context.OpenProject();
        var history = await host.RegistryService.HistoryAsync(token);
        if (context.Json)
        {
            context.WriteJson(RegistryJson.List(history, RegistryJson.Of));
            return ExitCode.Done;
        }
        if (history.Count == 0)
        {
            context.Say("Nothing was applied yet.");
            return ExitCode.Done;
        }
        var table = new TextTable("apply", "at", "author", "did", "objects", "reason").Right(0, 4);
        foreach (var apply in history)
            table.Add(Words.Number(apply.Number), Instant.Format(apply.At), apply.Author, RegistryJson.Word(apply.Verb) + (apply.Restored is { } restored ? $" to {restored}" : ""), Words.Number(apply.Changes), apply.Reason);
        table.Write(context.Console);
        return ExitCode.Done;
    }
}
