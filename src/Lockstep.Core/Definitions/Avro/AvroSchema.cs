namespace Lockstep.Core.Definitions.Avro;

public enum AvroKind : byte { Null, Boolean, Int, Long, Float, Double, Bytes, String, Record, Enum, Array, Map, Fixed, Union }

/// <summary>What a schema says of its bytes beyond their kind. Logical types that Avro does not know, or that do not fit their kind, are none.</summary>
public enum AvroLogical : byte { None, Date, TimestampMillis, TimestampMicros, TimestampNanos, Decimal, Uuid }

/// <summary>A schema of Avro 1.12. A type may contain itself, so the tree may have circles.</summary>
public sealed class AvroSchema
{
    internal AvroSchema(AvroKind kind) => Kind = kind;

    public AvroKind Kind { get; }
    public AvroLogical Logical { get; internal init; }

    /// <summary>Digits behind the point; only of <see cref="AvroLogical.Decimal"/>.</summary>
    public int Scale { get; internal init; }

    /// <summary>Bytes of a <see cref="AvroKind.Fixed"/>.</summary>
    public int Size { get; internal init; }

    /// <summary>With its namespace; only records, enums and fixed have one.</summary>
    public string? Name { get; internal init; }

    /// <summary>Of a record, in the order in which they are written.</summary>
    public IReadOnlyList<AvroField> Fields { get; internal set; } = [];

    /// <summary>Of an enum.</summary>
    public IReadOnlyList<string> Symbols { get; internal init; } = [];

    /// <summary>Of a union.</summary>
    public IReadOnlyList<AvroSchema> Branches { get; internal init; } = [];

    /// <summary>Elements of an array, values of a map.</summary>
    public AvroSchema? Items { get; internal init; }

    /// <exception cref="FormatException">It is no schema; the message says where.</exception>
    public static AvroSchema Parse(string json) => new AvroSchemaParser().Parse(json);

    public override string ToString() => Name ?? (Logical == AvroLogical.None ? Kind.ToString().ToLowerInvariant() : $"{Kind.ToString().ToLowerInvariant()} ({Logical})");
}

/// <param name="Name">As written.</param>
/// <param name="Schema">Of its values.</param>
/// <param name="Aliases">Other names that a writer may have given it.</param>
/// <param name="Default">JSON; null: there is none.</param>
public sealed record AvroField(string Name, AvroSchema Schema, IReadOnlyList<string> Aliases, string? Default);
