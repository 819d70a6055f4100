using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Rows;

namespace Lockstep.Cli.Evaluation;

/// <summary>An expression over given values alone: it needs no project.</summary>
internal static class LiteralEvaluation
{
    public static Evaluated Run(string text, IReadOnlyList<GivenField> given, long now)
    {
        var values = given.Select(g => (g.Name, Given: g.As(null))).ToList();
        Scope scope = new(values.Select(v => new Field(v.Name, v.Given.Type)), allowNow: true) { NamesAre = "Given values" };
        var bound = Binder.Bind(text, scope);
        var program = ExpressionProgram.Compile(("value", bound.Root));
        var frame = program.CreateFrame();
        foreach (var input in program.Inputs)
            if (input.Name == Scope.Now) frame.Set(input.Slot, new Micros(now));
            else frame.SetValue(input.Slot, values.Find(v => v.Name == input.Name).Given.Value, input.Type);
        program.Run(frame);
        return new(bound, [], [[frame.GetValue(program.Outputs[0].Slot, program.Outputs[0].Type)]]);
    }
}
