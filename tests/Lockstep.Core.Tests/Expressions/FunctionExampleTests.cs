using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Expressions;

public sealed class FunctionExampleTests
{
    public static TheoryData<string, string> Examples
        => [.. FunctionCatalog.All.Where(o => o.About.Example.Length > 0).Select(o => (o.About.Example, o.About.Gives)).Distinct()];

    // What the reference shows is what the function gives.
    [Theory, MemberData(nameof(Examples))]
    public void An_example_gives_what_its_page_says(string example, string gives)
    {
        var bound = Binder.Bind(example, new Scope([]));
        var program = ExpressionProgram.Compile(("x", bound.Root));
        var frame = program.CreateFrame();
        program.Run(frame);
        Assert.Equal(gives, frame.GetValue(program.Outputs[0].Slot, program.Outputs[0].Type).ToString());
    }

    [Fact]
    public void Every_visible_function_has_a_summary_and_one_of_its_forms_an_example()
    {
        foreach (var function in FunctionCatalog.All.Where(o => !o.About.Hidden).GroupBy(o => o.Name, StringComparer.Ordinal))
        {
            Assert.All(function, o => Assert.NotEmpty(o.About.Summary));
            Assert.True(function.Any(o => o.About.Example.Length > 0), $"{function.Key} has no example");
        }
    }

    [Fact]
    public void S17_a_function_of_null_is_null()
    {
        foreach (var function in FunctionCatalog.All.Where(o => !o.About.Hidden && o.Parameters.Count > 0))
        {
            var arguments = string.Join(", ", function.Parameters.Select(p => p.Kind == TypeKind.List ? $"cast(null as {p})" : "null"));
            Assert.True(Binder.Bind($"{function.Name}({arguments})", new Scope([])).Root is ConstantNode { Value.IsNull: true }, function.ToString());
        }
    }
}
