using System.Linq.Expressions;
using System.Reflection;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.OnDemand;

namespace Lockstep.Core.Expressions.Compiling;

// C# views: the input struct is filled field by field, the one method is called, the fields of the output struct are read. Both structs
// are variables of the compiled code, so a row allocates nothing that the view itself does not allocate.
sealed partial class Emitter
{
    /// <summary>The value is the output struct; it is there when every input that the view needs is.</summary>
    Emitted CSharp(CSharpNode node)
    {
        var view = node.Implementation;
        var (input, output) = (Variable(view.InputType), Variable(view.OutputType));
        Add(Set(input, Expression.Default(view.InputType)));
        Add(Set(output, Expression.Default(view.OutputType)));
        Expression? given = null;
        for (var i = 0; i < view.Inputs.Count; i++)
        {
            var field = view.Inputs[i];
            var value = Emit(node.Children[i]);
            var (there, converted) = (Variable(typeof(bool)), Variable(field.Type));
            var convert = Expression.Call(CSharpValues.To(field.Type), value.Value, converted);
            Add(Set(there, value.Has is null ? convert : Expression.AndAlso(value.Has, convert)));
            var member = Expression.MakeMemberAccess(input, field.Member);
            Add(Expression.IfThen(there, Set(member, member.Type == field.Type ? converted : Expression.Convert(converted, member.Type))));
            if (!field.Nullable) given = Both(given, there);
        }
        var call = Expression.Call(s_compute.MakeGenericMethod(view.InputType, view.OutputType),
            Constant(view, view.GetType()), Constant(node.View, typeof(string)), row ?? Expression.Constant(-1), input, output);
        if (given is null)
        {
            Add(call);
            return new(null, output);
        }
        var has = Variable(typeof(bool));
        Add(Set(has, given));
        Add(Expression.IfThen(has, call));
        return new(has, output);
    }

    Emitted Output(OutputNode node)
    {
        var call = Emit(node.Call);
        var field = node.Output;
        Expression member = Expression.MakeMemberAccess(call.Value, field.Member);
        var given = call.Has;
        if (member.Type != field.Type)
        {
            given = Both(given, Expression.Property(member, "HasValue"));
            member = Expression.Call(member, "GetValueOrDefault", null);
        }
        var (has, value) = (Variable(typeof(bool)), Variable(Physical.Of(node.Type!)));
        var convert = Expression.Call(CSharpValues.From(field.Type), scratch, member, value);
        Add(Set(has, given is null ? convert : Expression.AndAlso(given, convert)));
        return new(has, value);
    }

    static readonly MethodInfo s_compute = typeof(Emitter).GetMethod(nameof(Compute), BindingFlags.Static | BindingFlags.NonPublic)!;

    static void Compute<TInput, TOutput>(CSharpView<TInput, TOutput> view, string version, int row, ref TInput input, ref TOutput output) where TInput : struct where TOutput : struct
    {
        try
        {
            view.Compute(in input, ref output);
        }
        catch (Exception thrown) when (thrown is not OutOfMemoryException)
        {
            throw new CSharpViewException(version, row, thrown);
        }
    }
}
