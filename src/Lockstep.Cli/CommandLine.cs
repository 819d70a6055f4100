using System.CommandLine;
using System.CommandLine.Parsing;

using Lockstep.Cli.Demo;
using Lockstep.Cli.Output;
using Lockstep.Cli.Verbs;
using Lockstep.Core;
using Lockstep.Core.OnDemand;

namespace Lockstep.Cli;

/// <summary>The verbs, and the way from arguments to an exit code. One instance a call.</summary>
internal sealed class CommandLine
{
    readonly Dictionary<Command, Verb> _verbOf = [];

    /// <param name="csharp">On-demand views that the program brings in C#.</param>
    public CommandLine(CSharpViews? csharp = null) : this(
    [
        new InitVerb(),
        new DemoVerb(),
        new ValidateVerb(),
        new TestVerb(),
        new PlanVerb(),
        new ApplyVerb(),
        new RetireVerb(),
        new MaterializeVerb(),
        new PushVerb(),
        new StreamVerb(),
        new TrainingSetVerb(),
        new FitVerb(),
        new VacuumVerb(),
        new GetVerb(),
        new ServeVerb(),
        new ListVerb(),
        new DescribeVerb(),
        new SearchVerb(),
        new LineageVerb(),
        new VersionsVerb(),
        new DiffVerb(),
        new HistoryVerb(),
        new ExplainVerb(),
        new EvalVerb(),
        new RunsVerb(),
        new VerifyVerb(),
        new HelpVerb(),
        new VersionVerb(),
        new CompletionVerb(),
    ])
    {
        CSharp = csharp ?? new();
    }

    internal CommandLine(IReadOnlyList<Verb> verbs)
    {
        Verbs = verbs;
        Root = new Command("lockstep", "Features for machine learning, the same in training and serving");
        foreach (var option in Globals.All) Root.Add(option);
        foreach (var verb in Verbs)
        {
            var command = verb.ToCommand();
            _verbOf.Add(command, verb);
            Root.Add(command);
        }
    }

    public CSharpViews CSharp { get; } = new();

    public GlobalOptions Globals { get; } = new();
    public Command Root { get; }

    /// <summary>In the order of help.</summary>
    public IReadOnlyList<Verb> Verbs { get; }

    public Verb? Find(string name) => Verbs.FirstOrDefault(v => v.Name == name);
    public Verb? Of(Command command) => _verbOf.GetValueOrDefault(command);

    public async Task<int> RunAsync(IReadOnlyList<string> args, CliConsole console, CancellationToken token)
    {
        if (args.Count > 0 && args[0] == Completer.Word) return Completer.Run(this, args, console);
        if (args.Count == 1 && args[0] == "--version") args = ["version"];
        var parsed = Root.Parse(args);
        var verb = Of(parsed.CommandResult.Command);
        if (verb is not null && parsed.GetValue(Globals.Help))
        {
            HelpWriter.WriteVerb(console.Out, console.OutPaint, this, verb, console.TextWidth);
            return ExitCode.Done;
        }
        var unknown = Unknown(parsed, verb);
        if (unknown.Count > 0 || (verb is not null && parsed.Errors.Count > 0)) return Complain(parsed, verb, unknown, console);
        if (verb is null)
        {
            HelpWriter.WriteOverview(console.Out, console.OutPaint, this);
            return ExitCode.Done;
        }
        return await RunAsync(verb, new VerbContext(this, parsed, console, token), token);
    }

