using System.Reflection;
using Lockstep.Core.Rows;

namespace Lockstep.Core.OnDemand;

/// <summary>The name that a field or property of an input or output has in definitions, where it is not its own in lower case with underscores.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property)]
public sealed class FeatureNameAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>An on-demand view that is written in C#. Derive from <see cref="CSharpView{TInput, TOutput}"/>.</summary>
public abstract class CSharpView : IExtension
{
    private protected CSharpView(Type input, Type output)
    {
        (InputType, OutputType) = (input, output);
        Inputs = CSharpField.Of(input, $"the input of {GetType().Name}", input: true);
        Outputs = CSharpField.Of(output, $"the output of {GetType().Name}", input: false);
    }

    /// <summary>How definitions name it: <c>implementation: { csharp: RouteRisk }</c>. Default: the name of the type.</summary>
    public virtual string Name => GetType().Name;

    /// <summary>Raise it when the results change. It is part of the fingerprint, as is the build of the assembly (S23).</summary>
    public virtual string Version => "1.0.0";

    public IReadOnlyList<CSharpField> Inputs { get; }
    public IReadOnlyList<CSharpField> Outputs { get; }

    internal Type InputType { get; }
    internal Type OutputType { get; }

    /// <summary>Tells builds of the assembly apart: compilers derive it from what they compile.</summary>
    internal Guid Module => GetType().Module.ModuleVersionId;

    /// <summary>What a view version pins: declared version and build.</summary>
    internal string Pin => $"{Version} {Module:N}";
}

/// <summary>
/// An on-demand view that is written in C#: one method, called for each row, in training and at serving alike. It is pure: the same
/// input gives the same output, whatever was computed before. It is called from many threads at once.
/// </summary>
/// <typeparam name="TInput">A struct whose public fields or properties are the inputs. One that is not nullable: a row where it is null is not computed, and all its outputs are null.</typeparam>
/// <typeparam name="TOutput">A struct whose public fields or properties are the features.</typeparam>
public abstract class CSharpView<TInput, TOutput>() : CSharpView(typeof(TInput), typeof(TOutput)) where TInput : struct where TOutput : struct
{
    /// <summary>Computes one row. The output comes empty. What is not finite becomes null (S3); an exception fails the request, or the training set.</summary>
    public abstract void Compute(in TInput input, ref TOutput output);
}

/// <summary>A field of an input or output.</summary>
public sealed class CSharpField
{
    CSharpField(MemberInfo member, Type type, bool nullable, FeatureType feature)
        => (Name, Member, Type, Nullable, FeatureType) = (member.GetCustomAttribute<FeatureNameAttribute>()?.Name ?? Words(member.Name), member, type, nullable, feature);

    /// <summary>In definitions.</summary>
    public string Name { get; }

    public FeatureType FeatureType { get; }

    /// <summary>Of an input: whether the row is computed though it is null.</summary>
    public bool Nullable { get; }

    internal MemberInfo Member { get; }

    /// <summary>Without its nullability.</summary>
    internal Type Type { get; }

    internal static IReadOnlyList<CSharpField> Of(Type type, string what, bool input)
    {
        List<CSharpField> fields = [];
        NullabilityInfoContext nullability = new();
        foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public).OrderBy(f => f.MetadataToken))
            fields.Add(Of(field, field.FieldType, nullability.Create(field).ReadState));
        foreach (var property in type.GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(p => p is { CanRead: true, CanWrite: true } && p.GetIndexParameters().Length == 0).OrderBy(p => p.MetadataToken))
            fields.Add(Of(property, property.PropertyType, nullability.Create(property).ReadState));
        if (fields.Count == 0) throw new ArgumentException($"{What()} has no public field or property: each is one {(input ? "input" : "feature")}.");
        if (fields.GroupBy(f => f.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice) throw new ArgumentException($"{What()} has the name '{twice.Key}' twice.");
        return fields;

        CSharpField Of(MemberInfo member, Type found, NullabilityState state)
        {
            var plain = System.Nullable.GetUnderlyingType(found) ?? found;
            if (CSharpValues.TypeOf(plain) is not { } feature)
                throw new ArgumentException($"{What()} has the {(input ? "input" : "feature")} '{member.Name}' of type {found.Name}. Types: {CSharpValues.Known}.");
            if (Definitions.Names.Mistake(Words(member.Name)) is { } mistake && member.GetCustomAttribute<FeatureNameAttribute>() is null)
                throw new ArgumentException($"{What()} has the {(input ? "input" : "feature")} '{member.Name}', which is not a name: {mistake}. Name it with [FeatureName].");
            return new(member, plain, plain != found || (!plain.IsValueType && state != NullabilityState.NotNull), feature);
        }

        string What() => char.ToUpperInvariant(what[0]) + what[1..];
    }

    // WindSpeed24h -> wind_speed24h
    static string Words(string name)
    {
        System.Text.StringBuilder words = new();
        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsUpper(name[i]) && i > 0 && name[i - 1] != '_' && (!char.IsUpper(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1])))) words.Append('_');
            words.Append(char.ToLowerInvariant(name[i]));
        }
        return words.ToString();
    }
}

/// <summary>The C# views that a program brings.</summary>
public sealed class CSharpViews
{
    readonly List<CSharpView> _views = [];

    internal static readonly CSharpViews None = new();

    public CSharpViews(params IEnumerable<CSharpView> views)
    {
        foreach (var view in views)
        {
            if (!Definitions.SemanticVersion.TryParse(view.Version, out _)) throw new ArgumentException($"The version of the C# view '{view.Name}' is '{view.Version}'. It must be like 1.0.0.");
            if (_views.Exists(v => v.Name == view.Name && v.Version == view.Version)) throw new ArgumentException($"There are two C# views '{view.Name}' of version {view.Version}.");
            _views.Add(view);
        }
    }

    public IReadOnlyList<CSharpView> All => _views;

    /// <summary>The newest of the name; null when there is none.</summary>
    internal CSharpView? Newest(string name)
        => _views.Where(v => v.Name == name).MaxBy(v => Definitions.SemanticVersion.TryParse(v.Version, out var version) ? version : default);

    /// <summary>The one that was pinned; null when this program has none of that version and build.</summary>
    internal CSharpView? Pinned(string name, string pin) => _views.Find(v => v.Name == name && v.Pin == pin);
}

/// <summary>A C# view threw: what it computes is not served, nor trained on.</summary>
/// <param name="view">The version of the view.</param>
/// <param name="row">The row of the batch, from 0; -1 for one that was computed alone.</param>
/// <param name="inner">What it threw.</param>
public sealed class CSharpViewException(string view, int row, Exception inner)
    : LockstepException(ErrorKind.Failed, $"View '{view}' is written in C#, and threw {inner?.GetType().Name}: {inner?.Message}", inner)
{
    public int Row { get; } = row;

    /// <summary>The same, told of the row as the caller knows it.</summary>
    public LockstepException At(string place) => new(Kind, $"{place}: {Message}", this);
}
