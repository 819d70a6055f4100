using Lockstep.Core.Definitions;
using Lockstep.Core.Lookup;

namespace Lockstep.Core.Expressions.Binding;

/// <summary>
/// An object that a function is called with before its arguments: the parameters of a fitted transformation, a column of a lookup
/// table. It is made when code is compiled, so that binding needs no data.
/// </summary>
/// <param name="key">Equal for equal constants: calls with one key and equal arguments are computed once.</param>
/// <param name="load">Makes it; asked once.</param>
public sealed class BoundConstant(string key, Func<object> load)
{
    readonly Lazy<object> _value = new(load);

    public string Key { get; } = key;
    public object Value => _value.Value;
}

/// <summary>What expressions can name besides inputs, functions and features; whoever makes the scope says which versions the names mean (S23).</summary>
public interface INamedConstants
{
    /// <summary>The transformation as it was fitted; null when there is none, with a problem when more is to be said than that.</summary>
    NamedTransformation? Transformation(string name, VersionSelector version, out string? problem);

    /// <summary>The lookup table; null when there is none, with a problem when more is to be said than that.</summary>
    NamedTable? Table(string name, VersionSelector version, out string? problem);

    IEnumerable<string> TransformationNames { get; }
    IEnumerable<string> TableNames { get; }
}

/// <summary>A fitted transformation as an expression calls it.</summary>
/// <param name="Functions">One for each type of argument.</param>
/// <param name="Own">The tree of what it was learned on, for a call without an argument.</param>
public sealed record NamedTransformation(IReadOnlyList<FunctionOverload> Functions, Func<BoundNode?> Own);

/// <summary>A lookup table as an expression reads it; its content is loaded when code is compiled.</summary>
public sealed record NamedTable(LookupTableVersion Version, Func<LookupData> Load);
