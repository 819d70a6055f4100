using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.Serving;
using Lockstep.Server.Api;
using Microsoft.AspNetCore.Http;

namespace Lockstep.Server.Feast;

// POST /materialize:             { "start_ts": …, "end_ts": …, "feature_views": [ name, … ] }   both ends included
// POST /materialize-incremental: { "end_ts": …, "feature_views": [ … ] }                         what has changed, late rows included
// With ?async=true the answer is a 202 that does not wait. They are the runs of POST /api/v1/materializations, where each can be watched.
// Runs may overlap and be repeated (S7), and views are served meanwhile (S21): there is no 409, and `force` has nothing to do.
/// <summary>Runs in Feast's format.</summary>
sealed class FeastMaterialize(FeatureServer server, MaterializationJobs jobs)
{
    public async Task Materialize(HttpContext context)
    {
        var body = await FeastBody.ReadAsync(context, server.Settings.MaxRequestBytes);
        if (body.TryGetProperty("disable_event_timestamp", out var all) && all.ValueKind == JsonValueKind.True)
        {
            await RunAsync(context, body, null, null);
            return;
        }
        if (Text(body, "start_ts") is not { } start || Text(body, "end_ts") is not { } end) throw new LockstepException(ErrorKind.BadArguments, "start_ts and end_ts are required when disable_event_timestamp is False.");
        var (from, to) = (Time("start_ts", start), Time("end_ts", end));
        if (from >= to) throw new LockstepException(ErrorKind.BadArguments, $"start_ts ({Instant.Format(from)}) must be before end_ts ({Instant.Format(to)}).");
        await RunAsync(context, body, from, to);
    }

    public async Task Incremental(HttpContext context)
    {
        var body = await FeastBody.ReadAsync(context, server.Settings.MaxRequestBytes);
        FeastBody.Need(body, "end_ts", JsonValueKind.String, "string_type", "Input should be a valid string");
        await RunAsync(context, body, null, Time("end_ts", body.GetProperty("end_ts").GetString()!));
    }

    async Task RunAsync(HttpContext context, JsonElement body, long? from, long? to)
    {
        var catalog = server.Current.Catalog;
        var views = Views(body);
        foreach (var name in views)
        {
            if (!catalog.Views.Any(v => v.Name == name || v.Id == name))
                throw new FeastException(404, FeastException.ViewNotFound, $"Feature view {name} does not exist.{NearestName.Hint(name, catalog.Views.Select(v => v.Name), "Views")}");
            if (catalog.Views.First(v => v.Name == name || v.Id == name) is { View.Online: false } offline)
                throw new LockstepException(ErrorKind.BadArguments, $"FeatureView {name} is not configured to be served online: '{offline.Id}' says 'online: false'.");
        }
        var job = jobs.Start(new MaterializeRequest { Catalog = catalog, Views = views, From = from, To = to });
        if ((string?)context.Request.Query["async"] is "true" or "True" or "1")
        {
            context.Response.Headers.Location = MaterializationEndpoints.Path + "/" + job.Id;
            await FeastErrors.WriteAsync(context, 202, JsonSerializer.SerializeToUtf8Bytes(new { status = "accepted", feature_views = views }));
            return;
        }
        await jobs.WaitAsync(job, context.RequestAborted); // who does not wait any longer stops nothing
        if ((job.Error ?? job.Report!.Views.Select(v => v.Error).FirstOrDefault(e => e is not null)) is { } failed) throw failed;
        await FeastErrors.WriteAsync(context, 200, "null"u8.ToArray());
    }

    /// <summary>Empty: all.</summary>
    static List<string> Views(JsonElement body)
    {
        if (!body.TryGetProperty("feature_views", out var views) || views.ValueKind == JsonValueKind.Null) return [];
        if (views.ValueKind != JsonValueKind.Array) throw new FeastShapeException("list_type", "Input should be a valid list", FeastBody.Raw(views), "body", "feature_views");
        return [.. views.EnumerateArray().Select((v, i) => v.ValueKind == JsonValueKind.String ? v.GetString()! : throw new FeastShapeException("string_type", "Input should be a valid string", FeastBody.Raw(v), "body", "feature_views", i))];
    }

    static string? Text(JsonElement body, string name)
    {
        if (!body.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw new FeastShapeException("string_type", "Input should be a valid string", FeastBody.Raw(value), "body", name);
    }

    // Without an offset it is UTC (S1), as there.
    static long Time(string name, string text) => Instant.TryParse(text, out var micros) ? micros
        : throw new LockstepException(ErrorKind.BadArguments, $"Invalid timestamp format: {name} is '{text}'. Write it like 2026-02-01T00:00:00.");
}
