namespace Lockstep.Core.Rows;

/// <summary>A named, typed column of a table, a batch or a row.</summary>
public sealed record Field(string Name, FeatureType Type)
{
    public override string ToString() => $"{Name} {Type}";
}

/// <summary>Columns in order. Names are case-sensitive and occur once.</summary>
public sealed class Schema : IEquatable<Schema>
{
    readonly Dictionary<string, int> _ordinals;

    public Schema(IEnumerable<Field> fields)
    {
        Fields = [.. fields];
        _ordinals = new(Fields.Count, StringComparer.Ordinal);
        for (var i = 0; i < Fields.Count; i++)
            if (!_ordinals.TryAdd(Fields[i].Name, i))
                throw new ArgumentException($"Column '{Fields[i].Name}' occurs twice.", nameof(fields));
    }

    public IReadOnlyList<Field> Fields { get; }

    /// <summary>Columns of the table that this was read from which are no part of it, because their types are not of S2.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];
    public int Count => Fields.Count;
    public Field this[int ordinal] => Fields[ordinal];

    /// <returns>The place of the column, or -1.</returns>
    public int IndexOf(string name) => _ordinals.TryGetValue(name, out var ordinal) ? ordinal : -1;

    public bool Equals(Schema? other) => other is not null && Fields.SequenceEqual(other.Fields);
    public override bool Equals(object? obj) => Equals(obj as Schema);
    public override int GetHashCode() => Fields.Aggregate(Count, HashCode.Combine);
    public override string ToString() => string.Join(", ", Fields);
}
