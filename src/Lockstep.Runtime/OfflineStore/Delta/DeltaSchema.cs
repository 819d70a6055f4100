using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lockstep.Core;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>A column as the log describes it. <see cref="Type"/> is null for what is not of S2: structs, maps, variants.</summary>
internal sealed record DeltaColumn(string Name, string TypeText, FeatureType? Type, bool Nullable, JsonElement Metadata);

/// <summary>The schema of a table, in the log's JSON and as ours.</summary>
internal sealed class DeltaSchema
{
    readonly string _json;

    DeltaSchema(string json, IReadOnlyList<DeltaColumn> columns)
    {
        _json = json;
        Columns = columns;
        Known = new(columns.Where(c => c.Type is not null).Select(c => new Field(c.Name, c.Type!)));
    }

    public IReadOnlyList<DeltaColumn> Columns { get; }

    /// <summary>The columns of types that features can have (S2), in order.</summary>
    public Schema Known { get; }

    /// <exception cref="JsonException">It is not a schema.</exception>
    public static DeltaSchema Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        if (!document.RootElement.TryGetProperty("fields", out var fields) || fields.ValueKind != JsonValueKind.Array) throw new JsonException("the schema has no fields");
        List<DeltaColumn> columns = [];
        foreach (var field in fields.EnumerateArray())
        {
            if (!field.TryGetProperty("name", out var name) || name.ValueKind != JsonValueKind.String || !field.TryGetProperty("type", out var type))
                throw new JsonException("a column of the schema has no name or no type");
            columns.Add(new(name.GetString()!, type.ValueKind == JsonValueKind.String ? type.GetString()! : type.GetRawText(), TypeOf(type),
                !field.TryGetProperty("nullable", out var nullable) || nullable.ValueKind != JsonValueKind.False,
                field.TryGetProperty("metadata", out var metadata) ? metadata.Clone() : default));
        }
        return new(json, columns);
    }

    public static string ToJson(Schema schema)
        => new JsonObject { ["type"] = "struct", ["fields"] = new JsonArray([.. schema.Fields.Select(JsonOf)]) }.ToJsonString(Relaxed);

    /// <summary>The same with columns added at the end; everything else stays as it was written.</summary>
    public string WithAdded(IEnumerable<Field> added)
    {
        var root = JsonNode.Parse(_json)!.AsObject();
        foreach (var field in added) root["fields"]!.AsArray().Add(JsonOf(field));
        return root.ToJsonString(Relaxed);
    }

    /// <summary>Whether these are the columns, in this order, as we would write them.</summary>
    public bool IsExactly(Schema schema)
        => schema.Count == Columns.Count && Columns.Zip(schema.Fields).All(p => p.First.Name == p.Second.Name && p.First.Nullable && IsStoredAs(p.First, p.Second.Type));

    /// <summary>The columns of rows that the table lacks; rows that do not fit into those it has are a conflict.</summary>
    public List<Field> AddedBy(Schema rows, string table)
    {
        List<Field> added = [];
        foreach (var field in rows.Fields)
        {
            var column = Columns.FirstOrDefault(c => string.Equals(c.Name, field.Name, StringComparison.OrdinalIgnoreCase));
            if (column is null) added.Add(field);
            else if (column.Name != field.Name)
                throw new LockstepException(ErrorKind.Conflict, $"{table}: the rows' column '{field.Name}' differs from the table's '{column.Name}' only in case. Use the table's name.");
            else if (!IsStoredAs(column, field.Type))
                throw new LockstepException(ErrorKind.Conflict, $"{table}: column '{field.Name}' is {column.TypeText} in the table and {field.Type} in the rows. A column keeps its type; use another name, or another version of the view.");
        }
        foreach (var column in Columns.Where(c => !c.Nullable))
            throw new LockstepException(ErrorKind.Failed, $"{table}: column '{column.Name}' must not be null, which this program does not check. Nothing was written.");
        return added;
    }

    static bool IsStoredAs(DeltaColumn column, FeatureType type)
    {
        if (type.Kind != TypeKind.List) return JsonOf(type).GetValue<string>() == column.TypeText;
        var (mine, theirs) = (JsonOf(type), column.TypeText.StartsWith('{') ? JsonNode.Parse(column.TypeText) : null);
        return theirs is not null && ElementOf(mine) == ElementOf(theirs);
    }

    // array<array<double>> as [[double, and whether elements can be null.
    static string ElementOf(JsonNode type) => type is JsonObject list && list.ContainsKey("elementType")
        ? $"[{list["containsNull"]}{ElementOf(list["elementType"]!)}" : type.ToJsonString();

    static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    static JsonNode JsonOf(Field field) => new JsonObject
    {
        ["name"] = field.Name,
        ["type"] = JsonOf(field.Type),
        ["nullable"] = true,
        ["metadata"] = new JsonObject(),
    };

    static JsonNode JsonOf(FeatureType type) => type.Kind switch
    {
        TypeKind.Bool => "boolean",
        TypeKind.Int32 => "integer",
        TypeKind.Int64 => "long",
        TypeKind.Float32 => "float",
        TypeKind.Float64 => "double",
        TypeKind.Decimal => string.Create(CultureInfo.InvariantCulture, $"decimal({type.Precision},{type.Scale})"),
        TypeKind.String => "string",
        TypeKind.Bytes => "binary",
        TypeKind.Timestamp => "timestamp",
        TypeKind.Date => "date",
        TypeKind.List => new JsonObject { ["type"] = "array", ["elementType"] = JsonOf(type.Element!), ["containsNull"] = true },
        _ => throw new NotSupportedException($"No Delta type for {type}."),
    };

    static FeatureType? TypeOf(JsonElement type)
    {
        if (type.ValueKind == JsonValueKind.Object)
            return type.TryGetProperty("type", out var kind) && kind.ValueEquals("array") && type.TryGetProperty("elementType", out var element) && TypeOf(element) is { } inner
                ? FeatureType.List(inner) : null;
        return type.ValueKind == JsonValueKind.String ? TypeOf(type.GetString()!) : null;
    }

    /// <summary>The type that holds every value of a Delta type; null when there is none.</summary>
    public static FeatureType? TypeOf(string name) => name switch
    {
        "boolean" => FeatureType.Bool,
        "byte" or "short" or "integer" => FeatureType.Int32,
        "long" => FeatureType.Int64,
        "float" => FeatureType.Float32,
        "double" => FeatureType.Float64,
        "string" => FeatureType.String,
        "binary" => FeatureType.Bytes,
        "date" => FeatureType.Date,
        "timestamp" or "timestamp_ntz" => FeatureType.Timestamp, // S1: without an offset it is UTC
        "decimal" => FeatureType.Decimal(10, 0),
        _ => name.StartsWith("decimal(", StringComparison.Ordinal) && FeatureType.TryParse(name, out var type) ? type : null,
    };
}
