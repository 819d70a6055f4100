using System.Buffers;
using System.Globalization;
using System.Text.Json.Nodes;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions.Yaml;

/// <summary>
/// Reads the keys of one mapping. Unknown, missing and empty keys are reported on construction; each getter reports a value that
/// does not fit and returns null, so that reading goes on.
/// </summary>
internal sealed class MapReader
{
    readonly YamlMap _map;
    readonly KeyTable _table;
    readonly ProblemList _problems;
    readonly Func<string, Location, string?>? _expand;

    public MapReader(YamlMap map, KeyTable table, string what, ProblemList problems, Func<string, Location, string?>? expand = null)
    {
        (_map, _table, What, _problems, _expand) = (map, table, what, problems, expand);
        foreach (var (key, value) in map.Entries)
            if (!table.Knows(key.Text))
            {
                Unknown.Add(key.Text);
                problems.Error(key.Location, $"{Upper(what)} has no key '{key.Text}'.{NearestName.Hint(key.Text, table.Names, "Keys")}");
            }
            else if (value is YamlScalar { IsNull: true }) problems.Error(key.Location, $"'{key.Text}' of {what} is empty. It must be {table.Get(key.Text).Shape.Expected}{(table.Get(key.Text).Required ? "" : ", or be left out")}.");
        foreach (var key in table.Keys.Where(k => k.Required && map.Find(k.Name) is null))
            problems.Error(map.Location, $"{Upper(what)} lacks '{key.Name}', {key.Shape.Expected}: {Lower(key.Doc)}");
    }

    /// <summary>Keys that were reported as unknown.</summary>
    public List<string> Unknown { get; } = [];

    /// <summary>How messages call it: <c>view 'weather'</c>.</summary>
    public string What { get; }

    public Location Location => _map.Location;
    public ProblemList Problems => _problems;

    /// <summary>The value; null when it is missing or empty.</summary>
    public YamlNode? Find(string key)
    {
        _table.Get(key);
        return _map.Find(key) is { } node and not YamlScalar { IsNull: true } ? node : null;
    }

    public Location At(string key) => _map.Find(key)?.Location ?? _map.Location;

    public void Wrong(string key, YamlNode found) => Wrong(key, found, _table.Get(key).Shape.Expected);

    public void Wrong(string key, YamlNode found, string expected)
        => _problems.Error(found.Location, $"'{key}' of {What} is {found.What}. It must be {expected}.");

    public string? Text(string key)
    {
        if (Find(key) is not { } node) return null;
        if (node is not YamlScalar scalar)
        {
            Wrong(key, node);
            return null;
        }
        return Expand(scalar);
    }

    string? Expand(YamlScalar scalar) => _expand is null ? scalar.Text : _expand(scalar.Text, scalar.Location);

    /// <summary>A text that may not be blank.</summary>
    public string? Words(string key)
    {
        if (Text(key) is not { } text) return null;
        if (!string.IsNullOrWhiteSpace(text)) return text.Trim();
        _problems.Error(At(key), $"'{key}' of {What} is blank. It must be {_table.Get(key).Shape.Expected}.");
        return null;
    }

    public bool Flag(string key, bool otherwise)
    {
        if (Text(key) is not { } text) return otherwise;
        if (text is "true" or "false") return text == "true";
        Wrong(key, Find(key)!);
        return otherwise;
    }

    public long? Duration(string key)
    {
        if (Text(key) is not { } text) return null;
        if (Definitions.Duration.TryParse(text, out var micros)) return micros;
        Wrong(key, Find(key)!, $"a duration: {Definitions.Duration.Known}");
        return null;
    }

