using System.Text;

namespace Lockstep.Cli.Output;

/// <summary>The command line's reference as Markdown, from the verbs themselves: docs/reference/cli.md is this text, and a test keeps it so.</summary>
internal static class Reference
{
    public static string Write(CommandLine commandLine)
    {
        var text = new StringBuilder();
        text.Append("""
            # Command line

            <!-- Written by `lockstep help --markdown`. Change the verbs in src/Lockstep.Cli, then write it again. -->

            `lockstep <verb> [options]`. In a clone, `./lockstep` of its root folder builds what is missing and runs; it can be called from any folder.

            The project is the current folder or its nearest parent with a `lockstep.yaml`, or `--project <dir>`; `--env <name>` picks another environment of it.
            Data goes to stdout, words to stderr. Colours and progress bars are for terminals only; `NO_COLOR` turns colours off.
            With `--json` a verb prints one JSON document of the shape that is shown here.


            """);
        text.Append("| verb | does |\n|---|---|\n");
        foreach (var verb in Shown(commandLine)) text.Append($"| [`{verb.Name}`](#{verb.Name}) | {verb.Summary} |\n");
        text.Append("\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
        foreach (var (code, meaning) in ExitCode.All) text.Append($"| {code} | {meaning} |\n");
        text.Append("\n## Options of every verb\n\n| option | |\n|---|---|\n");
        foreach (var option in commandLine.Globals.All) text.Append($"| `{HelpWriter.OptionForm(option)}` | {HelpWriter.Describe(option)} |\n");
        text.Append($$"""

            ## Environment variables

            | variable | |
            |---|---|
            | `NO_COLOR` | no colours |
            | `{{CommandLine.TraceVariable}}` | `1`: print the whole trace of an error |
            | `LOCKSTEP_AUTHOR` | who changes the registry, for its history; otherwise the user's name |
            | `LOCKSTEP_BUILD` | `never`: `./lockstep` does not look whether it is up to date |
            | `LOCKSTEP_DUCKDB` | DuckDB's library, or its folder, where `build/fetch-native` is not used |


            """);
        foreach (var verb in Shown(commandLine)) Append(text, verb);
        return text.ToString().TrimEnd('\n') + "\n";
    }

    static IEnumerable<Verb> Shown(CommandLine commandLine) => commandLine.Verbs.Where(v => !v.Hidden).OrderBy(v => v.Group);

    static void Append(StringBuilder text, Verb verb)
    {
        text.Append($"## {verb.Name}\n\n{verb.Summary}.\n\n```\n{HelpWriter.Usage(verb)}\n```\n");
        if (verb.Details.Length > 0) text.Append($"\n{verb.Details.Trim()}\n");
        var options = verb.Options.Where(o => !o.Hidden).ToList();
        if (verb.Arguments.Count + options.Count > 0)
        {
            text.Append("\n| | |\n|---|---|\n");
            foreach (var argument in verb.Arguments) text.Append($"| `{HelpWriter.ArgumentForm(argument)}` | {argument.Description} |\n");
            foreach (var option in options) text.Append($"| `{HelpWriter.OptionForm(option)}` | {HelpWriter.Describe(option)} |\n");
        }
        if (verb.Examples.Count > 0)
        {
            text.Append("\n```bash\n");
            foreach (var example in verb.Examples) text.Append($"{example.Command}    # {example.Does}\n");
            text.Append("```\n");
        }
        if (verb.JsonSample is not null) text.Append($"\n`--json`:\n\n```json\n{verb.JsonSample.Trim()}\n```\n");
        text.Append('\n');
    }
}
