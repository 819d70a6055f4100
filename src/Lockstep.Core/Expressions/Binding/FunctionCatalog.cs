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

    internal int Id { get; }
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
