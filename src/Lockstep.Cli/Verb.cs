using System.CommandLine;

namespace Lockstep.Cli;

/// <summary>Under which heading of <c>lockstep help</c> a verb stands; in this order.</summary>
internal enum VerbGroup { Start, Define, Compute, Serve, Look, Tool }

/// <summary>A command as the user types it, and what it does.</summary>
internal sealed record Example(string Command, string Does);

/// <summary>
/// One verb of the command line: its words for help and the reference, its symbols, and what it does. An instance serves one call:
/// the fields are the symbols that System.CommandLine parses into.
/// </summary>
internal abstract class Verb
{
    public abstract string Name { get; }
    public abstract VerbGroup Group { get; }

    /// <summary>One line, without a full stop.</summary>
    public abstract string Summary { get; }

    /// <summary>Some sentences more, as Markdown paragraphs.</summary>
    public virtual string Details => "";

    public virtual IReadOnlyList<Example> Examples => [];

    /// <summary>A sample of what <c>--json</c> prints; null where the verb prints no data.</summary>
    public virtual string? JsonSample => null;

    public virtual IReadOnlyList<Argument> Arguments => [];
    public virtual IReadOnlyList<Option> Options => [];

    /// <summary>What is true after Ctrl-C, a sentence.</summary>
    public virtual string WhenInterrupted => "Nothing was changed.";

    /// <summary>Left out of help.</summary>
    public virtual bool Hidden => false;

    /// <returns>The exit code.</returns>
    public abstract Task<int> RunAsync(VerbContext context, CancellationToken token);

    public Command ToCommand()
    {
        var command = new Command(Name, Summary) { Hidden = Hidden };
        foreach (var argument in Arguments) command.Add(argument);
        foreach (var option in Options) command.Add(option);
        return command;
    }
}
