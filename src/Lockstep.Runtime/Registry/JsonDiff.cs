using System.Text;
using System.Text.Json;

namespace Lockstep.Runtime.Registry;

/// <summary>One property that differs: <c>features.wind.type: float32 -> float64</c>. Null: it is not there on that side.</summary>
public sealed record PropertyChange(string Path, string? Old, string? New)
{
    public override string ToString() => $"{Path}: {Old ?? "(none)"} -> {New ?? "(none)"}";
}

/// <summary>
/// What differs between two JSON texts, property by property. Elements of a list that have a <c>name</c> are matched by it,
/// others by their whole text; when only the order differs, that is said once. Where one side has nothing, the other is shown whole.
/// </summary>
internal static class JsonDiff
{
    public static IReadOnlyList<PropertyChange> Compare(string before, string after)
    {
        using var left = JsonDocument.Parse(before);
        using var right = JsonDocument.Parse(after);
        List<PropertyChange> changes = [];
        Compare("", left.RootElement, right.RootElement, changes);
        return changes;
    }

    static void Compare(string path, JsonElement left, JsonElement right, List<PropertyChange> changes)
    {
        if (left.ValueKind == JsonValueKind.Object && right.ValueKind == JsonValueKind.Object) Objects(path, left, right, changes);
        else if (left.ValueKind == JsonValueKind.Array && right.ValueKind == JsonValueKind.Array)
        {
            if (Named(left) is { } a && Named(right) is { } b) NamedLists(path, a, b, changes);
            else Lists(path, left, right, changes);
        }
        else if (Text(left) is var x && Text(right) is var y && (x != y || left.ValueKind != right.ValueKind)) changes.Add(new(path, Visible(left, x), Visible(right, y)));
    }

    static void Objects(string path, JsonElement left, JsonElement right, List<PropertyChange> changes)
    {
        foreach (var property in left.EnumerateObject())
        {
            var name = Join(path, property.Name);
            if (!right.TryGetProperty(property.Name, out var other)) changes.Add(new(name, PropertyText(property), null));
            else if (IsValue(property) && Text(property.Value) != Text(other)) changes.Add(new(name, PropertyText(property), ValueText(other)));
            else Compare(name, property.Value, other, changes);
        }
        foreach (var property in right.EnumerateObject())
            if (!left.TryGetProperty(property.Name, out _)) changes.Add(new(Join(path, property.Name), null, PropertyText(property)));
    }

    static void NamedLists(string path, List<(string Name, JsonElement Value)> left, List<(string Name, JsonElement Value)> right, List<PropertyChange> changes)
    {
        foreach (var (name, value) in left)
            if (right.Find(r => r.Name == name) is { Name: not null } other) Compare(Join(path, name), value, other.Value, changes);
            else changes.Add(new(Join(path, name), Text(value, named: true), null));
        foreach (var (name, value) in right)
            if (!left.Exists(l => l.Name == name)) changes.Add(new(Join(path, name), null, Text(value, named: true)));
        Order(path, left.ConvertAll(l => l.Name), right.ConvertAll(r => r.Name), changes);
    }

    static void Lists(string path, JsonElement left, JsonElement right, List<PropertyChange> changes)
    {
        var before = left.EnumerateArray().Select(Text).ToList();
        var after = right.EnumerateArray().Select(Text).ToList();
        foreach (var text in Without(before, after)) changes.Add(new(path, text, null));
        foreach (var text in Without(after, before)) changes.Add(new(path, null, text));
        Order(path, before, after, changes);
    }

    // Said only for what both sides have: an added element does not move the others.
    static void Order(string path, List<string> before, List<string> after, List<PropertyChange> changes)
    {
        var left = before.Where(after.Contains).ToList();
        var right = after.Where(before.Contains).ToList();
        if (left.Count == right.Count && !left.SequenceEqual(right)) changes.Add(new($"order of {path}", string.Join(", ", left), string.Join(", ", right)));
    }

    static List<string> Without(List<string> all, List<string> taken)
    {
        var rest = new List<string>(taken);
        return all.FindAll(text => !rest.Remove(text));
    }

    static List<(string Name, JsonElement Value)>? Named(JsonElement list)
    {
        List<(string, JsonElement)> named = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (var element in list.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty("name", out var name) || name.ValueKind != JsonValueKind.String || !seen.Add(name.GetString()!)) return null;
            named.Add((name.GetString()!, element));
        }
        return named;
    }

    static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    static string? Visible(JsonElement element, string text) => element.ValueKind == JsonValueKind.Null ? null : text.Length == 0 ? "\"\"" : text;

    // A default is stored with its type, {"float64":"0"}; authors write the value alone.
    static bool IsValue(JsonProperty property) => property.Name == "default" && property.Value.ValueKind == JsonValueKind.Object;
    static string PropertyText(JsonProperty property) => IsValue(property) ? ValueText(property.Value) : Text(property.Value);

    static string ValueText(JsonElement value) => value.ValueKind == JsonValueKind.Object && value.EnumerateObject().ToList() is [var only]
        ? only.Value.ValueKind == JsonValueKind.Array ? $"[{string.Join(", ", only.Value.EnumerateArray().Select(ValueText))}]" : Text(only.Value)
        : Text(value);

    static string Text(JsonElement element) => Text(element, named: false);

    /// <summary>As an author would write it on one line of YAML.</summary>
    /// <param name="named">The name stands before it already.</param>
    static string Text(JsonElement element, bool named)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String: return element.GetString()!;
            case JsonValueKind.Array: return $"[{string.Join(", ", element.EnumerateArray().Select(Text))}]";
            case JsonValueKind.Object:
                var text = new StringBuilder("{");
                foreach (var property in element.EnumerateObject().Where(p => !named || p.Name != "name"))
                    text.Append(text.Length > 1 ? ", " : " ").Append(property.Name).Append(": ").Append(PropertyText(property));
                return text.Append(text.Length > 1 ? " }" : "}").ToString();
            default: return element.GetRawText();
        }
    }
}
