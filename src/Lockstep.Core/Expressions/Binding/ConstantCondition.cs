using Lockstep.Core.Expressions.Compiling;

namespace Lockstep.Core.Expressions.Binding;

/// <summary>What a condition comes to whatever the row: filters keep a row where it is true, and drop it where it is false or null.</summary>
static class ConstantCondition
{
    /// <summary>True: always true. False: never, so false or null. Null: it depends on the row.</summary>
    public static bool? Of(BoundNode condition)
    {
        if (condition is ConstantNode { Value: var value }) return !value.IsNull && value.AsBool;
        if (new BoundExpression("", condition, []).Inputs.Count == 0) return Evaluate(condition);
        return condition is SpecialNode { Form: var form and (SpecialForm.And or SpecialForm.Or) } ? Combine(form == SpecialForm.And, [.. condition.Children.Select(Of)]) : null;
    }

    // One that decides is enough: a false or null of 'and', a true of 'or'.
    static bool? Combine(bool and, List<bool?> operands)
        => operands.Contains(!and) ? !and : operands.TrueForAll(o => o == and) ? and : null;

    // By the code that would run.
    static bool Evaluate(BoundNode condition)
    {
        var program = ExpressionProgram.Compile(("", condition));
        var frame = program.CreateFrame();
        program.Run(frame);
        var slot = program.Outputs[0].Slot;
        return !frame.IsNull(slot) && frame.Get<bool>(slot);
    }
}
