using System.Text.Json;

namespace Lockstep.Core.Definitions.Avro;

/// <summary>Reads one schema from JSON. Names are known from where they are defined on, as Avro has it.</summary>
sealed class AvroSchemaParser
{
    static readonly JsonDocumentOptions Options = new() { MaxDepth = 64 };
    static readonly Dictionary<string, AvroKind> Primitives = new(StringComparer.Ordinal)
    {
        ["null"] = AvroKind.Null,
        ["boolean"] = AvroKind.Boolean,
        ["int"] = AvroKind.Int,
        ["long"] = AvroKind.Long,
        ["float"] = AvroKind.Float,
        ["double"] = AvroKind.Double,
        ["bytes"] = AvroKind.Bytes,
        ["string"] = AvroKind.String,
    };

    readonly Dictionary<string, AvroSchema> _named = new(StringComparer.Ordinal);

    public AvroSchema Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Options);
            return Read(document.RootElement, "", "the schema");
        }
        catch (JsonException e)
        {
            throw new FormatException($"it is not JSON: {e.Message}", e);
        }
    }

    AvroSchema Read(JsonElement json, string space, string where) => json.ValueKind switch
    {
        JsonValueKind.Null => new(AvroKind.Null), // written in YAML without quotes
        JsonValueKind.String => Named(json.GetString()!, space, where),
        JsonValueKind.Array => Union(json, space, where),
        JsonValueKind.Object => Complex(json, space, where),
        _ => throw new FormatException($"{where} is {json.GetRawText()}; a type is a name, a mapping with 'type', or a list of types"),
    };

    AvroSchema Named(string name, string space, string where)
    {
        if (Primitives.TryGetValue(name, out var kind)) return new(kind);
        if (_named.TryGetValue(Full(name, space), out var found) || _named.TryGetValue(name, out found)) return found;
        throw new FormatException($"{where} is of type '{name}', which is not known there.{NearestName.Hint(name, Primitives.Keys.Concat(["record", "enum", "array", "map", "fixed"]).Concat(_named.Keys), "Types")}");
    }

    AvroSchema Union(JsonElement json, string space, string where)
    {
        List<AvroSchema> branches = [];
        foreach (var branch in json.EnumerateArray()) branches.Add(Read(branch, space, $"branch {branches.Count} of {where}"));
        if (branches.Count == 0) throw new FormatException($"{where} is a union of nothing");
        if (branches.Any(b => b.Kind == AvroKind.Union)) throw new FormatException($"{where} is a union that holds a union");
        return new(AvroKind.Union) { Branches = branches };
    }

    AvroSchema Complex(JsonElement json, string space, string where)
    {
        if (!json.TryGetProperty("type", out var type)) throw new FormatException($"{where} has no 'type'");
        if (type.ValueKind != JsonValueKind.String) return Read(type, space, where);
        switch (type.GetString())
        {
            case "record" or "error":
                return Record(json, space, where);
            case "enum":
                List<string> symbols = [.. List(json, "symbols", where).Select(s => s.ValueKind == JsonValueKind.String ? s.GetString()! : throw new FormatException($"a symbol of {where} is {s.GetRawText()}; it must be a text"))];
                return Define(new(AvroKind.Enum) { Name = NameOf(json, space, where), Symbols = symbols }, json, space, where);
            case "array":
                return new(AvroKind.Array) { Items = Read(Part(json, "items", where), space, $"the items of {where}") };
            case "map":
                return new(AvroKind.Map) { Items = Read(Part(json, "values", where), space, $"the values of {where}") };
            case "fixed":
                if (Number(json, "size") is not (>= 0 and <= 1 << 20) and var size) throw new FormatException($"{where} is a fixed of {size?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "unknown"} bytes; 'size' is a number up to {1 << 20}");
                return Define(Logical(AvroKind.Fixed, json, Number(json, "size")!.Value, NameOf(json, space, where)), json, space, where);
            case { } name:
                var found = Named(name, space, where);
                return found.Name is null ? Logical(found.Kind, json, 0, null) : found;
            default:
                throw new FormatException($"{where} has no 'type'");
        }
    }

    AvroSchema Record(JsonElement json, string space, string where)
    {
        var record = Define(new(AvroKind.Record) { Name = NameOf(json, space, where) }, json, space, where);
        var inner = record.Name!.LastIndexOf('.') is >= 0 and var dot ? record.Name[..dot] : "";
        List<AvroField> fields = [];
        foreach (var field in List(json, "fields", where))
        {
            var name = field.ValueKind == JsonValueKind.Object ? Text(field, "name") : null;
            if (name is null) throw new FormatException($"field {fields.Count + 1} of {where} has no name");
            if (fields.Any(f => f.Name == name)) throw new FormatException($"{where} has the field '{name}' twice");
            fields.Add(new(name, Read(Part(field, "type", $"field '{name}'"), inner, $"field '{name}'"), Aliases(field), field.TryGetProperty("default", out var value) ? value.GetRawText() : null));
        }
        record.Fields = fields;
        return record;
    }

    AvroSchema Define(AvroSchema schema, JsonElement json, string space, string where)
    {
        if (!_named.TryAdd(schema.Name!, schema)) throw new FormatException($"{where} defines '{schema.Name}' again");
        foreach (var alias in Aliases(json)) _named.TryAdd(Full(alias, space), schema);
        return schema;
    }

    static AvroSchema Logical(AvroKind kind, JsonElement json, int size, string? name)
    {
        var (precision, scale) = (Number(json, "precision") ?? 0, Number(json, "scale") ?? 0);
        var logical = (Text(json, "logicalType"), kind) switch
        {
            ("date", AvroKind.Int) => AvroLogical.Date,
            // A local time has no zone of its own: it is taken as UTC, like a text without one (S1).
            ("timestamp-millis" or "local-timestamp-millis", AvroKind.Long) => AvroLogical.TimestampMillis,
            ("timestamp-micros" or "local-timestamp-micros", AvroKind.Long) => AvroLogical.TimestampMicros,
            ("timestamp-nanos" or "local-timestamp-nanos", AvroKind.Long) => AvroLogical.TimestampNanos,
            ("decimal", AvroKind.Bytes or AvroKind.Fixed) when precision > 0 && scale >= 0 && scale <= precision => AvroLogical.Decimal,
            ("uuid", AvroKind.String) => AvroLogical.Uuid,
            ("uuid", AvroKind.Fixed) when size == 16 => AvroLogical.Uuid,
            _ => AvroLogical.None,
        };
        return new(kind) { Logical = logical, Scale = logical == AvroLogical.Decimal ? scale : 0, Size = size, Name = name };
    }

    static string NameOf(JsonElement json, string space, string where)
        => Full(Text(json, "name") ?? throw new FormatException($"{where} is a {Text(json, "type")} without a name"), Text(json, "namespace") ?? space);

    static string Full(string name, string space) => name.Contains('.', StringComparison.Ordinal) || space.Length == 0 ? name : $"{space}.{name}";

    static JsonElement Part(JsonElement json, string key, string where) => json.TryGetProperty(key, out var part) ? part : throw new FormatException($"{where} has no '{key}'");

    static IEnumerable<JsonElement> List(JsonElement json, string key, string where)
        => Part(json, key, where) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : throw new FormatException($"'{key}' of {where} is no list");

    static List<string> Aliases(JsonElement json) => json.TryGetProperty("aliases", out var list) && list.ValueKind == JsonValueKind.Array
        ? [.. list.EnumerateArray().Where(a => a.ValueKind == JsonValueKind.String).Select(a => a.GetString()!)] : [];

    static string? Text(JsonElement json, string key) => json.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    static int? Number(JsonElement json, string key) => json.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;
}
