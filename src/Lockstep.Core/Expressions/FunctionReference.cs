using System.Text;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expressions;

/// <summary>The reference of all functions as Markdown, from the functions themselves: docs/reference/functions.md is this text, and a test keeps it so.</summary>
public static class FunctionReference
{
    static readonly string[] s_groups = ["Numbers", "Scaling and encoding", "Text", "Time", "Geography", "Lists and vectors", "Null handling", "Lookup tables"];

    public static string Write()
    {
        var text = new StringBuilder();
        text.Append("""
            # Functions

            <!-- Written from the functions in src/Lockstep.Core/Expressions by a test: LOCKSTEP_UPDATE_GOLDEN=1 writes it again. -->

            What expressions can call. [The language](expressions.md) has the rest: operators, casts, `case`, null.
            Every example is run by a test; try one with `lockstep eval "log1p(9.0)"`.

            An `int64` goes where a `float64` is taken, a `decimal` too, a `date` where a `timestamp` is, and lists of them likewise. Where a function takes several types, the one that fits with the least change is called.
            Unless its page says otherwise a function of null is null. A result that is not finite is null, and so is one outside of the function's domain (S17): an expression never fails on data.


            """);
        var pages = FunctionCatalog.All.Where(o => !o.About.Hidden).GroupBy(o => o.Name, StringComparer.Ordinal).Select(Page)
            .Concat(SpecialFunction.All.Select(Page)).ToList();
        foreach (var group in s_groups)
            text.Append($"**{group}**: {string.Join(", ", pages.Where(p => p.Group == group).OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => $"[{p.Name}](#{p.Name})"))}\n\n");
        foreach (var group in s_groups)
        {
            text.Append($"## {group}\n\n");
            foreach (var page in pages.Where(p => p.Group == group).OrderBy(p => p.Name, StringComparer.Ordinal)) text.Append(page.Text);
        }
        if (pages.FirstOrDefault(p => !s_groups.Contains(p.Group)) is { Name: not null } lost) throw new InvalidOperationException($"{lost.Name} has no heading.");
        return text.ToString().TrimEnd('\n') + "\n";
    }

    static (string Name, string Group, string Text) Page(IGrouping<string, FunctionOverload> function)
    {
        var overloads = function.ToList();
        var text = new StringBuilder($"### {function.Key}\n\n{string.Join(' ', overloads.Select(o => o.About.Summary).Distinct())}\n\n```\n");
        foreach (var overload in overloads) text.Append($"{Form(overload)}\n");
        text.Append("```\n\n");
        if (overloads.Find(o => o.About.Formula.Length > 0) is { } explained) text.Append($"Formula: `{explained.About.Formula}`.");
        List<(string, string)> examples = [.. overloads.Where(o => o.About.Example.Length > 0).Select(o => (o.About.Example, o.About.Gives))];
        if (overloads.Exists(o => o.About.Formula.Length > 0)) text.Append("\n\n");
        return (function.Key, overloads[0].Group, Finish(text, examples));
    }

    static (string Name, string Group, string Text) Page(SpecialFunction function)
        => (function.Name, function.Group, Finish(new($"### {function.Name}\n\n{function.Summary}\n\n```\n{function.Form}\n```\n\nNull: {function.Nulls}\n\n"), [(function.Example, function.Gives)]));

    static string Finish(StringBuilder text, IReadOnlyList<(string Example, string Gives)> examples)
    {
        foreach (var (example, gives) in examples) text.Append($"- `{example}` gives `{gives}`\n");
        return text.Append('\n').ToString();
    }

    /// <summary><c>pow(x: float64, y: float64) -> float64</c></summary>
    public static string Form(FunctionOverload function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return $"{function.Name}({string.Join(", ", function.Parameters.Select((p, i) => $"{Named(function.ParameterNames[i])}: {Type(p)}"))}) -> {Type(function.Result)}";
    }

    static string Type(FeatureType type) => type.Kind == TypeKind.Decimal ? "decimal" : type.ToString();

    static string Named(string parameter) => string.Concat(parameter.Select(c => char.IsUpper(c) ? $"_{char.ToLowerInvariant(c)}" : c.ToString()));
}
