using System.Text.Json;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>Reads actions from their JSON. What is missing or of another type throws <see cref="JsonException"/>: the caller knows the file and line.</summary>
internal static class ActionReader
{
    /// <summary>The action of a line, or null for a kind that is not known. A row of a checkpoint has all kinds, all but one null.</summary>
    public static LogAction? Read(JsonElement line)
    {
        if (line.ValueKind != JsonValueKind.Object) throw new JsonException("an action is a JSON object");
        foreach (var property in line.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Null) continue;
            var body = property.Value;
            switch (property.Name)
            {
                case "add": return Add(body);
                case "remove": return Remove(body);
                case "metaData": return Metadata(body);
                case "protocol": return Protocol(body);
                case "txn": return new ApplicationTransaction(Text(body, "appId"), Number(body, "version")) { LastUpdated = NumberOrNull(body, "lastUpdated") };
                case "sidecar": return new CheckpointSidecar(Text(body, "path"));
                case "commitInfo": return Commit(body);
            }
        }
        return null;
    }

    static AddFile Add(JsonElement body) => new()
    {
        Path = Text(body, "path"),
        PartitionValues = Map(body, "partitionValues") ?? throw Missing("partitionValues"),
        Size = Number(body, "size"),
        ModificationTime = Number(body, "modificationTime"),
        DataChange = BooleanOrNull(body, "dataChange") ?? true,
        Stats = TextOrNull(body, "stats"),
        Tags = Map(body, "tags"),
        DeletionVector = Vector(body),
    };

    static RemoveFile Remove(JsonElement body) => new()
    {
        Path = Text(body, "path"),
        DeletionTimestamp = NumberOrNull(body, "deletionTimestamp") ?? 0,
        DataChange = BooleanOrNull(body, "dataChange") ?? true,
        PartitionValues = Map(body, "partitionValues"),
        Size = NumberOrNull(body, "size"),
        DeletionVector = Vector(body),
    };

    static TableMetadata Metadata(JsonElement body) => new()
    {
        Id = Text(body, "id"),
        Name = TextOrNull(body, "name"),
        Description = TextOrNull(body, "description"),
        Provider = body.TryGetProperty("format", out var format) && format.ValueKind == JsonValueKind.Object ? TextOrNull(format, "provider") ?? "parquet" : "parquet",
        SchemaJson = Text(body, "schemaString"),
        PartitionColumns = List(body, "partitionColumns") ?? [],
        Configuration = Map(body, "configuration")?.Where(p => p.Value is not null).ToDictionary(p => p.Key, p => p.Value!, StringComparer.Ordinal) ?? [],
        CreatedTime = NumberOrNull(body, "createdTime"),
    };

    static TableProtocol Protocol(JsonElement body) => new()
    {
        MinReaderVersion = checked((int)Number(body, "minReaderVersion")),
        MinWriterVersion = checked((int)Number(body, "minWriterVersion")),
        ReaderFeatures = List(body, "readerFeatures"),
        WriterFeatures = List(body, "writerFeatures"),
    };

    // Nothing here decides about rows, so that what other writers put here in other types is passed over.
    static CommitInfo Commit(JsonElement body)
    {
        var ours = body.TryGetProperty("lockstep", out var lockstep) && lockstep.ValueKind == JsonValueKind.Object ? lockstep : default;
        return new()
        {
            Timestamp = NumberOrNull(body, "timestamp"),
            InCommitTimestamp = NumberOrNull(body, "inCommitTimestamp"),
            Operation = LooseText(body, "operation"),
            OperationParameters = LooseMap(body, "operationParameters"),
            OperationMetrics = LooseMap(body, "operationMetrics"),
            EngineInfo = LooseText(body, "engineInfo"),
            IsBlindAppend = body.TryGetProperty("isBlindAppend", out var blind) && blind.ValueKind is JsonValueKind.True or JsonValueKind.False ? blind.GetBoolean() : null,
            Project = ours.ValueKind == JsonValueKind.Object ? LooseText(ours, "project") : null,
            Run = ours.ValueKind == JsonValueKind.Object ? LooseText(ours, "run") : null,
            State = ours.ValueKind == JsonValueKind.Object ? LooseText(ours, "state") : null,
        };
    }

    static string? Vector(JsonElement body)
    {
        if (!body.TryGetProperty("deletionVector", out var vector) || vector.ValueKind != JsonValueKind.Object) return null;
        var place = TextOrNull(vector, "pathOrInlineDv");
        return place is null ? null : $"{TextOrNull(vector, "storageType")}{place}@{NumberOrNull(vector, "offset")}";
    }

    static bool Find(JsonElement body, string name, out JsonElement value)
    {
        if (body.ValueKind != JsonValueKind.Object) throw new JsonException("an action's content is a JSON object");
        return body.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
    }

    static JsonException Missing(string name) => new($"'{name}' is missing");
    static JsonException Wrong(string name, JsonElement found, string expected) => new($"'{name}' is {found.GetRawText()}, not {expected}");

    static string Text(JsonElement body, string name) => TextOrNull(body, name) ?? throw Missing(name);

    static string? TextOrNull(JsonElement body, string name)
    {
        if (!Find(body, name, out var value)) return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw Wrong(name, value, "text");
    }

    static long Number(JsonElement body, string name) => NumberOrNull(body, name) ?? throw Missing(name);

    static long? NumberOrNull(JsonElement body, string name)
    {
        if (!Find(body, name, out var value)) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number)) return number;
        throw Wrong(name, value, "a whole number");
    }

    static bool? BooleanOrNull(JsonElement body, string name)
    {
        if (!Find(body, name, out var value)) return null;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(name, value, "true or false");
    }

    static List<string>? List(JsonElement body, string name)
    {
        if (!Find(body, name, out var value)) return null;
        if (value.ValueKind != JsonValueKind.Array) throw Wrong(name, value, "a list of texts");
        return [.. value.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.String ? e.GetString()! : throw Wrong(name, e, "text"))];
    }

    static Dictionary<string, string?>? Map(JsonElement body, string name)
    {
        if (!Find(body, name, out var value)) return null;
        if (value.ValueKind != JsonValueKind.Object) throw Wrong(name, value, "an object");
        Dictionary<string, string?> map = new(StringComparer.Ordinal);
        foreach (var entry in value.EnumerateObject())
            map[entry.Name] = entry.Value.ValueKind switch
            {
                JsonValueKind.String => entry.Value.GetString(),
                JsonValueKind.Null => null,
                _ => throw Wrong($"{name}.{entry.Name}", entry.Value, "text"),
            };
        return map;
    }

    static string? LooseText(JsonElement body, string name)
        => body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    static Dictionary<string, string> LooseMap(JsonElement body, string name)
        => body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object
            ? value.EnumerateObject().DistinctBy(e => e.Name).ToDictionary(e => e.Name, e => e.Value.ToString(), StringComparer.Ordinal) : [];
}
