using System.Text.RegularExpressions;
using Lockstep.Core.Expressions;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Expressions.Syntax;
using Lockstep.Core.Rows;
using Lockstep.Core.Tests.Definitions;

namespace Lockstep.Core.Tests.Expressions;

/// <summary>docs/reference/expressions.md and functions.md say what the language does.</summary>
public sealed class LanguagePageTests
{
    static readonly string s_page = File.ReadAllText(GoldenFile.Path("docs/reference/expressions.md"));

    static IEnumerable<string> Lines(string marker)
        => Regex.Matches(s_page, $"<!-- {marker} -->\n```\n(.*?)\n```", RegexOptions.Singleline).SelectMany(m => m.Groups[1].Value.Split('\n'));

    public static TheoryData<string, string> Examples => [.. Lines("examples").Select(l => l.Split(" => ")).Select(p => (p[0].Trim(), p[1].Trim()))];

    // The row of the page: name: type = an expression without inputs.
    static IEnumerable<(Field Field, Value Value)> Row()
    {
        foreach (var line in Lines("row"))
        {
            var match = Regex.Match(line, "^([^ ]+): ([^ ]+) = (.*)$");
            Assert.True(FeatureType.TryParse(match.Groups[2].Value, out var type), line);
            var text = match.Groups[3].Value;
            var value = text == "null" ? Value.Null
                : type.Kind is TypeKind.List ? List(Evaluate(text, []), type.Element!)
                : ValueText.TryParse(text.Trim('\''), type, out var parsed) ? parsed : throw new InvalidDataException(line);
            yield return (new(match.Groups[1].Value, type), value);
        }
    }

    static Value List(Value list, FeatureType element) => element.Kind == TypeKind.Float32 ? Value.List([.. list.AsList.Select(v => Value.Of((float)v.AsFloat64))]) : list;

    internal static Value Evaluate(string text, IReadOnlyList<(Field Field, Value Value)> row)
    {
        BoundTree tree = new();
        Scope scope = new(row.Select(r => r.Field).Where(f => !f.Name.Contains(':', StringComparison.Ordinal)), allowNow: true)
        {
            Constants = new TestConstants(0),
            Features = reference => row.Select(r => r.Field).FirstOrDefault(f => f.Name == reference.ToString()) is { } field ? tree.Input(field.Name, field.Type) : null,
        };
        var bound = Binder.Bind(text, scope, tree);
        var program = ExpressionProgram.Compile(("x", bound.Root));
        var frame = program.CreateFrame();
        foreach (var input in program.Inputs)
            if (input.Name == Scope.Now) frame.Set(input.Slot, new Micros(1_793_534_400_000_000)); // 2026-11-01T12:00:00Z
            else frame.SetValue(input.Slot, row.First(r => r.Field.Name == input.Name).Value, input.Type);
        program.Run(frame);
        return frame.GetValue(program.Outputs[0].Slot, program.Outputs[0].Type);
    }

    [Theory, MemberData(nameof(Examples))]
    public void S17_an_example_of_the_language_page_gives_what_it_says(string expression, string gives)
    {
        var row = Row().ToList();
        var got = "";
        try
        {
            got = Evaluate(expression, row).ToString();
        }
        catch (ExpressionException e)
        {
            got = "error: " + e.Errors[0].Message;
        }
        Assert.Equal(gives, got);
    }

    [Fact]
    public void The_page_has_its_examples_and_a_row_for_them()
    {
        Assert.True(Examples.Count > 70, $"{Examples.Count} examples were found");
        Assert.Equal(12, Row().Count());
    }

    [Fact]
    public void The_limits_are_those_of_the_code()
    {
        var rows = Regex.Match(s_page, "<!-- limits -->\n(.*?)<!-- /limits -->", RegexOptions.Singleline).Groups[1].Value;
        var named = Regex.Matches(rows, @"\| `(\w+)` \| ([0-9,]+) \|").ToDictionary(m => m.Groups[1].Value, m => int.Parse(m.Groups[2].Value.Replace(",", "", StringComparison.Ordinal), System.Globalization.CultureInfo.InvariantCulture));
        var limits = typeof(ExpressionLimits).GetFields(System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.Static).ToDictionary(f => f.Name, f => (int)f.GetRawConstantValue()!);
        Assert.Equal(limits.OrderBy(l => l.Key), named.OrderBy(l => l.Key));
    }

    [Fact]
    public void The_function_reference_is_what_the_functions_say() => GoldenFile.AssertMatches("docs/reference/functions.md", FunctionReference.Write());

    public static TheoryData<string, string> SpecialExamples => [.. SpecialFunction.All.Select(f => (f.Example, f.Gives))];

    [Theory, MemberData(nameof(SpecialExamples))]
    public void An_example_of_a_form_gives_what_its_page_says(string example, string gives) => Assert.Equal(gives, Evaluate(example, []).ToString());
}
