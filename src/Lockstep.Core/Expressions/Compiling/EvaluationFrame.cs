using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expressions.Compiling;

/// <summary>Where an input or output stands in a frame.</summary>
public readonly record struct Slot(int Ordinal, int Store, int Index);

/// <summary>
/// The inputs and outputs of one evaluation of a program. Reused from request to request: evaluating allocates nothing once it is warm.
/// Texts and lists among the outputs are valid until the next evaluation. One a thread.
/// </summary>
public sealed class EvaluationFrame
{
    internal EvaluationFrame(bool[] has, Array[] stores) => (Has, Stores) = (has, stores);

    internal readonly bool[] Has;
    internal readonly Array[] Stores;
    internal readonly Scratch Scratch = new();

    /// <summary>Bytes of memory held for texts and lists.</summary>
    public long Capacity => Scratch.Capacity;

    /// <summary>T is the physical type: bool, long, double, Int128, <see cref="Utf8Text"/>, <see cref="Blob"/>, <see cref="Micros"/>, <see cref="Days"/>, <see cref="ListValue{T}"/>.</summary>
    public void Set<T>(Slot slot, T value)
    {
        Has[slot.Ordinal] = true;
        ((T[])Stores[slot.Store])[slot.Index] = value;
    }

    public void SetNull(Slot slot) => Has[slot.Ordinal] = false;
    public bool IsNull(Slot slot) => !Has[slot.Ordinal];
    public T Get<T>(Slot slot) => ((T[])Stores[slot.Store])[slot.Index];

    /// <summary>Sets from any value, widening int32 and float32; for tools and tests, it allocates.</summary>
    public void SetValue(Slot slot, Value value, FeatureType type)
    {
        Has[slot.Ordinal] = !value.IsNull;
        if (value.IsNull) return;
        Stores[slot.Store].SetValue(PhysicalValue.From(value, type, widen: true), slot.Index);
    }

    public Value GetValue(Slot slot, FeatureType type)
        => IsNull(slot) ? Value.Null : PhysicalValue.ToValue(Stores[slot.Store].GetValue(slot.Index)!, type);
}

/// <summary>Between <see cref="Value"/> and the physical types, boxed: not for hot paths.</summary>
static class PhysicalValue
{
    /// <summary>A value in the type that expressions compute with.</summary>
    public static Value Widen(Value value) => value.IsNull ? value : value.Kind switch
    {
        TypeKind.Int32 => Value.Of((long)value.AsInt32),
        TypeKind.Float32 => Value.Of((double)value.AsFloat32),
        _ => value,
    };

    public static object From(Value value, FeatureType type, bool widen)
    {
        if (type.Kind != TypeKind.List)
            return !widen && type.Kind == TypeKind.Int32 ? value.AsInt32 : !widen && type.Kind == TypeKind.Float32 ? value.AsFloat32 : ConstantFolder.ToPhysical(value, type);
        var element = type.Element!;
        return typeof(PhysicalValue).GetMethod(nameof(ListFrom), System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)!
            .MakeGenericMethod(Physical.Of(element)).Invoke(null, [value.AsList, element])!;
    }

    static ListValue<T> ListFrom<T>(Value[] values, FeatureType element)
    {
        var items = new T[values.Length];
        var validity = new ulong[(values.Length + 63) >> 6];
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i].IsNull) continue;
            items[i] = (T)From(values[i], element, widen: false);
            validity[i >> 6] |= 1UL << (i & 63);
        }
        return new(items, 0, items.Length, validity);
    }

    public static Value ToValue(object value, FeatureType type) => value switch
    {
        bool b => Value.Of(b),
        int i => Value.Of(i),
        long n => Value.Of(n),
        float f => Value.Of(f),
        double d => Value.Of(d),
        Int128 d => Value.Decimal(d, type.Scale),
        Utf8Text t => Value.Of(t.ToString()),
        Blob b => Value.Of(b.Span.ToArray()),
        Micros m => Value.Timestamp(m.Value),
        Days d => Value.Date(d.Value),
        _ => (Value)typeof(PhysicalValue).GetMethod(nameof(ListTo), System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)!
            .MakeGenericMethod(value.GetType().GetGenericArguments()[0]).Invoke(null, [value, type.Element!])!,
    };

    static Value ListTo<T>(ListValue<T> list, FeatureType element)
    {
        var values = new Value[list.Count];
        for (var i = 0; i < values.Length; i++) values[i] = list.IsNull(i) ? Value.Null : ToValue(list.Items[i]!, element);
        return Value.List(values);
    }
}