    public long? Integer(string key, long least, long most)
    {
        if (Text(key) is not { } text) return null;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most) return number;
        Wrong(key, Find(key)!, string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}"));
        return null;
    }

    public SemanticVersion Version(string key)
    {
        if (Text(key) is not { } text) return SemanticVersion.Default;
        if (SemanticVersion.TryParse(text, out var version)) return version;
        Wrong(key, Find(key)!);
        return SemanticVersion.Default;
    }

    public FeatureType? Type(string key) => Text(key) is { } text ? Type(text, Find(key)!.Location, $"'{key}' of {What}") : null;

    public FeatureType? Type(string text, Location location, string what)
    {
        if (FeatureType.TryParse(text, out var type)) return type;
        var near = TypeNames.Near(text);
        _problems.Error(location, $"{Upper(what)} is '{text}', which is not a type.{(near is null ? $" Types: {FeatureType.KnownNames}." : $" Did you mean '{near}'?")}");
        return null;
    }

    /// <summary>JSON as a text, or the same written as YAML.</summary>
    public string? Json(string key)
    {
        if (Find(key) is not YamlMap map) return Words(key);
        return YamlJson.Of(map)!.ToJsonString(YamlJson.Options);
    }

    /// <summary>A mapping whose values are JSON, or texts of JSON, as one JSON object.</summary>
    public string? JsonMap(string key)
    {
        if (Find(key) is null) return null;
        JsonObject all = [];
        foreach (var (name, value) in Map(key)) all[name.Text] = YamlJson.Parsed(value);
        return all.ToJsonString(YamlJson.Options);
    }

    /// <summary>The entries of a mapping, in order.</summary>
    public IReadOnlyList<(YamlScalar Key, YamlNode Value)> Map(string key)
    {
        if (Find(key) is not { } node) return [];
        if (node is YamlMap map) return map.Entries;
        Wrong(key, node);
        return [];
    }

    public MapReader? Object(string key, KeyTable table, string what)
    {
        if (Find(key) is not { } node) return null;
        if (node is YamlMap map) return new(map, table, what, _problems, _expand);
        Wrong(key, node);
        return null;
    }

    /// <summary>Texts of a list; a single text stands for a list of one where <paramref name="single"/> allows it.</summary>
    public IReadOnlyList<string> Texts(string key, bool single = false)
    {
        if (Find(key) is not { } node) return [];
        if (single && node is YamlScalar one) return [one.Text];
        if (node is not YamlList list)
        {
            Wrong(key, node);
            return [];
        }
        List<string> texts = [];
        foreach (var item in list.Items)
            if (item is YamlScalar { IsNull: false } scalar) texts.Add(scalar.Text);
            else _problems.Error(item.Location, $"An item of '{key}' of {What} is {item.What}. Each must be a text.");
        return texts;
    }

    /// <summary>Columns with their types: <c>{ carrier: string }</c>.</summary>
    public IReadOnlyList<Field> Fields(string key)
    {
        List<Field> fields = [];
        foreach (var (name, value) in Map(key))
            if (value is not YamlScalar { IsNull: false } scalar) _problems.Error(value.Location, $"'{name.Text}' in '{key}' of {What} is {value.What}. It must be a type: {FeatureType.KnownNames}.");
            else if (Type(scalar.Text, scalar.Location, $"'{name.Text}' in '{key}' of {What}") is { } type) fields.Add(new(name.Text, type));
        return fields;
    }

    /// <summary>Columns of the data with their types, and those that are computed: <c>{ carrier: string, late: "= arr_delay > 15" }</c>.</summary>
    public (IReadOnlyList<Field> Data, IReadOnlyList<DerivedColumn> Derived) Columns(string key)
    {
        List<Field> data = [];
        List<DerivedColumn> derived = [];
        foreach (var (name, value) in Map(key))
        {
            var what = $"'{name.Text}' in '{key}' of {What}";
            if (value is YamlMap map)
            {
                if (new MapReader(map, DefinitionKeys.DerivedColumn, $"column '{name.Text}' of {What}", _problems).Words("expression") is { } written) derived.Add(new(name.Text, written));
            }
            else if (value is not YamlScalar { IsNull: false } scalar)
                _problems.Error(value.Location, $"{Upper(what)} is {value.What}. It must be a type ({FeatureType.KnownNames}), or an expression like \"= arr_delay > 15\".");
            else if (scalar.Text.TrimStart().StartsWith('='))
            {
                if (scalar.Text.Trim()[1..].Trim() is { Length: > 0 } expression) derived.Add(new(name.Text, expression));
                else _problems.Error(scalar.Location, $"{Upper(what)} has no expression behind its '='.");
            }
            else if (scalar.Text.AsSpan().ContainsAny(s_operators) && !FeatureType.TryParse(scalar.Text, out _) && TypeNames.Near(scalar.Text) is null
                && !scalar.Text.StartsWith("decimal(", StringComparison.Ordinal))
                _problems.Error(scalar.Location, $"{Upper(what)} is '{scalar.Text}', which is not a type. If it is computed, write '= {scalar.Text}'. Types: {FeatureType.KnownNames}.");
            else if (Type(scalar.Text, scalar.Location, what) is { } type) data.Add(new(name.Text, type));
        }
        return (data, derived);
    }

    static readonly SearchValues<char> s_operators = SearchValues.Create(" +-*/%=|(");

    public SortedDictionary<string, string> TextMap(string key)
    {
        SortedDictionary<string, string> map = new(StringComparer.Ordinal);
        foreach (var (name, value) in Map(key))
            if (value is YamlScalar { IsNull: false } scalar) map[name.Text] = Expand(scalar) ?? "";
            else _problems.Error(value.Location, $"'{name.Text}' in '{key}' of {What} is {value.What}. It must be a text.");
        return map;
    }

    static string Lower(string text) => char.ToLowerInvariant(text[0]) + text[1..];

    public static string Upper(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];
}
