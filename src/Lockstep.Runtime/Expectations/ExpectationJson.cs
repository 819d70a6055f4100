using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Lockstep.Core.Expectations;

namespace Lockstep.Runtime.Expectations;

/// <summary>Results as they are stored with a run, and shown: one shape everywhere.</summary>
public static class ExpectationJson
{
    static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static string Write(IReadOnlyList<ExpectationResult> results) => JsonSerializer.Serialize(results, s_options);

    public static IReadOnlyList<ExpectationResult> Read(string json) => JsonSerializer.Deserialize<ExpectationResult[]>(json, s_options) ?? [];

    public static System.Text.Json.Nodes.JsonNode ToNode(IReadOnlyList<ExpectationResult> results) => JsonSerializer.SerializeToNode(results, s_options)!;
}
