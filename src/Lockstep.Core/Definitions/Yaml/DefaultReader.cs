using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions.Yaml;

/// <summary>Reads <c>default:</c>: as the feature's type where it is known, else as what the text looks like.</summary>
internal static class DefaultReader
{
    /// <summary>The value; null, with a problem reported, when it does not fit the type.</summary>
    public static Value Read(MapReader map, FeatureType type)
    {
        if (map.Find("default") is not { } node) return Value.Null;
        if (TryRead(node, type, out var value)) return value;
        map.Wrong("default", node, $"a value of type {type}, {ValueText.Expected(type)}");
        return Value.Null;
    }

    static bool TryRead(YamlNode node, FeatureType type, out Value value)
    {
        value = Value.Null;
        if (node is YamlScalar { IsNull: false } scalar) return ValueText.TryParse(scalar.Text, type, out value);
        if (node is not YamlList list || type.Kind != TypeKind.List) return false;
        var elements = new Value[list.Items.Count];
        for (var i = 0; i < elements.Length; i++)
            if (!TryRead(list.Items[i], type.Element!, out elements[i])) return false;
        value = Value.List(elements);
        return true;
    }

    /// <summary>For features whose type follows from what they compute: a plain scalar is a bool, an int64 or a float64 where it looks like one.</summary>
    public static Value ReadUntyped(MapReader map)
    {
        if (map.Find("default") is not { } node) return Value.Null;
        if (node is not YamlScalar scalar)
        {
            map.Wrong("default", node, "a single value");
            return Value.Null;
        }
        if (!scalar.Plain) return Value.Of(scalar.Text);
        foreach (var type in (ReadOnlySpan<FeatureType>)[FeatureType.Bool, FeatureType.Int64, FeatureType.Float64])
            if (ValueText.TryParse(scalar.Text, type, out var value)) return value;
        return Value.Of(scalar.Text);
    }
}
