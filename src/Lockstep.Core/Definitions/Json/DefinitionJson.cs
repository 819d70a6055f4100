using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>
/// The form in which definitions are stored and compared: equal definitions give equal texts, whatever the order and the file in
/// which they were written. Places are not part of it. Each object begins with the number of its format; a reader refuses a newer one.
/// </summary>
public static class DefinitionJson
{
    /// <summary>Stored. Raised when a text that an older reader would misunderstand can be written.</summary>
    public const int FormatVersion = 1;

    static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }; // no HTML ever holds it; people read it

    public static string Write(Definition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return Text(json => DefinitionJsonWriter.Write(json, definition));
    }

    /// <summary>A bound version of a view, with everything that the binder found.</summary>
    public static string Write(ViewVersion version)
    {
        ArgumentNullException.ThrowIfNull(version);
        return Text(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("format", FormatVersion);
            json.WritePropertyName("view");
            DefinitionJsonWriter.Write(json, version.View);
            json.WriteString("fingerprint", version.Fingerprint);
            json.WriteString("meaning", version.Meaning);
            DefinitionJsonWriter.Fields(json, "keys", version.Keys.Fields);
            DefinitionJsonWriter.Fields(json, "features", version.Features.Fields);
            json.WriteStartArray("defaults");
            foreach (var value in version.Defaults)
                if (value.IsNull) json.WriteNullValue();
                else ValueJson.Write(json, value);
            json.WriteEndArray();
            json.WriteStartArray("sources");
            foreach (var source in version.Sources.OrderBy(s => s.Key, StringComparer.Ordinal)) DefinitionJsonWriter.Write(json, source.Value);
            json.WriteEndArray();
            if (version.References.Count > 0)
            {
                json.WriteStartObject("references");
                foreach (var (reference, id) in version.References.OrderBy(r => r.Key, StringComparer.Ordinal)) json.WriteString(reference, id);
                json.WriteEndObject();
            }
            if (version.Constants.Count > 0)
            {
                json.WriteStartObject("constants");
                foreach (var (reference, id) in version.Constants.OrderBy(r => r.Key, StringComparer.Ordinal)) json.WriteString(reference, id);
                json.WriteEndObject();
            }
            if (version.Retired) json.WriteBoolean("retired", true);
            json.WriteEndObject();
        });
    }

    /// <exception cref="LockstepException">The text is damaged, or of a newer format.</exception>
    public static Definition Read(string text) => Parse(text, DefinitionJsonReader.Read);

    /// <exception cref="LockstepException">The text is damaged, or of a newer format.</exception>
    public static ViewVersion ReadViewVersion(string text) => Parse(text, json =>
    {
        CheckFormat(json);
        return new ViewVersion
        {
            View = (FeatureView)DefinitionJsonReader.Read(json.GetProperty("view")),
            Fingerprint = json.GetProperty("fingerprint").GetString()!,
            Meaning = json.GetProperty("meaning").GetString()!,
            Keys = new(DefinitionJsonReader.Fields(json, "keys")),
            Features = new(DefinitionJsonReader.Fields(json, "features")),
            Defaults = [.. json.GetProperty("defaults").EnumerateArray().Select(v => v.ValueKind == JsonValueKind.Null ? Value.Null : ValueJson.Read(v))],
            Sources = new SortedDictionary<string, Source>(json.GetProperty("sources").EnumerateArray().Select(s => (Source)DefinitionJsonReader.Read(s)).ToDictionary(s => s.Name), StringComparer.Ordinal),
            References = new SortedDictionary<string, string>(json.TryGetProperty("references", out var references)
                ? references.EnumerateObject().ToDictionary(r => r.Name, r => r.Value.GetString()!) : [], StringComparer.Ordinal),
            Constants = new SortedDictionary<string, string>(json.TryGetProperty("constants", out var constants)
                ? constants.EnumerateObject().ToDictionary(r => r.Name, r => r.Value.GetString()!) : [], StringComparer.Ordinal),
            Retired = json.TryGetProperty("retired", out var retired) && retired.GetBoolean(),
        };
    });

    internal static void CheckFormat(JsonElement json)
    {
        var format = json.GetProperty("format").GetInt32();
        if (format is < 1 or > FormatVersion)
            throw new LockstepException(ErrorKind.Failed, $"A stored definition has format {format}; this version of Lockstep reads formats up to {FormatVersion}. Use the version that wrote it, or a newer one.");
    }

    static T Parse<T>(string text, Func<JsonElement, T> read)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            using var document = JsonDocument.Parse(text);
            return read(document.RootElement);
        }
        catch (Exception damaged) when (damaged is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or InvalidCastException or ArgumentException)
        {
            throw new LockstepException(ErrorKind.Failed, $"A stored definition is damaged: {damaged.Message} It begins with: {text[..Math.Min(text.Length, 80)]}", damaged);
        }
    }

    static string Text(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, Options)) write(json);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
