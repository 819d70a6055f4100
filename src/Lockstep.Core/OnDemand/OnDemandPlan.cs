using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Rows;

namespace Lockstep.Core.OnDemand;

/// <summary>Where an input of the program comes from: a field of the request, a feature of a lookup, or the row's own instant.</summary>
public sealed record OnDemandInput(ProgramInput Input, Field? Request, int Lookup, int Ordinal)
{
    public bool IsNow => Request is null && Lookup < 0;
}

/// <summary>The on-demand features of a feature set, compiled together: one program for training sets and requests (S16).</summary>
public sealed class OnDemandPlan
{
    internal OnDemandPlan(OnDemandTrees trees, IReadOnlyList<(string Name, BoundNode Node)> outputs, Func<FeatureInput, int> lookup)
    {
        Program = ExpressionProgram.Compile(outputs);
        Inputs = [.. Program.Inputs.Select(i => trees.Inputs.TryGetValue(i.Name, out var feature)
            ? new OnDemandInput(i, null, lookup(feature), feature.Ordinal)
            : new OnDemandInput(i, i.Name == Scope.Now ? null : trees.Request[i.Name], -1, -1))];
        RequestFields = [.. Inputs.Where(i => i.Request is not null).Select(i => i.Request!)];
        ReadsRequest = Inputs.Any(i => i.Lookup < 0);
        InputsOf = [.. outputs.Select(o => (IReadOnlyList<int>)[.. new BoundExpression("", o.Node, []).Inputs.Select(i => Place(i.Name)).Distinct().Order()])];

        int Place(string name)
        {
            for (var i = 0; i < Inputs.Count; i++)
                if (Inputs[i].Input.Name == name) return i;
            throw new KeyNotFoundException(name);
        }
    }

    public ExpressionProgram Program { get; }

    /// <summary>In the order of the program's inputs.</summary>
    public IReadOnlyList<OnDemandInput> Inputs { get; }

    /// <summary>For each output of the program the inputs that it reads, by their places in <see cref="Inputs"/>.</summary>
    public IReadOnlyList<IReadOnlyList<int>> InputsOf { get; }

    /// <summary>Whether the same stored rows can give another answer: something comes with the request, or the clock is read.</summary>
    public bool ReadsRequest { get; }

    /// <summary>Fields that a request has to bring, or a spine to have as columns.</summary>
    public IReadOnlyList<Field> RequestFields { get; }
}
