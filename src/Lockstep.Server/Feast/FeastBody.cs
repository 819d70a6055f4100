using System.Text.Json;
using Lockstep.Server.Api;
using Lockstep.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Lockstep.Server.Feast;

/// <summary>A body that is an object, checked as the framework does that Feast's server stands on.</summary>
static class FeastBody
{
    public static async ValueTask<JsonElement> ReadAsync(HttpContext context, long maxBytes)
    {
        var bytes = await SourceEvents.ReadAsync(context, maxBytes);
        if (bytes.Length == 0) throw new FeastShapeException("missing", "Field required", "null"u8.ToArray(), "body");
        if (!ContentTypes.IsJson(context.Request.ContentType)) throw FeastErrors.NotAnObject(bytes);
        using var document = JsonDocument.Parse(bytes);
        var body = document.RootElement.Clone();
        return body.ValueKind == JsonValueKind.Object ? body
            : throw new FeastShapeException("model_attributes_type", "Input should be a valid dictionary or object to extract fields from", Raw(body), "body");
    }

    public static void Need(JsonElement body, string name, JsonValueKind kind, string type, string message)
    {
        if (!body.TryGetProperty(name, out var value)) throw new FeastShapeException("missing", "Field required", Raw(body), "body", name);
        if (value.ValueKind != kind) throw new FeastShapeException(type, message, Raw(value), "body", name);
    }

    public static byte[] Raw(JsonElement value) => System.Text.Encoding.UTF8.GetBytes(value.GetRawText());
}
