using System.Reflection;
using System.Text;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Rows;

namespace Lockstep.Core.OnDemand;

/// <summary>
/// Values between expressions and C# views. Each method gives false where there is no value on the other side. A float64 that is not
/// finite is null and negative zero is zero, elements of lists included (S3).
/// </summary>
static class CSharpValues
{
    static readonly Dictionary<Type, FeatureType> s_types = new()
    {
        [typeof(bool)] = FeatureType.Bool,
        [typeof(long)] = FeatureType.Int64,
        [typeof(double)] = FeatureType.Float64,
        [typeof(string)] = FeatureType.String,
        [typeof(Utf8Text)] = FeatureType.String,
        [typeof(DateTimeOffset)] = FeatureType.Timestamp,
        [typeof(DateOnly)] = FeatureType.Date,
        [typeof(double[])] = FeatureType.List(FeatureType.Float64),
        [typeof(float[])] = FeatureType.List(FeatureType.Float32),
        [typeof(long[])] = FeatureType.List(FeatureType.Int64),
        [typeof(string[])] = FeatureType.List(FeatureType.String),
        [typeof(ListValue<double>)] = FeatureType.List(FeatureType.Float64),
        [typeof(ListValue<float>)] = FeatureType.List(FeatureType.Float32),
        [typeof(ListValue<long>)] = FeatureType.List(FeatureType.Int64),
    };

    public static string Known { get; } = "bool, long, double, string, Utf8Text, DateTimeOffset, DateOnly, each nullable or not; arrays of double, float, long and string; ListValue<double>, ListValue<float>, ListValue<long>";

    public static FeatureType? TypeOf(Type type) => s_types.GetValueOrDefault(type);

    /// <summary>From an expression to C#: <c>bool To(physical, out T)</c>.</summary>
    public static MethodInfo To(Type type) => Find(nameof(To), m => m.GetParameters()[1].ParameterType.GetElementType() == type);

    /// <summary>From C# to an expression: <c>bool From(Scratch, T, out physical)</c>.</summary>
    public static MethodInfo From(Type type) => Find(nameof(From), m => m.GetParameters()[1].ParameterType == type);

    static MethodInfo Find(string name, Predicate<MethodInfo> fits)
        => typeof(CSharpValues).GetMethods(BindingFlags.Static | BindingFlags.NonPublic).Single(m => m.Name == name && m.GetParameters().Length > 1 && fits(m));

    static bool To(bool value, out bool to) => True(to = value);
    static bool To(long value, out long to) => True(to = value);
    static bool To(double value, out double to) => True(to = value + 0.0);
    static bool To(Utf8Text value, out string to) => True(to = value.ToString());
    static bool To(Utf8Text value, out Utf8Text to) => True(to = value);
    static bool To(ListValue<double> value, out ListValue<double> to) => True(to = value);
    static bool To(ListValue<float> value, out ListValue<float> to) => True(to = value);
    static bool To(ListValue<long> value, out ListValue<long> to) => True(to = value);
    static bool To(ListValue<double> value, out double[] to) => Array(value, out to);
    static bool To(ListValue<float> value, out float[] to) => Array(value, out to);
    static bool To(ListValue<long> value, out long[] to) => Array(value, out to);

    // What lies outside the calendar of .NET, the years 1 to 9999, has no value there.
    static bool To(Micros value, out DateTimeOffset to)
    {
        var fits = value.Value >= FirstMicros && value.Value <= LastMicros;
        to = fits ? DateTimeOffset.UnixEpoch.AddTicks(value.Value * TimeSpan.TicksPerMicrosecond) : default;
        return fits;
    }

