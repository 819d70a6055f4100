using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expressions.Binding;

/// <summary>Computes a function of constants while binding, by the very method that would compute it later.</summary>
static class ConstantFolder
{
    public static bool TryFold(FunctionOverload function, IReadOnlyList<Value> arguments, out Value value)
    {
        value = Value.Null;
        if (arguments.Any(a => a.IsNull)) return true;
        if (function.Result.Kind == TypeKind.List || function.Parameters.Any(p => p.Kind is TypeKind.List)) return false;
        if (function.Constant is not null) return false; // its constant may not be at hand while binding
        if (function.Invoke(arguments.Select((a, i) => ToPhysical(a, function.Parameters[i]))) is not { } result) return true;
        if (result is double number)
        {
            if (!double.IsFinite(number)) return true;
            result = number + 0.0; // negative zero is zero (S3)
        }
        value = FromPhysical(result);
        return true;
    }

    public static object ToPhysical(Value value, FeatureType type) => value.Kind switch
    {
        TypeKind.Bool => value.AsBool,
        TypeKind.Int64 => value.AsInt64,
        TypeKind.Int32 => (long)value.AsInt32,
        TypeKind.Float64 => value.AsFloat64,
        TypeKind.Float32 => (double)value.AsFloat32,
        TypeKind.String => Utf8Text.Of(value.AsString),
        TypeKind.Bytes => new Blob(Utf8Text.Of(value.AsBytes)),
        TypeKind.Timestamp => new Micros(value.AsInt64),
        TypeKind.Date => new Days((int)value.AsInt64),
        TypeKind.Decimal => value.AsDecimal,
        TypeKind.List => PhysicalValue.From(value, type, widen: false),
        _ => throw new InvalidOperationException($"No constant of {type}."),
    };

    static Value FromPhysical(object value) => value switch
    {
        bool b => Value.Of(b),
        long n => Value.Of(n),
        double d => Value.Of(d),
        Utf8Text t => Value.Of(t.ToString()),
        Blob b => Value.Of(b.Span.ToArray()),
        Micros m => Value.Timestamp(m.Value),
        Days d => Value.Date(d.Value),
        _ => throw new InvalidOperationException($"No constant of {value.GetType().Name}."),
    };
}
