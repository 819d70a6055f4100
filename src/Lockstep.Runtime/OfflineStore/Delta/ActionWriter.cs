using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>Writes actions as the lines of a commit.</summary>
internal static class ActionWriter
{
    static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Write(IEnumerable<LogAction> actions)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using var json = new Utf8JsonWriter(buffer, Options);
        foreach (var action in actions)
        {
            json.WriteStartObject();
            Write(json, action);
            json.WriteEndObject();
            json.Flush();
            json.Reset();
            buffer.Write("\n"u8);
        }
        return buffer.WrittenSpan.ToArray();
    }

    static void Write(Utf8JsonWriter json, LogAction action)
    {
        switch (action)
        {
            case AddFile a:
                json.WriteStartObject("add");
                json.WriteString("path", a.Path);
                Map(json, "partitionValues", a.PartitionValues);
                json.WriteNumber("size", a.Size);
                json.WriteNumber("modificationTime", a.ModificationTime);
                json.WriteBoolean("dataChange", a.DataChange);
                if (a.Stats is not null) json.WriteString("stats", a.Stats);
                if (a.Tags is not null) Map(json, "tags", a.Tags);
                break;
            case RemoveFile r:
                json.WriteStartObject("remove");
                json.WriteString("path", r.Path);
                json.WriteNumber("deletionTimestamp", r.DeletionTimestamp);
                json.WriteBoolean("dataChange", r.DataChange);
                json.WriteBoolean("extendedFileMetadata", r.PartitionValues is not null && r.Size is not null);
                if (r.PartitionValues is not null) Map(json, "partitionValues", r.PartitionValues);
                if (r.Size is { } size) json.WriteNumber("size", size);
                break;
            case TableMetadata m:
                json.WriteStartObject("metaData");
                json.WriteString("id", m.Id);
                if (m.Name is not null) json.WriteString("name", m.Name);
                if (m.Description is not null) json.WriteString("description", m.Description);
                json.WriteStartObject("format");
                json.WriteString("provider", m.Provider);
                json.WriteStartObject("options");
                json.WriteEndObject();
                json.WriteEndObject();
                json.WriteString("schemaString", m.SchemaJson);
                List(json, "partitionColumns", m.PartitionColumns);
                Map(json, "configuration", m.Configuration);
                if (m.CreatedTime is { } created) json.WriteNumber("createdTime", created);
                break;
            case TableProtocol p:
                json.WriteStartObject("protocol");
                json.WriteNumber("minReaderVersion", p.MinReaderVersion);
                json.WriteNumber("minWriterVersion", p.MinWriterVersion);
                if (p.ReaderFeatures is not null) List(json, "readerFeatures", p.ReaderFeatures);
                if (p.WriterFeatures is not null) List(json, "writerFeatures", p.WriterFeatures);
                break;
            case ApplicationTransaction t:
                json.WriteStartObject("txn");
                json.WriteString("appId", t.AppId);
                json.WriteNumber("version", t.Version);
                if (t.LastUpdated is { } updated) json.WriteNumber("lastUpdated", updated);
                break;
            case CommitInfo c:
                json.WriteStartObject("commitInfo");
                if (c.Timestamp is { } timestamp) json.WriteNumber("timestamp", timestamp);
                json.WriteString("operation", c.Operation);
                Map(json, "operationParameters", c.OperationParameters);
                Map(json, "operationMetrics", c.OperationMetrics);
                if (c.IsBlindAppend is { } blind) json.WriteBoolean("isBlindAppend", blind);
                if (c.EngineInfo is not null) json.WriteString("engineInfo", c.EngineInfo);
                if (c.Project is not null || c.Run is not null || c.State is not null)
                {
                    json.WriteStartObject("lockstep");
                    if (c.Project is not null) json.WriteString("project", c.Project);
                    if (c.Run is not null) json.WriteString("run", c.Run);
                    if (c.State is not null) json.WriteString("state", c.State);
                    json.WriteEndObject();
                }
                break;
            default:
                throw new NotSupportedException($"No way to write {action.GetType().Name}.");
        }
        json.WriteEndObject();
    }

    static void Map<T>(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, T> map) where T : class?
    {
        json.WriteStartObject(name);
        foreach (var (key, value) in map) json.WriteString(key, value as string);
        json.WriteEndObject();
    }

    static void List(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }
}
