using System.Collections.Frozen;
using System.Reflection;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Expressions.Functions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expressions.Binding;

/// <summary>
/// Marks a static method as a function of the language. It gets no null: a function of null is null. It returns its result, or
/// <c>bool</c> with the result as its last, <c>out</c> parameter, false meaning null. A float64 result that is not finite becomes
/// null and negative zero becomes zero without its doing (S3, S17). A first parameter of type <see cref="Scratch"/> is where it
/// makes texts and lists.
/// </summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class FunctionAttribute(string name) : Attribute
{
    public string Name { get; } = name;

    /// <summary>One sentence: what it gives, and when null.</summary>
    public string Summary { get; init; } = "";

    /// <summary>How it is computed, where the name does not say it.</summary>
    public string Formula { get; init; } = "";

    /// <summary>An expression without inputs, and …</summary>
    public string Example { get; init; } = "";

    /// <summary>… the text of its value; both are run by a test.</summary>
    public string Gives { get; init; } = "";

    /// <summary>Not part of the reference: what operators and casts compile to.</summary>
    public bool Hidden { get; init; }

    /// <summary>The heading of the reference that it stands under, where that is not its class's.</summary>
    public string Group { get; init; } = "";
}

/// <summary>
/// The parameter is a constant in practice: a unit, a zone, a pattern. The named static method of the class turns it into what an overload of
/// the function takes in its place (the same C# name, without a <see cref="FunctionAttribute"/>), once when the expression is compiled. Null means that it cannot
/// be, and the function itself is called, which then says null.
/// </summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class PreparedAttribute(string by) : Attribute
{
    public string By { get; } = by;
}

/// <summary>The heading of the reference that the functions of a class stand under.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class FunctionGroupAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>One way to call a function.</summary>
public sealed class FunctionOverload
{
    internal FunctionOverload(int id, FunctionAttribute about, MethodInfo method)
    {
        (Id, About, Method) = (id, about, method);
        var parameters = method.GetParameters().ToList();
        NeedsScratch = parameters.Count > 0 && parameters[0].ParameterType == typeof(Scratch);
        if (NeedsScratch) parameters.RemoveAt(0);
        if (parameters.Count > 0 && parameters[^1].IsOut)
        {
            MayBeNull = true;
            Result = Physical.ToFeatureType(parameters[^1].ParameterType.GetElementType()!)!;
            parameters.RemoveAt(parameters.Count - 1);
        }
        else Result = Physical.ToFeatureType(method.ReturnType)!;
        Parameters = [.. parameters.Select(p => Physical.ToFeatureType(p.ParameterType) ?? throw new InvalidOperationException($"{method.Name}: {p.Name} has no type of the language."))];
        ParameterNames = [.. parameters.Select(p => p.Name!)];
        IsCheap = method.DeclaringType == typeof(Operators) && !NeedsScratch && Parameters.All(p => p.Kind is TypeKind.Bool or TypeKind.Int64 or TypeKind.Float64);
        Prepared = PreparedCall.Find(method, parameters);
    }

    /// <summary>A function with a constant of its own, which comes before the arguments: a fitted transformation, a lookup table.</summary>
    /// <param name="name">How messages and <c>explain</c> call it.</param>
    /// <param name="method">Its parameters are the scratch memory where it needs one, the constant, the arguments, and the result where it may be null.</param>
    /// <param name="result">The exact type where the method's does not say it: decimals.</param>
    internal FunctionOverload(string name, MethodInfo method, BoundConstant constant, FeatureType? result = null)
    {
        (Id, About, Method, Constant) = (-1, new(name), method, constant);
        var parameters = method.GetParameters().ToList();
        NeedsScratch = parameters[0].ParameterType == typeof(Scratch);
        parameters.RemoveRange(0, NeedsScratch ? 2 : 1);
        if (parameters.Count > 0 && parameters[^1].IsOut)
        {
            MayBeNull = true;
            result ??= Physical.ToFeatureType(parameters[^1].ParameterType.GetElementType()!)!;
            parameters.RemoveAt(parameters.Count - 1);
        }
        Result = result ?? Physical.ToFeatureType(method.ReturnType)!;
        Parameters = [.. parameters.Select(p => Physical.ToFeatureType(p.ParameterType)!)];
        ParameterNames = [.. parameters.Select(p => p.Name!)];
    }

    internal int Id { get; }

    /// <summary>What it is called with before its arguments; null for the functions of the language.</summary>
    public BoundConstant? Constant { get; }

    /// <summary>Equal for functions that give the same results.</summary>
    internal string Key => Constant is null ? Id.ToString(System.Globalization.CultureInfo.InvariantCulture) : $"{Name} {Method.Name} {Constant.Key}";

