using System.Text.Json.Nodes;
using Lockstep.Core.Rows;
using Lockstep.Runtime.History;
using Lockstep.Runtime.Serving;

namespace Lockstep.Cli.Output;

/// <summary>What made a value, as JSON.</summary>
internal static class LineageJson
{
    public static JsonObject Of(LineageReport report) => new()
    {
        ["view"] = report.View,
        ["feature"] = report.Feature,
        ["key"] = Values(report.Key),
        ["as_of"] = Instant.Format(report.At),
        ["computed"] = report.Computed,
        ["windows"] = RegistryJson.List(report.Windows, w => new JsonObject { ["name"] = w.Name, ["from"] = Time(w.From), ["to"] = Instant.Format(w.To), ["hop"] = Core.Definitions.Duration.Format(w.Hop) }),
        ["delay"] = report.Delay == 0 ? null : Core.Definitions.Duration.Format(report.Delay),
        ["end"] = Time(report.End),
        ["ttl"] = report.Ttl == 0 ? null : Core.Definitions.Duration.Format(report.Ttl),
        ["counts"] = new JsonObject(report.Counts.Select(c => KeyValuePair.Create(RegistryJson.Word(c.Key), (JsonNode?)c.Value))),
        ["events"] = RegistryJson.List(report.Events, e => new JsonObject
        {
            ["fate"] = RegistryJson.Word(e.Fate),
            ["event_timestamp"] = Instant.Format(e.EventTimestamp),
            ["created"] = Time(e.Created),
            ["values"] = Values(e.Values),
            ["side"] = Side(e.Place),
            ["file"] = e.Place.File,
            ["row"] = e.Place.Row,
            ["partition"] = e.Place.Partition,
            ["place"] = e.Place.Place,
            ["ingested_at"] = Time(e.Place.IngestedAt),
        }),
        ["inputs"] = RegistryJson.List(report.Inputs, Of),
        ["request"] = Values(report.Request),
        ["value"] = JsonValues.Of(report.Value),
        ["status"] = report.Status.ToText(),
        ["event_timestamp"] = Time(report.EventTimestamp),
        ["served"] = new JsonObject { ["value"] = JsonValues.Of(report.Served.Value), ["status"] = report.Served.Status.ToText(), ["event_timestamp"] = Time(report.Served.EventTimestamp) },
        ["equal"] = report.IsEqual,
    };

    public static string Side(RowPlace place) => place.IsStreamed ? "log" : "table";

    static JsonNode? Time(long? micros) => micros is { } time ? Instant.Format(time) : null;

    static JsonObject Values(IEnumerable<KeyValuePair<string, Value>> values) => new(values.Select(v => KeyValuePair.Create(v.Key, JsonValues.Of(v.Value))));
}
