using System.Globalization;
using Lockstep.Cli.Output;

namespace Lockstep.Cli;

/// <summary>
/// Answers the shell: <c>lockstep __complete &lt;position&gt; &lt;line&gt;</c> prints the words that fit at the position, one a line.
/// </summary>
internal static class Completer
{
    public const string Word = "__complete";

    public static int Run(CommandLine commandLine, IReadOnlyList<string> args, CliConsole console)
    {
        if (args.Count != 3 || !int.TryParse(args[1], NumberStyles.None, CultureInfo.InvariantCulture, out var position)) return ExitCode.BadArguments;
        var line = args[2];
        // Position and line come as the shell has them, with the program as the first word, which may be a path.
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        if (space < 0 || position <= space) return ExitCode.Done;
        line = "lockstep" + line[space..];
        position += "lockstep".Length - space;
        position = Math.Clamp(position, 0, line.Length);
        var parsed = commandLine.Root.Parse(line);
        foreach (var item in parsed.GetCompletions(position)) console.Out.WriteLine(item.InsertText ?? item.Label);
        return ExitCode.Done;
    }
}