    static readonly long FirstMicros = (DateTimeOffset.MinValue - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
    static readonly long LastMicros = (DateTimeOffset.MaxValue - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
    static readonly int Epoch = new DateOnly(1970, 1, 1).DayNumber;

    static bool To(Days value, out DateOnly to)
    {
        var day = (long)Epoch + value.Value;
        var fits = day >= 0 && day <= DateOnly.MaxValue.DayNumber;
        to = fits ? DateOnly.FromDayNumber((int)day) : default;
        return fits;
    }

    static bool To(ListValue<Utf8Text> value, out string[] to)
    {
        to = new string[value.Count];
        for (var i = 0; i < to.Length; i++)
            if (value.IsNull(i)) return false;
            else to[i] = value.Items[i].ToString();
        return true;
    }

    // An array has no place for a null element.
    static bool Array<T>(ListValue<T> value, out T[] to)
    {
        to = value.HasNulls ? [] : value.Items.ToArray();
        return !value.HasNulls;
    }

    static bool From(Scratch scratch, bool value, out bool to) => True(to = value);
    static bool From(Scratch scratch, long value, out long to) => True(to = value);

    static bool From(Scratch scratch, double value, out double to)
    {
        to = value + 0.0;
        return double.IsFinite(value);
    }

    static bool From(Scratch scratch, Utf8Text value, out Utf8Text to) => True(to = value);

    static bool From(Scratch scratch, string? value, out Utf8Text to)
    {
        to = default;
        if (value is null) return false;
        to = scratch.Finish(Encoding.UTF8.GetBytes(value, scratch.Rent(Encoding.UTF8.GetMaxByteCount(value.Length))));
        return true;
    }

    static bool From(Scratch scratch, DateTimeOffset value, out Micros to)
    {
        var ticks = (value - DateTimeOffset.UnixEpoch).Ticks;
        to = new(ticks >= 0 ? ticks / TimeSpan.TicksPerMicrosecond : -((-ticks + TimeSpan.TicksPerMicrosecond - 1) / TimeSpan.TicksPerMicrosecond)); // a finer fraction is rounded down (S1)
        return true;
    }

    static bool From(Scratch scratch, DateOnly value, out Days to) => True(to = new(value.DayNumber - Epoch));

    static bool From(Scratch scratch, double[]? value, out ListValue<double> to) => Finite(scratch, Whole(value), out to) && value is not null;
    static bool From(Scratch scratch, float[]? value, out ListValue<float> to) => Finite(scratch, Whole(value), out to) && value is not null;
    static bool From(Scratch scratch, long[]? value, out ListValue<long> to) => True(to = Whole(value)) && value is not null;
    static bool From(Scratch scratch, ListValue<double> value, out ListValue<double> to) => Finite(scratch, value, out to);
    static bool From(Scratch scratch, ListValue<float> value, out ListValue<float> to) => Finite(scratch, value, out to);
    static bool From(Scratch scratch, ListValue<long> value, out ListValue<long> to) => True(to = value);

    static bool From(Scratch scratch, string[]? value, out ListValue<Utf8Text> to)
    {
        var maker = ListMaker<Utf8Text>.Start(scratch, value?.Length ?? 0);
        foreach (var text in value ?? []) maker.Add(From(scratch, text, out var utf8), utf8);
        to = maker.ToList();
        return value is not null;
    }

    static ListValue<T> Whole<T>(T[]? value) => new(value ?? [], 0, value?.Length ?? 0);

    static bool Finite(Scratch scratch, ListValue<double> value, out ListValue<double> to)
    {
        var maker = ListMaker<double>.Start(scratch, value.Count);
        for (var i = 0; i < value.Count; i++) maker.Add(!value.IsNull(i) && double.IsFinite(value.Items[i]), value.Items[i] + 0.0);
        to = maker.ToList();
        return true;
    }

    static bool Finite(Scratch scratch, ListValue<float> value, out ListValue<float> to)
    {
        var maker = ListMaker<float>.Start(scratch, value.Count);
        for (var i = 0; i < value.Count; i++) maker.Add(!value.IsNull(i) && float.IsFinite(value.Items[i]), value.Items[i] + 0f);
        to = maker.ToList();
        return true;
    }

    static bool True<T>(T value)
    {
        _ = value;
        return true;
    }
}