    public FunctionAttribute About { get; }
    public string Name => About.Name;

    /// <summary>The heading of the reference that it stands under.</summary>
    public string Group => About.Group.Length > 0 ? About.Group : Method.DeclaringType!.GetCustomAttribute<FunctionGroupAttribute>()?.Name ?? "";

    public MethodInfo Method { get; }
    public IReadOnlyList<FeatureType> Parameters { get; }
    public IReadOnlyList<string> ParameterNames { get; }
    public FeatureType Result { get; }

    /// <summary>Whether it returns null for some arguments that are not null.</summary>
    public bool MayBeNull { get; }

    internal bool NeedsScratch { get; }

    /// <summary>So quick, and so harmless on any bits, that it is computed of nulls too rather than branched around.</summary>
    internal bool IsCheap { get; }

    /// <summary>How it is called when an argument is a constant; null: no otherwise.</summary>
    internal PreparedCall? Prepared { get; }

    /// <summary>Calls it on physical values that are not null, by reflection: while binding, and for tests. Null: it has no value.</summary>
    internal object? Invoke(IEnumerable<object> arguments)
    {
        List<object?> call = NeedsScratch ? [new Scratch()] : [];
        if (Constant is not null) call.Add(Constant.Value);
        call.AddRange(arguments);
        if (MayBeNull) call.Add(null);
        var parameters = call.ToArray();
        var result = Method.Invoke(null, parameters);
        return !MayBeNull ? result : (bool)result! ? parameters[^1] : null;
    }

    public override string ToString() => $"{Name}({string.Join(", ", Parameters)})";
}

/// <summary>See <see cref="PreparedAttribute"/>.</summary>
/// <param name="Argument">The place of the constant among the arguments.</param>
sealed record PreparedCall(int Argument, MethodInfo Prepare, MethodInfo Method)
{
    const BindingFlags Statics = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    public static PreparedCall? Find(MethodInfo method, List<ParameterInfo> parameters)
    {
        var at = parameters.FindIndex(p => p.GetCustomAttribute<PreparedAttribute>() is not null);
        if (at < 0) return null;
        var owner = method.DeclaringType!;
        var name = parameters[at].GetCustomAttribute<PreparedAttribute>()!.By;
        var prepare = owner.GetMethod(name, Statics) ?? throw new InvalidOperationException($"{owner.Name} has no method {name} to prepare arguments of {method.Name}.");
        var type = Nullable.GetUnderlyingType(prepare.ReturnType) ?? prepare.ReturnType;
        Type[] types = [.. method.GetParameters().Select(p => p == parameters[at] ? type : p.ParameterType)];
        return new(at, prepare, owner.GetMethod(method.Name, Statics, types) ?? throw new InvalidOperationException($"{owner.Name} has no {method.Name}({string.Join(", ", types.Select(t => t.Name))})."));
    }
}

/// <summary>All functions by name. Adding one is a method with a <see cref="FunctionAttribute"/> in a class of the Functions folder.</summary>
public static class FunctionCatalog
{
    static readonly FrozenDictionary<string, FunctionOverload[]> s_byName = Load();

    /// <summary>Names of the forms that the binder knows itself.</summary>
    public static IReadOnlyList<string> SpecialNames { get; } = [.. SpecialFunction.All.Select(f => f.Name)];

    public static IEnumerable<FunctionOverload> All => s_byName.Values.SelectMany(o => o).OrderBy(o => o.Id);

    public static IReadOnlyList<FunctionOverload> Find(string name) => s_byName.TryGetValue(name, out var overloads) ? overloads : [];

    /// <summary>Whether the name means something in every expression, in any case of its letters.</summary>
    internal static bool IsTaken(string name)
    {
        var lower = name.ToLowerInvariant();
        return SpecialNames.Contains(lower) || Find(lower).Any(o => !o.About.Hidden);
    }

    internal static FunctionOverload Hidden(string name, params FeatureType[] parameters)
        => s_byName[name].Single(o => o.Parameters.SequenceEqual(parameters));

    static FrozenDictionary<string, FunctionOverload[]> Load()
    {
        var id = 0;
        return typeof(Operators).Assembly.GetTypes()
            .Where(t => t.Namespace == typeof(Operators).Namespace && t.IsClass)
            .OrderBy(t => t.Name, StringComparer.Ordinal)
            .SelectMany(t => t.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .OrderBy(m => m.MetadataToken)
            .SelectMany(m => m.GetCustomAttributes<FunctionAttribute>().Select(a => new FunctionOverload(id++, a, m)))
            .GroupBy(o => o.Name, StringComparer.Ordinal)
            .ToFrozenDictionary(g => g.Key, g => g.ToArray(), StringComparer.Ordinal);
    }
}
