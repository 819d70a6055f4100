using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lockstep.Server.Tests.Feast;

/// <summary>An answer in Feast's format by name, since the order within a view is no promise of Feast's.</summary>
sealed class ColumnarAnswer
{
    readonly JsonObject _columns = [];
    readonly JsonObject _metadata;

    ColumnarAnswer(JsonNode answer)
    {
        _metadata = (JsonObject)answer["metadata"]!.DeepClone();
        var names = _metadata["feature_names"]!.AsArray().Select(n => (string)n!).ToList();
        var results = answer["results"]!.AsArray();
        Assert.Equal(names.Count, results.Count);
        Assert.Equal(names.Count, names.Distinct().Count());
        for (var i = 0; i < names.Count; i++) _columns[names[i]] = results[i]!.DeepClone();
        _metadata.Remove("feature_names");
    }

    public static ColumnarAnswer Parse(string text) => new(JsonNode.Parse(text)!);

    public IEnumerable<string> Names => _columns.Select(c => c.Key);
    public JsonObject Metadata => _metadata;
    public int Rows => _columns.First().Value!["values"]!.AsArray().Count;

    public JsonArray Values(string column) => _columns[column]!["values"]!.AsArray();
    public JsonArray Statuses(string column) => _columns[column]!["statuses"]!.AsArray();
    public JsonArray Times(string column) => _columns[column]!["event_timestamps"]!.AsArray();

    /// <summary>All of it in one text, numbers by value and members by name: for comparing and for reading a difference.</summary>
    public override string ToString() => string.Join("\n", _columns.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key}: {Text(c.Value)}").Append($"metadata: {Text(_metadata)}"));

    static string Text(JsonNode? node) => node switch
    {
        null => "null",
        JsonObject map => "{" + string.Join(", ", map.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"{m.Key}: {Text(m.Value)}")) + "}",
        JsonArray list => "[" + string.Join(", ", list.Select(Text)) + "]",
        _ when node.GetValueKind() == JsonValueKind.Number => Number(node.ToJsonString()),
        _ => node.ToJsonString(),
    };

    // Integers by their digits; all else by the bits of the double, marked: a client takes 1.0 for a float and 1 for an integer.
    static string Number(string text) => text.AsSpan().IndexOfAny(".eE") < 0 ? text : "float " + double.Parse(text, CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture);
}
