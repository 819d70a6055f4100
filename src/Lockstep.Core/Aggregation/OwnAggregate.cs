using System.Buffers;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation;

/// <summary>
/// The state of an own aggregate: a struct without references and without gaps between its fields, whose default is the state of no
/// event. Adding and merging must commute and associate, to the last bit: <c>AggregateLaws</c> of Lockstep.Compliance checks it.
/// </summary>
/// <typeparam name="TSelf">The struct itself.</typeparam>
/// <typeparam name="TInput">byte (bool), int, long, float, double or Int128 (decimal): how a column holds its values.</typeparam>
/// <typeparam name="TOutput">One of these, too.</typeparam>
public interface IAggregateState<TSelf, TInput, TOutput> where TSelf : unmanaged, IAggregateState<TSelf, TInput, TOutput> where TInput : unmanaged where TOutput : unmanaged
{
    void Add(TInput value, long time);
    void Merge(in TSelf other);

    /// <summary>The value of a window; only of a state to which something was added.</summary>
    AggregateStatus Finish(in WindowBounds window, out TOutput value);
}

/// <summary>
/// A .NET type as a function of aggregation views, given to the program that runs it (<c>LockstepProgram.RunAsync</c>) or to
/// <see cref="AggregateCatalog.Register"/>.
/// </summary>
/// <param name="name">The word in definitions.</param>
/// <param name="summary">For people, one sentence.</param>
/// <param name="column">The type of columns that it takes.</param>
/// <param name="output">The type of its value.</param>
/// <param name="version">Raise it when the results change, or the fields of the state. It is part of the fingerprint (S23).</param>
public sealed class OwnAggregate<TState, TInput, TOutput>(string name, string summary, FeatureType column, FeatureType output, string version = "1.0.0") : AggregateFunction, IExtension
    where TState : unmanaged, IAggregateState<TState, TInput, TOutput>
    where TInput : unmanaged, IComparable<TInput>
    where TOutput : unmanaged, IComparable<TOutput>
{
    readonly FeatureType _column = Fits<TInput>(column) && IsDense(typeof(TState)) ? column
        : throw new ArgumentException(Fits<TInput>(column) ? $"{typeof(TState).Name} has gaps between its fields, or fields that are no numbers: its bytes would not be its value." : $"A column of {column} does not hold {typeof(TInput).Name}.", nameof(column));

    readonly string _version = SemanticVersion.TryParse(version, out _) ? version : throw new ArgumentException($"The version of the own aggregate '{name}' is '{version}'. It must be like 1.0.0.", nameof(version));

    readonly FeatureType _output = Fits<TOutput>(output) ? output : throw new ArgumentException($"A column of {output} does not hold {typeof(TOutput).Name}.", nameof(output));

    public override string Name => name;
    public override string Summary => summary;
    public override string Version => _version;
    public override string Takes => $"{_column} only";
    public override bool Accepts(FeatureType type) => type == _column;

    public override BoundAggregate Bind(FeatureType? column, AggregateArguments arguments, Window window)
        => new(new OwnSpec<TState, TInput, TOutput>(name, _version) { Column = column }, new OwnOutput<TState, TInput, TOutput>(_output));

    static bool Fits<T>(FeatureType type) where T : unmanaged, IComparable<T> => Column.Create(type) is FixedColumn<T>;

    static bool IsDense(Type type) => SizeOf(type) == Unsafe.SizeOf<TState>();

    // -1 and less where a field has no defined bytes.
    static int SizeOf(Type type) => type switch
    {
        { IsEnum: true } => SizeOf(Enum.GetUnderlyingType(type)),
        _ when type == typeof(Int128) || type == typeof(UInt128) => 16,
        { IsPrimitive: true } => type == typeof(bool) || type == typeof(byte) || type == typeof(sbyte) ? 1
            : type == typeof(short) || type == typeof(ushort) || type == typeof(char) ? 2
            : type == typeof(int) || type == typeof(uint) || type == typeof(float) ? 4
            : type == typeof(long) || type == typeof(ulong) || type == typeof(double) ? 8 : int.MinValue / 64,
        _ => type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Sum(f => SizeOf(f.FieldType)),
    };
}

internal sealed record OwnSpec<TState, TInput, TOutput>(string Function, string Version) : AccumulatorSpec
    where TState : unmanaged, IAggregateState<TState, TInput, TOutput> where TInput : unmanaged, IComparable<TInput> where TOutput : unmanaged
{
    public override string Name => $"own {Function} {Version}({Column})";
    public override Accumulator Create() => new OwnAccumulator<TState, TInput, TOutput>();
    public override int? MaxBytes => 1 + Unsafe.SizeOf<TState>();
}

// State: 0 for none; or 1 and the bytes of the struct.
internal sealed class OwnAccumulator<TState, TInput, TOutput> : Accumulator
    where TState : unmanaged, IAggregateState<TState, TInput, TOutput> where TInput : unmanaged, IComparable<TInput> where TOutput : unmanaged
{
    TState _state;

    public bool Some { get; private set; }
    public ref readonly TState State => ref _state;

    public override void Clear() => (Some, _state) = (false, default);

    public override void Add(Column? column, ReadOnlySpan<long> times, ReadOnlySpan<int> rows)
    {
        var typed = (FixedColumn<TInput>)column!;
        var values = typed.Values;
        foreach (var row in rows)
        {
            if (typed.IsNull(row)) continue;
            _state.Add(values[row], times[row]);
            Some = true;
        }
    }

    public override int Merge(ReadOnlySpan<byte> state)
    {
        var length = Measure(state);
        if (length > 1) Merge(MemoryMarshal.Read<TState>(state[1..]));
        return length;
    }

    void Merge(in TState other)
    {
        if (Some) _state.Merge(other);
        else (Some, _state) = (true, other);
    }

    public override int Measure(ReadOnlySpan<byte> state)
    {
        if (state.IsEmpty) throw StateBytes.Short(0);
        if (state[0] > 1) throw StateBytes.Header("own", state[0]);
        var length = state[0] == 0 ? 1 : 1 + Unsafe.SizeOf<TState>();
        return length <= state.Length ? length : throw StateBytes.Short(state.Length);
    }

    public override void MergeFrom(Accumulator other)
    {
        var from = (OwnAccumulator<TState, TInput, TOutput>)other;
        if (from.Some) Merge(from._state);
    }

    public override void Write(IBufferWriter<byte> to)
    {
        var span = to.GetSpan(1 + Unsafe.SizeOf<TState>());
        span[0] = Some ? (byte)1 : (byte)0;
        if (Some) MemoryMarshal.Write(span[1..], in _state);
        to.Advance(Some ? 1 + Unsafe.SizeOf<TState>() : 1);
    }
}

internal sealed class OwnOutput<TState, TInput, TOutput>(FeatureType output) : AggregateOutput
    where TState : unmanaged, IAggregateState<TState, TInput, TOutput> where TInput : unmanaged, IComparable<TInput> where TOutput : unmanaged, IComparable<TOutput>
{
    public override FeatureType Type => output;

    public override AggregateStatus AppendTo(Accumulator state, in WindowBounds window, Column to)
    {
        var own = (OwnAccumulator<TState, TInput, TOutput>)state;
        var status = AggregateStatus.Null;
        TOutput value = default;
        if (own.Some) status = own.State.Finish(window, out value);
        if (status == AggregateStatus.Present) ((FixedColumn<TOutput>)to).Append(value);
        else to.AppendNull();
        return status;
    }
}
