using System.CommandLine;
using System.Text.Json.Nodes;
using Lockstep.Cli.Output;
using Lockstep.Core;
using Lockstep.Runtime.Registry;
using Lockstep.Server;

namespace Lockstep.Cli.Verbs;

/// <summary>Does what a plan says.</summary>
internal sealed class ApplyVerb : Verb
{
    readonly Argument<string?> _plan = new("plan") { Description = "A plan saved by 'lockstep plan --out'; refused when the registry has moved on. Default: plan now", Arity = ArgumentArity.ZeroOrOne };
    readonly Option<bool> _yes = new("--yes", "-y") { Description = "Do not ask" };
    readonly Option<string?> _reason = new("--reason", "-m") { Description = "Why, for the history", HelpName = "text" };
    readonly Option<long?> _rollback = new("--rollback") { Description = "Bring all objects back as they were after this apply (see 'lockstep history'); 0 is before the first", HelpName = "number" };

    public override string Name => "apply";
    public override VerbGroup Group => VerbGroup.Define;
    public override string Summary => "Register what the definitions say, whole or not at all";
    public override string Details => "Shows the plan and asks, unless `--yes` is given. The history keeps who (`LOCKSTEP_AUTHOR`, or the user's name), when and why. A rollback is an apply of its own: nothing is ever lost from the history.";
    public override IReadOnlyList<Argument> Arguments => [_plan];
    public override IReadOnlyList<Option> Options => [_yes, _reason, _rollback];
    public override IReadOnlyList<Example> Examples => [new("lockstep apply --reason \"wind gusts for the delay model\"", "plan, ask, do"), new("lockstep apply --rollback 3 --yes", "back to how it was after apply 3")];
    public override string WhenInterrupted => "An apply is one transaction: see 'lockstep history' whether it was done.";

    public override string JsonSample => """
        {
          "apply": { "number": 4, "at": "2026-01-05T10:00:00Z", "author": "ana", "reason": "", "verb": "apply", "restored": null, "changes": 2 },
          "changed": ["value_view weather@1.0.0"]
        }
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        await using var host = context.OpenProject();
        var author = context.Console.Author;
        var reason = context.Get(_reason) ?? "";
        if (context.Get(_rollback) is { } number)
        {
            if (context.Get(_plan) is not null) throw new LockstepException(ErrorKind.BadArguments, "A rollback takes no plan: it brings back what the registry holds.");
            if (!Confirm(context, $"Bring all objects back as they were after apply {number}?")) return ExitCode.Failed;
            return await ReportAsync(context, host, await host.RegistryService.RollbackAsync(number, author, reason, token), recompute: true, token);
        }
        var plan = await PlanAsync(context, host, token);
        // Whoever saved the plan and says yes has read it.
        if (!context.Json && context.Get(_plan) is not null && context.Get(_yes) && plan.Refusals.Count == 0) context.Out.WriteLine(PlanText.Summary(plan));
        else if (!context.Json) PlanVerb.Write(plan, context.Out, context.Console.OutPaint);
        if (plan.Refusals.Count > 0)
        {
            if (context.Json) plan.ThrowIfRefused();
            return ExitCode.Conflict;
        }
        if (plan.Changes.Count > 0 && !Confirm(context, "Apply these changes?")) return ExitCode.Failed;
        var result = await host.RegistryService.ApplyAsync(plan, author, reason, token);
        return await ReportAsync(context, host, result, plan.Changes.Any(c => c.Recompute != Recompute.None), token);
    }

    async Task<RegistryPlan> PlanAsync(VerbContext context, ProjectHost host, CancellationToken token)
    {
        if (context.Get(_plan) is not { } file) return await PlanVerb.MakeAsync(host, token);
        var path = context.Console.FullPath(file);
        if (!File.Exists(path)) throw new LockstepException(ErrorKind.NotFound, $"There is no plan '{file}'. Make one with: lockstep plan --out {file}");
        return PlanJson.Read(await File.ReadAllTextAsync(path, token), file);
    }

    bool Confirm(VerbContext context, string question)
    {
        if (context.Get(_yes)) return true;
        if (!context.Console.InIsTerminal) throw new LockstepException(ErrorKind.BadArguments, "Nobody is there to ask. Say --yes to apply without a question.");
        context.Error.Write($"{question} [y/N] ");
        if (context.Console.In.ReadLine()?.Trim() is "y" or "Y" or "yes") return true;
        context.Say("Nothing was changed.");
        return false;
    }

    static async Task<int> ReportAsync(VerbContext context, ProjectHost host, ApplyResult result, bool recompute, CancellationToken token)
    {
        try
        {
            await host.RecordFirstEndsAsync(token);
        }
        catch (LockstepException e) when (result.Apply is not null)
        {
            context.Warn($"It is applied, but where its table ends is not recorded yet; the first run will: {e.Message}");
        }
        if (context.Json) context.WriteJson(new JsonObject { ["apply"] = result.Apply is null ? null : RegistryJson.Of(result.Apply), ["changed"] = RegistryJson.Texts(result.Changed) });
        if (result.Apply is not { } apply) return ExitCode.Done;
        context.Say($"{context.Console.ErrorPaint.Green("Applied")} as number {apply.Number}: {Words.Count(result.Changed.Count, "object")}.{(recompute ? " Fill the online store with: lockstep materialize" : "")}");
        return ExitCode.Done;
    }
}
