using System.Globalization;
using System.Text.Json;

namespace Lockstep.Core.Definitions.Avro;

/// <summary>The schemas of a stream's messages; all are records.</summary>
/// <param name="Written">What messages were written with; null: each names one of <paramref name="ById"/>.</param>
/// <param name="ById">Of Confluent's wire format, by the ids that stand in front of messages; empty: any id is <paramref name="Written"/>.</param>
/// <param name="Reader">Its names, aliases and defaults are the ones to read by; null: those of the writer.</param>
public sealed record AvroSchemas(AvroSchema? Written, IReadOnlyDictionary<int, AvroSchema> ById, AvroSchema? Reader)
{
    static readonly Dictionary<int, AvroSchema> None = [];

    public static AvroSchemas Of(AvroSchema schema) => new(schema, None, null);

    /// <exception cref="FormatException">They are not right; the message says why.</exception>
    public static AvroSchemas Of(KafkaStreamSource stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var schema = stream.Schema is { } text ? Record(text, "'schema'") : null;
        if (stream.Schemas is null) return schema is null ? throw new FormatException("an Avro stream needs 'schema', the schema of its messages") : Of(schema);
        foreach (var field in schema?.Fields ?? [])
            if (field.Default is { } value) AvroDefault.Encode(field, value);
        foreach (var twice in (schema?.Fields ?? []).SelectMany(f => f.Aliases.Append(f.Name)).GroupBy(n => n).Where(n => n.Count() > 1))
            throw new FormatException($"'schema' has two fields that are called, or also called, '{twice.Key}'");
        Dictionary<int, AvroSchema> byId = [];
        using var all = JsonDocument.Parse(stream.Schemas);
        foreach (var one in all.RootElement.EnumerateObject())
        {
            if (!int.TryParse(one.Name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id)) throw new FormatException($"'schemas' names '{one.Name}'; the id of a schema is a whole number");
            byId[id] = Record(one.Value.GetRawText(), $"schema {id}");
        }
        return byId.Count > 0 ? new(null, byId, schema) : throw new FormatException("'schemas' is empty");
    }

    static AvroSchema Record(string json, string what)
    {
        try
        {
            return AvroSchema.Parse(json) is { Kind: AvroKind.Record } record ? record : throw new FormatException("it is no record, and an event is one");
        }
        catch (FormatException e)
        {
            throw new FormatException($"{what} is not an Avro schema of events: {e.Message}", e);
        }
    }

    /// <summary>The records that messages are written as.</summary>
    public IEnumerable<AvroSchema> Writers => Written is { } one ? [one] : ById.Values;

    /// <summary>Whether messages of every writer have a value for a column.</summary>
    public bool HasEverywhere(string column) => Reader?.Fields.FirstOrDefault(f => f.Name == column) is { } field
        ? field.Default is not null || Writers.All(w => IndexIn(w, column) >= 0)
        : Writers.All(w => IndexIn(w, column) >= 0);

    /// <summary>The writer's field that fills a column: of its name, or of another that the reader's schema gives it; -1: none.</summary>
    public int IndexIn(AvroSchema writer, string column)
    {
        ArgumentNullException.ThrowIfNull(writer);
        foreach (var name in (IEnumerable<string>)[column, .. Reader?.Fields.FirstOrDefault(f => f.Name == column)?.Aliases ?? []])
            for (var i = 0; i < writer.Fields.Count; i++)
                if (writer.Fields[i].Name == name) return i;
        return -1;
    }
}
