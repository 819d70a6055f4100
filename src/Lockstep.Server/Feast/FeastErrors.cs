using System.Text;
using System.Text.Json;
using Lockstep.Core;
using Lockstep.Runtime.Serving.Json;
using Lockstep.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Lockstep.Server.Feast;

/// <summary>An error that Feast's clients know by a class of their own.</summary>
sealed class FeastException(int status, string className, string message) : LockstepException(status == 404 ? ErrorKind.NotFound : ErrorKind.BadArguments, message)
{
    public const string ViewNotFound = "FeatureViewNotFoundException";
    public const string ServiceNotFound = "FeatureServiceNotFoundException";
    public const string RequestDataNotFound = "RequestDataNotFoundInEntityRowsException";
    public const string NameCollision = "FeatureNameCollisionError";

    public int Status { get; } = status;
    public string ClassName { get; } = className;
}

/// <summary>A body of the wrong shape, in the words of the framework that Feast's server stands on (status 422).</summary>
sealed class FeastShapeException(string type, string message, byte[] input, params object[] location) : Exception(message)
{
    public string Type { get; } = type;

    /// <summary>What was found, as JSON.</summary>
    public byte[] Input { get; } = input;

    public IReadOnlyList<object> Location { get; } = location;
}

/// <summary>Errors as Feast's server sends them: a text in JSON, with the class of the error inside where its clients have one. A mistake of the caller is never a 500.</summary>
static class FeastErrors
{
    public static async Task<bool> WriteAsync(HttpContext context, Exception thrown)
    {
        var (status, body) = thrown switch
        {
            FeastShapeException shape => (422, Shape(shape)),
            JsonException json => (422, Shape(new("json_invalid", "JSON decode error", "{}"u8.ToArray(), "body", json.BytePositionInLine ?? 0), json.Message)),
            FeastException known => (known.Status, Text(Inner(known))),
            _ when ProblemBody.Of(thrown) is { } problem => (problem.Status, Text(problem.Detail)),
            _ => (500, Text($"The server made a mistake ({thrown.GetType().Name}); its log has more under {context.TraceIdentifier}.")),
        };
        await WriteAsync(context, status, body);
        return status < 500;
    }

    public static async Task WriteAsync(HttpContext context, int status, byte[] body)
    {
        if (context.Response.HasStarted) { context.Abort(); return; }
        context.Response.StatusCode = status;
        if (status == 413) context.Response.Headers.Connection = "close"; // the rest of the body is not waited for
        context.Response.ContentType = ContentTypes.Json;
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, CancellationToken.None);
    }

    /// <summary><c>{"detail": "Not Found"}</c> and the like.</summary>
    public static Task Detail(HttpContext context, int status, string detail)
        => WriteAsync(context, status, JsonSerializer.SerializeToUtf8Bytes(new { detail }, JsonText.Options));

    static byte[] Text(string text) => JsonSerializer.SerializeToUtf8Bytes(text, JsonText.Options);

    static string Inner(FeastException known)
        => JsonSerializer.Serialize(new Dictionary<string, string> { ["module"] = "feast.errors", ["class"] = known.ClassName, ["message"] = known.Message }, JsonText.Options);

    static byte[] Shape(FeastShapeException shape, string? error = null)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new() { Encoder = JsonText.Options.Encoder }))
        {
            json.WriteStartObject();
            json.WriteStartArray("detail");
            json.WriteStartObject();
            json.WriteString("type", shape.Type);
            json.WriteStartArray("loc");
            foreach (var step in shape.Location)
                if (step is string text) json.WriteStringValue(text);
                else json.WriteNumberValue(Convert.ToInt64(step, System.Globalization.CultureInfo.InvariantCulture));
            json.WriteEndArray();
            json.WriteString("msg", shape.Message);
            json.WritePropertyName("input");
            json.WriteRawValue(WithoutBlanks(shape.Input), skipInputValidation: true); // a text in it may be none, like "\\ud800"
            if (error is not null)
            {
                json.WriteStartObject("ctx");
                json.WriteString("error", error);
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    static byte[] WithoutBlanks(byte[] json)
    {
        var (kept, text, escaped) = (new List<byte>(json.Length), false, false);
        foreach (var b in json)
        {
            if (text || b is not ((byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')) kept.Add(b);
            if (b == '"' && !escaped) text = !text;
            escaped = b == '\\' && !escaped;
        }
        return [.. kept];
    }

    /// <summary>A body that is no JSON by its type: the framework shows it as a text.</summary>
    public static FeastShapeException NotAnObject(ReadOnlySpan<byte> body)
        => new("model_attributes_type", "Input should be a valid dictionary or object to extract fields from", Text(Encoding.UTF8.GetString(body)), "body");
}
