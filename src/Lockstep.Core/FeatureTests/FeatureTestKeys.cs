using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lockstep.Core.Definitions.Yaml;

namespace Lockstep.Core.FeatureTests;

/// <summary>Every key of a test file: the reader checks against these tables, and the JSON Schema for editors is made from them.</summary>
public static class FeatureTestKeys
{
    internal static readonly string[] Statuses = ["PRESENT", "NULL_VALUE", "NOT_FOUND", "OUTSIDE_MAX_AGE", "OUT_OF_RANGE"];

    static readonly Shape s_value = Shape.Default;
    static readonly Shape s_values = Shape.MapOf("values by name, like { airport: JFK }", s_value);
    static readonly Shape s_tables = Shape.MapOf("lists of rows by name, like { weather: [ { airport: JFK, temp: 40 } ] }", Shape.ListOf(Shape.MapOf("a row, like { airport: JFK, temp: 40 }", s_value)));

    internal static readonly KeyTable Expected = new("a value, or a mapping with value and status",
        new("value", s_value, "The value. Left out: only the status counts."),
        new("status", Shape.OneOf(Statuses), "What serving says of the value."));

    static readonly Key[] s_shared =
    [
        new("at", Shape.Instant, "The instant of the training row and of the request."),
        new("keys", s_values, "The join keys."),
        new("request", s_values, "Fields that the caller sends, for on-demand features."),
        new("service", Shape.Text, "Ask for the vector of this service; without it, for the features that are expected."),
        new("expect", Shape.MapOf("features with their values, like { weather:temp: 40 }", Shape.Either("a value, or a mapping with value and status", s_value, Shape.Object(Expected))), "The right values, by view:feature or by their names in the service's vector."),
    ];

    internal static readonly KeyTable Case = new("a mapping with at, keys and expect", [new("case", Shape.Text, "What it is about."), .. s_shared]);

    internal static readonly KeyTable Test = new("a mapping with test, given, at, keys and expect",
    [
        new("test", Shape.Text, "What it is about.", Required: true),
        new("description", Shape.Text, "For people."),
        new("given", s_tables, "Rows of sources; sources that are not named are empty."),
        new("given_views", s_tables, "Rows of views, in place of what they would compute; without event_timestamp a row is of the first instant that is asked for."),
        .. s_shared,
        new("cases", Shape.ListOf(Shape.Object(Case)), "Several vectors over the same rows. What a case does not say, it has from the test."),
    ]);

    static readonly JsonSerializerOptions s_options = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The JSON Schema of a test file.</summary>
    public static string Schema()
    {
        var schema = Test.Schema();
        schema.Insert(0, "$schema", "http://json-schema.org/draft-07/schema#");
        schema.Insert(1, "title", "Lockstep tests of features");
        return ((JsonNode)schema).ToJsonString(s_options).ReplaceLineEndings("\n") + "\n";
    }
}
