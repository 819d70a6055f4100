using Lockstep.Core.Definitions;
using Lockstep.Core.Definitions.Yaml;
using Lockstep.Core.Rows;

namespace Lockstep.Core.FeatureTests;

/// <summary>A value as a test file writes it: it gets its type from the column or feature that it is of.</summary>
public sealed class TestValue
{
    readonly YamlNode _node;

    internal TestValue(YamlNode node) => _node = node;

    public Location Location => _node.Location;
    public bool IsNull => _node is YamlScalar { IsNull: true };

    /// <summary>The text of a single value; null for a list.</summary>
    public string? Text => (_node as YamlScalar)?.Text;

    /// <summary>The elements of a list; null for a single value.</summary>
    public IReadOnlyList<TestValue>? Items => (_node as YamlList)?.Items.Select(i => new TestValue(i)).ToList();

    /// <summary>The value in a type; false when it is none of it. A float is rounded to the nearest.</summary>
    public bool TryRead(FeatureType type, out Value value)
    {
        ArgumentNullException.ThrowIfNull(type);
        value = Value.Null;
        if (IsNull) return true;
        if (Items is not { } items) return Text is { } text && type.Kind != TypeKind.List && ValueText.TryParse(text, type, out value);
        if (type.Kind != TypeKind.List) return false;
        var elements = new Value[items.Count];
        for (var i = 0; i < elements.Length; i++)
            if (!items[i].TryRead(type.Element!, out elements[i])) return false;
        value = Value.List(elements);
        return true;
    }

    /// <summary>The narrowest type that all values fit, for columns of which nothing else is known; text when there is none.</summary>
    public static FeatureType TypeOf(IEnumerable<TestValue> values)
    {
        var all = values.Where(v => !v.IsNull).ToList();
        if (all.Count > 0 && all.TrueForAll(v => v.Items is not null)) return FeatureType.List(TypeOf(all.SelectMany(v => v.Items!)));
        foreach (var type in (ReadOnlySpan<FeatureType>)[FeatureType.Bool, FeatureType.Int64, FeatureType.Float64, FeatureType.Timestamp])
            if (all.Count > 0 && all.TrueForAll(v => v.TryRead(type, out _))) return type;
        return FeatureType.String;
    }

    /// <summary>As in the file, for messages.</summary>
    public override string ToString() => _node switch
    {
        YamlScalar { IsNull: true } => "null",
        YamlScalar scalar => scalar.Text,
        YamlList => $"[{string.Join(", ", Items!)}]",
        _ => _node.What,
    };
}
