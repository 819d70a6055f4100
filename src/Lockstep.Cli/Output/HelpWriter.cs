using System.CommandLine;

namespace Lockstep.Cli.Output;

/// <summary>Help on the terminal. What it says comes from the verbs; <see cref="Reference"/> prints the same as a document.</summary>
internal static class HelpWriter
{
    public static string Title(VerbGroup group) => group switch
    {
        VerbGroup.Start => "Start",
        VerbGroup.Define => "Define features",
        VerbGroup.Compute => "Compute",
        VerbGroup.Serve => "Serve",
        VerbGroup.Look => "Look",
        VerbGroup.Tool => "The tool itself",
        _ => throw new ArgumentOutOfRangeException(nameof(group)),
    };

    public static void WriteOverview(TextWriter to, Paint paint, CommandLine commandLine)
    {
        to.WriteLine($"{commandLine.Root.Description}.");
        to.WriteLine();
        to.WriteLine("Usage: lockstep <verb> [options]");
        var width = commandLine.Verbs.Max(v => v.Name.Length);
        foreach (var group in commandLine.Verbs.Where(v => !v.Hidden).GroupBy(v => v.Group).OrderBy(g => g.Key))
        {
            to.WriteLine();
            to.WriteLine(paint.Bold(Title(group.Key)));
            foreach (var verb in group) to.WriteLine($"  {paint.Cyan(verb.Name.PadRight(width))}  {verb.Summary}");
        }
        to.WriteLine();
        to.WriteLine("'lockstep help <verb>' says more; 'lockstep demo' shows it all on made-up data.");
    }

    public static void WriteVerb(TextWriter to, Paint paint, CommandLine commandLine, Verb verb, int width)
    {
        to.WriteLine($"{verb.Summary}.");
        to.WriteLine();
        to.WriteLine($"Usage: {Usage(verb)}");
        if (verb.Details.Length > 0)
        {
            to.WriteLine();
            foreach (var line in Wrap(verb.Details.Trim(), width)) to.WriteLine(line);
        }
        Section(to, paint, width, "Arguments", verb.Arguments.Select(a => (ArgumentForm(a), a.Description ?? "")));
        Section(to, paint, width, "Options", verb.Options.Where(o => !o.Hidden).Select(o => (OptionForm(o), Describe(o))));
        Section(to, paint, width, "Options of every verb", commandLine.Globals.All.Where(o => verb.JsonSample is not null || o != commandLine.Globals.Json).Select(o => (OptionForm(o), Describe(o))));
        if (verb.Examples.Count == 0) return;
        to.WriteLine();
        to.WriteLine(paint.Bold("Examples"));
        foreach (var example in verb.Examples)
        {
            to.WriteLine($"  {paint.Faint($"# {example.Does}")}");
            to.WriteLine($"  {example.Command}");
        }
    }

    public static string Usage(Verb verb)
        => string.Join(' ', ["lockstep", verb.Name, .. verb.Arguments.Select(ArgumentForm), .. verb.Options.Where(o => o.Required).Select(OptionForm), .. verb.Options.Any(o => !o.Required && !o.Hidden) ? ["[options]"] : Array.Empty<string>()]);

    public static string ArgumentForm(Argument argument)
    {
        var form = argument.Arity.MaximumNumberOfValues > 1 ? $"{argument.Name}…" : argument.Name;
        return argument.Arity.MinimumNumberOfValues == 0 ? $"[{form}]" : $"<{form}>";
    }

    public static string OptionForm(Option option)
    {
        var names = string.Join(", ", [option.Name, .. option.Aliases]);
        return option.ValueType == typeof(bool) ? names : $"{names} <{option.HelpName ?? option.Name.TrimStart('-')}>";
    }

    public static string Describe(Option option) => option.Description + (option.Required ? " (required)" : "");

    static void Section(TextWriter to, Paint paint, int maxWidth, string title, IEnumerable<(string Form, string Text)> rows)
    {
        var all = rows.ToList();
        if (all.Count == 0) return;
        to.WriteLine();
        to.WriteLine(paint.Bold(title));
        var width = all.Max(r => r.Form.Length);
        foreach (var (form, text) in all)
        {
            var begin = $"  {paint.Cyan(form.PadRight(width))}  ";
            foreach (var line in Wrap(text, Math.Max(30, maxWidth - width - 4)))
            {
                to.WriteLine((begin + line).TrimEnd());
                begin = new string(' ', width + 4);
            }
        }
    }

    /// <summary>Lines of at most so many characters, cut between words; at least one line. Line ends of the text stay.</summary>
    internal static IEnumerable<string> Wrap(string text, int width) => text.ReplaceLineEndings("\n").Split('\n').SelectMany(line => WrapLine(line, width));

    static IEnumerable<string> WrapLine(string text, int width)
    {
        var line = "";
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = "";
            }
            line += line.Length == 0 ? word : " " + word;
        }
        yield return line;
    }
}
