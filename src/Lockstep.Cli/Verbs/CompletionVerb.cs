using System.CommandLine;

namespace Lockstep.Cli.Verbs;

/// <summary>Prints what a shell needs to complete verbs, options and names.</summary>
internal sealed class CompletionVerb : Verb
{
    readonly Argument<string> _shell = new Argument<string>("shell") { Description = "bash" }.OneOf("bash");

    public override string Name => "completion";
    public override VerbGroup Group => VerbGroup.Tool;
    public override string Summary => "Print the script that completes verbs, options and names in your shell";
    public override IReadOnlyList<Argument> Arguments => [_shell];

    public override IReadOnlyList<Example> Examples =>
    [
        new("source <(lockstep completion bash)", "for this shell"),
        new("lockstep completion bash >> ~/.bashrc", "for every shell from now on"),
    ];

    // The function completes whatever the program is called by: lockstep, ./lockstep or a path.
    const string Bash = """
        _lockstep() {
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" __complete "$COMP_POINT" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _lockstep lockstep ./lockstep
        """;

    public override Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        context.Out.WriteLine(Bash.ReplaceLineEndings("\n"));
        return Task.FromResult(ExitCode.Done);
    }
}
