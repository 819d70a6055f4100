using System.CommandLine;
using Lockstep.Cli.Output;
using Lockstep.Core;

namespace Lockstep.Cli.Verbs;

/// <summary>Says what there is.</summary>
internal sealed class HelpVerb : Verb
{
    readonly Argument<string?> _verb = new("verb") { Description = "The verb to explain", Arity = ArgumentArity.ZeroOrOne };
    readonly Option<bool> _markdown = new("--markdown") { Description = "Print the reference of all verbs as Markdown" };

    public override string Name => "help";
    public override VerbGroup Group => VerbGroup.Tool;
    public override string Summary => "Say what there is, or what one verb does and takes";
    public override IReadOnlyList<Argument> Arguments => [_verb];
    public override IReadOnlyList<Option> Options => [_markdown];

    public override Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        var all = context.CommandLine;
        var (to, paint) = (context.Out, context.Console.OutPaint);
        if (context.Get(_markdown)) to.Write(Reference.Write(all));
        else if (context.Get(_verb) is not { } name) HelpWriter.WriteOverview(to, paint, all);
        else if (all.Find(name) is { } verb) HelpWriter.WriteVerb(to, paint, all, verb, context.Console.TextWidth);
        else throw new LockstepException(ErrorKind.BadArguments, $"There is no verb '{name}'.{NearestName.Hint(name, all.Verbs.Where(v => !v.Hidden).Select(v => v.Name), "Verbs")}");
        return Task.FromResult(ExitCode.Done);
    }
}
