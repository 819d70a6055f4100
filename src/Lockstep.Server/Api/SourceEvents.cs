using System.Buffers;
using System.Text.Json.Nodes;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Streaming;
using Lockstep.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Lockstep.Server.Api;

/// <summary>POST /api/v1/sources/{name}/events: events as JSON, one or an array, or one object a line; each is taken or refused by itself.</summary>
sealed class SourceEvents(StreamService streams, ServerSettings settings)
{
    const string KeyHeader = "Idempotency-Key";

    public async Task Handle(HttpContext context)
    {
        var feed = streams.Host.Find((string)context.Request.RouteValues["name"]!);
        var lines = IsLines(context.Request.ContentType);
        if (!lines && !ContentTypes.IsJson(context.Request.ContentType))
        {
            await ProblemWriter.WriteAsync(context, ProblemBody.Of(415, "unsupported-media-type", $"The body's Content-Type is '{context.Request.ContentType}'; send application/json (one event or an array) or application/x-ndjson (one event a line)."));
            return;
        }
        var keys = context.Request.Headers[KeyHeader];
        if (keys.Count > 1) throw new LockstepException(ErrorKind.BadArguments, $"The request has {keys.Count} {KeyHeader} headers; send one.");
        var body = await ReadAsync(context, settings.MaxPushBytes);
        var rows = feed.Decode("push", (decoder, to, now) =>
        {
            if (lines) decoder.Lines(body, to, now);
            else decoder.Json(body, to, now);
        });
        var answer = await feed.PushAsync(rows, keys.Count == 1 ? keys[0] : null, context.RequestAborted);
        await JsonAnswer.WriteAsync(context, StatusOf(answer), ToJson(answer));
    }

    /// <summary>All taken; some; none.</summary>
    static int StatusOf(PushAnswer answer) => answer.Refused == 0 ? 200 : answer.Accepted > 0 ? 207 : 422;

    public static JsonObject ToJson(PushAnswer answer) => PushJson.Of(answer);

    public static async ValueTask<byte[]> ReadAsync(HttpContext context, long limit)
    {
        ReadOnlySequence<byte> body;
        try
        {
            body = await RequestBody.ReadAsync(context, limit);
        }
        catch (LimitException e)
        {
            throw new LimitException(Limits.MaxPushBytes, limit, e.Message.Split(';')[0]);
        }
        var bytes = body.ToArray();
        context.Request.BodyReader.AdvanceTo(body.End);
        return bytes;
    }

    static bool IsLines(string? contentType) => contentType?.Split(';')[0].Trim().ToUpperInvariant() is "APPLICATION/X-NDJSON" or "APPLICATION/NDJSON" or "APPLICATION/JSONL" or "APPLICATION/JSONLINES";
}

/// <summary>What became of a push as JSON: the same over HTTP and from the verb with <c>--json</c>.</summary>
public static class PushJson
{
    public static JsonObject Of(PushAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return new()
        {
            ["source"] = answer.Source,
            ["accepted"] = answer.Accepted,
            ["refused"] = answer.Refused,
            ["visible"] = answer.Visible,
            ["repeated"] = answer.Repeated,
            ["refused_events"] = RegistryJson.List(answer.Reasons, r => new JsonObject { ["row"] = r.Row, ["reason"] = r.Reason }),
            ["unknown_columns"] = new JsonArray([.. answer.UnknownColumns.Select(c => (JsonNode?)c)]),
            ["log"] = answer.Place < 0 ? null : new JsonObject { ["partition"] = answer.Partition, ["place"] = answer.Place },
        };
    }
}
