using System.Text.Json.Nodes;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Expectations;
using Lockstep.Runtime.Materialization;

namespace Lockstep.Server.Api;

/// <summary>Runs as JSON: the same over HTTP and from the verb with <c>--json</c>.</summary>
public static class MaterializationJson
{
    public static JsonObject Of(ViewRunReport view) => new()
    {
        ["view"] = view.View,
        ["run"] = view.Run,
        ["mode"] = RegistryJson.Word(view.Mode),
        ["reason"] = view.Reason,
        ["rows_read"] = view.RowsRead,
        ["rows_dropped"] = view.RowsDropped,
        ["keys"] = view.Keys,
        ["keys_removed"] = view.KeysRemoved,
        ["rows_ahead"] = view.RowsAhead,
        ["rows_without_key"] = view.RowsWithoutKey,
        ["rows_without_time"] = view.RowsWithoutTime,
        ["non_finite"] = new JsonObject(view.NonFinite.Select(n => KeyValuePair.Create(n.Key, (JsonNode?)n.Value))),
        ["expectations"] = ExpectationJson.ToNode(view.Expectations),
        ["started_at"] = Instant.Format(view.StartedAt),
        ["ended_at"] = Instant.Format(view.EndedAt),
        ["error"] = view.Error?.Message,
    };

    internal static JsonObject Of(MaterializationJob job)
    {
        var state = job.State;
        return new()
        {
            ["id"] = job.Id,
            ["state"] = RegistryJson.Word(state),
            ["started_at"] = Instant.Format(job.StartedAt),
            ["ended_at"] = job.EndedAt is { } end ? Instant.Format(end) : null,
            ["progress"] = state == JobState.Running && job.Progress is { } progress
                ? new JsonObject { ["step"] = progress.Step, ["rows"] = progress.Rows, ["fraction"] = double.IsFinite(progress.Fraction) ? Math.Round(progress.Fraction, 4) : null }
                : null,
            ["views"] = job.Report is { } report ? RegistryJson.List(report.Views, Of) : null,
            ["error"] = job.Error?.Message,
        };
    }
}