    static async Task<int> RunAsync(Verb verb, VerbContext context, CancellationToken token)
    {
        var console = context.Console;
        var red = console.ErrorPaint.Red("error:");
        try
        {
            return await verb.RunAsync(context, token);
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            context.Say($"Stopped. {verb.WhenInterrupted}");
            return ExitCode.Interrupted;
        }
        catch (LockstepException e)
        {
            if (e.Problems.Count > 0) ProblemList.Write(e.Problems, console.Error, console.ErrorPaint);
            else context.Say($"{red} {e.Message}");
            Trace(e, console);
            return (int)e.Kind;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The machine's no, such as a full disk or a folder that may not be written: its own words are the best there are.
            context.Say($"{red} {e.Message}");
            Trace(e, console);
            return ExitCode.Failed;
        }
#pragma warning disable CA1031 // The last place: whatever comes here is a bug of ours, and has to be told as one.
        catch (Exception e)
#pragma warning restore CA1031
        {
            context.Say($"{red} this is a bug in Lockstep: {e.GetType().Name}: {e.Message}");
            if (!Trace(e, console)) context.Say($"Please report it, with what {TraceVariable}=1 lockstep {verb.Name} … prints.");
            return ExitCode.Failed;
        }
    }

    public const string TraceVariable = "LOCKSTEP_TRACE";

    static bool Trace(Exception e, CliConsole console)
    {
        if (string.IsNullOrEmpty(console.Variable(TraceVariable))) return false;
        console.Error.WriteLine(console.ErrorPaint.Faint(e.ToString()));
        return true;
    }

    /// <summary>Words that belong nowhere. An unknown option that the parser took for an argument is one of them.</summary>
    static List<string> Unknown(ParseResult parsed, Verb? verb)
    {
        var unknown = parsed.UnmatchedTokens.ToList();
        var quoted = parsed.Tokens.Any(t => t.Type == TokenType.DoubleDash);
        foreach (var argument in quoted || verb is null ? [] : verb.Arguments)
            unknown.AddRange((parsed.GetResult(argument)?.Tokens ?? []).Select(t => t.Value).Where(v => v.Length > 1 && v[0] == '-'));
        return unknown;
    }

    /// <summary>Says everything that is wrong with the arguments, and what they would have to be.</summary>
    int Complain(ParseResult parsed, Verb? verb, List<string> unknown, CliConsole console)
    {
        var red = console.ErrorPaint.Red("error:");
        if (verb is null)
        {
            console.Error.WriteLine(unknown[0].StartsWith('-')
                ? $"{red} there is no option '{unknown[0]}'.{NearestName.Hint(unknown[0], Names(Globals.All), "Options")}"
                : $"{red} there is no verb '{unknown[0]}'.{NearestName.Hint(unknown[0], Verbs.Where(v => !v.Hidden).Select(v => v.Name), "Verbs")}");
            console.Error.WriteLine("Run 'lockstep help' for what there is.");
            return ExitCode.BadArguments;
        }
        var options = Names([.. verb.Options, .. Globals.All]).ToList();
        foreach (var word in unknown.Where(w => w.StartsWith('-')))
            console.Error.WriteLine($"{red} '{verb.Name}' has no option '{word}'.{(LooksLikeAnArgument(word) && verb.Arguments.Count > 0 ? $" If it is an argument, write -- before it: lockstep {verb.Name} -- \"{word}\"." : NearestName.Hint(word, options, "Options"))}");
        // What follows an unknown option is its value more often than a mistake of its own.
        foreach (var word in unknown.Exists(w => w.StartsWith('-')) ? [] : unknown)
            console.Error.WriteLine($"{red} '{verb.Name}' takes no argument '{word}'.");
        foreach (var error in parsed.Errors.Where(e => !unknown.Exists(w => e.Message.Contains($"'{w}'", StringComparison.Ordinal))))
            console.Error.WriteLine($"{red} {error.Message}");
        console.Error.WriteLine($"Run 'lockstep help {verb.Name}' for what it takes.");
        return ExitCode.BadArguments;
    }

    // -7 // 2, -(a + b)
    static bool LooksLikeAnArgument(string word) => word.Length > 1 && word[1] != '-' && (!char.IsAsciiLetter(word[1]) || word.Contains(' ', StringComparison.Ordinal));

    static IEnumerable<string> Names(IEnumerable<Option> options) => options.Where(o => !o.Hidden).Select(o => o.Name);
}
