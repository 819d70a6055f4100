using System.Linq.Expressions;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expressions.Compiling;

/// <summary>An input of a program: its name, its type as stored, and where a frame holds it.</summary>
public sealed record ProgramInput(string Name, FeatureType Type, Slot Slot);

/// <summary>An output of a program.</summary>
public sealed record ProgramOutput(string Name, FeatureType Type, Slot Slot);

/// <summary>
/// Expressions compiled together to .NET code, once: for a request over a frame, and over column batches. Parts that they share
/// are computed once. Immutable and safe for any number of threads; frames and scratch belong to one.
/// </summary>
public sealed class ExpressionProgram
{
    readonly IReadOnlyList<(string Name, BoundNode Node)> _expressions;
    readonly Type[] _stores;
    readonly int[] _storeSizes;
    Action<EvaluationFrame>? _run;
    BatchCode? _withNulls;
    BatchCode? _withoutNulls;

    ExpressionProgram(IReadOnlyList<(string Name, BoundNode Node)> expressions)
    {
        _expressions = expressions;
        List<Type> stores = [];
        List<int> sizes = [];
        var ordinal = 0;
        Inputs = [.. expressions.SelectMany(e => new BoundExpression("", e.Node, []).Inputs).Distinct().Select(i => new ProgramInput(i.Name, i.Declared, NewSlot(i.Type!)))];
        Outputs = [.. expressions.Select(e => new ProgramOutput(e.Name, e.Node.Type ?? FeatureType.Bool, NewSlot(e.Node.Type ?? FeatureType.Bool)))];
        _stores = [.. stores];
        _storeSizes = [.. sizes];
        Slot NewSlot(FeatureType type)
        {
            var physical = Physical.Of(type);
            var store = stores.IndexOf(physical);
            if (store < 0)
            {
                store = stores.Count;
                stores.Add(physical);
                sizes.Add(0);
            }
            return new(ordinal++, store, sizes[store]++);
        }
    }

    public IReadOnlyList<ProgramInput> Inputs { get; }
    public IReadOnlyList<ProgramOutput> Outputs { get; }

    /// <summary>Compiles bound expressions, all from one <see cref="BoundTree"/>.</summary>
    public static ExpressionProgram Compile(params IReadOnlyList<(string Name, BoundNode Node)> expressions) => new(expressions);

    /// <summary>The first frame compiles the code for rows; a program that sees only batches never does. Two threads may do it twice: the codes are equal.</summary>
    public EvaluationFrame CreateFrame()
    {
        _run ??= CompileScalar();
        return new(new bool[Inputs.Count + Outputs.Count], [.. _stores.Select((type, i) => Array.CreateInstance(type, _storeSizes[i]))]);
    }

    /// <summary>Computes all outputs of the frame from its inputs.</summary>
    public void Run(EvaluationFrame frame)
    {
        frame.Scratch.Reset();
        _run!(frame); // there is a frame
    }

    /// <summary>Appends a row to each output for each row of the inputs, which stand in the order of <see cref="Inputs"/> with their stored types.</summary>
    public void Run(IReadOnlyList<Column> inputs, IReadOnlyList<Column> outputs, int rows, Scratch scratch)
    {
        var nulls = false;
        foreach (var input in inputs) nulls |= input.ValidityBuffer is not null;
        var code = nulls
            ? _withNulls ??= BatchCode.Compile(_expressions, Inputs, mayHaveNulls: true)
            : _withoutNulls ??= BatchCode.Compile(_expressions, Inputs, mayHaveNulls: false);
        code.Run(inputs, outputs, rows, scratch);
    }

    Action<EvaluationFrame> CompileScalar()
    {
        var frame = Expression.Parameter(typeof(EvaluationFrame));
        var scratch = Expression.Variable(typeof(Scratch));
        var has = Expression.Variable(typeof(bool[]));
        var stores = _stores.Select(t => Expression.Variable(t.MakeArrayType())).ToArray();
        List<Expression> prologue =
        [
            Expression.Assign(scratch, Expression.Field(frame, nameof(EvaluationFrame.Scratch))),
            Expression.Assign(has, Expression.Field(frame, nameof(EvaluationFrame.Has))),
            .. stores.Select((s, i) => Expression.Assign(s, Expression.Convert(Expression.ArrayIndex(Expression.Field(frame, nameof(EvaluationFrame.Stores)), Expression.Constant(i)), s.Type))),
        ];
        var slots = Inputs.ToDictionary(i => i.Name, i => i.Slot, StringComparer.Ordinal);
        var emitter = new Emitter(scratch, input =>
        {
            var slot = slots[input.Name];
            return new(Expression.ArrayIndex(has, Expression.Constant(slot.Ordinal)), Expression.ArrayIndex(stores[slot.Store], Expression.Constant(slot.Index)));
        });
        List<Expression> epilogue = [];
        for (var i = 0; i < _expressions.Count; i++)
        {
            var result = emitter.Emit(_expressions[i].Node);
            var slot = Outputs[i].Slot;
            epilogue.Add(Expression.Assign(Expression.ArrayAccess(has, Expression.Constant(slot.Ordinal)), result.HasOrTrue));
            if (_expressions[i].Node.Type is not null)
                epilogue.Add(Expression.IfThen(result.HasOrTrue, Expression.Assign(Expression.ArrayAccess(stores[slot.Store], Expression.Constant(slot.Index)), Output(result.Value))));
        }
        var body = Expression.Block([scratch, has, .. stores, .. emitter.Variables], [.. prologue, .. emitter.Prologue, .. emitter.Statements, .. epilogue, Expression.Empty()]);
        return Expression.Lambda<Action<EvaluationFrame>>(body, frame).Compile();
    }

    /// <summary>An input that is itself the answer may hold a negative zero: it is read as zero (S3).</summary>
    internal static Expression Output(Expression value) => value.Type == typeof(double) ? Expression.Add(value, Expression.Constant(0.0)) : value;
}
