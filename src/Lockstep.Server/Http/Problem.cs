using System.Text.Json;
using System.Text.Json.Serialization;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Serving.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Lockstep.Server.Http;

/// <summary>An answer that says what went wrong, as RFC 9457 has it; <c>errors</c> lists all mistakes when there are several.</summary>
/// <param name="Type">A name for the kind of problem that programs can compare.</param>
/// <param name="Title">The status in words.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">What was found and what would be right.</param>
/// <param name="Errors">All mistakes, where several were found in one pass.</param>
/// <param name="Limit">The name of the limit that was passed.</param>
/// <param name="LimitValue">Its value.</param>
sealed record ProblemBody(
    string Type, string Title, int Status, string Detail, IReadOnlyList<string>? Errors = null, string? Limit = null, long? LimitValue = null)
{
    static readonly JsonSerializerOptions Options = new(JsonText.Options)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Options);

    public static ProblemBody Of(int status, string type, string detail)
        => new("urn:lockstep:" + type, ReasonPhrases.GetReasonPhrase(status), status, detail);

    /// <summary>What an exception means to the caller; null: it is a mistake of ours.</summary>
    public static ProblemBody? Of(Exception exception) => exception switch
    {
        LimitException { Limit: Limits.MaxRequestBytes or Limits.MaxSpineBytes or Limits.MaxPushBytes } limit => Of(413, "limit", limit.Message) with { Limit = limit.Limit, LimitValue = limit.Value },
        Api.NotAcceptableException other => Of(406, "not-acceptable", other.Message),
        LimitException limit => Of(400, "limit", limit.Message) with { Limit = limit.Limit, LimitValue = limit.Value },
        LockstepException known => Of(StatusOf(known.Kind), TypeOf(known.Kind), DetailOf(known)) with
        {
            Errors = known.Problems.Count > 1 ? [.. known.Problems.Where(p => p.Severity == Severity.Error).Select(Text)] : null,
        },
        JsonException json => Of(400, "bad-arguments", $"The body is not JSON: {json.Message}"),
        BadHttpRequestException bad => Of(bad.StatusCode, "bad-request", bad.Message),
        _ => null,
    };

    public static int StatusOf(ErrorKind kind) => kind switch
    {
        ErrorKind.BadArguments => 400,
        ErrorKind.NotFound => 404,
        ErrorKind.Conflict => 409,
        ErrorKind.DefinitionsInvalid or ErrorKind.ExpectationsFailed => 422,
        _ => 500,
    };

    static string TypeOf(ErrorKind kind) => kind switch
    {
        ErrorKind.BadArguments => "bad-arguments",
        ErrorKind.NotFound => "not-found",
        ErrorKind.Conflict => "conflict",
        ErrorKind.DefinitionsInvalid => "definitions-invalid",
        ErrorKind.ExpectationsFailed => "expectations-failed",
        _ => "failed",
    };

    /// <summary>The message without the "error:" that command lines show in front of each mistake.</summary>
    public static string DetailOf(LockstepException exception)
        => exception.Problems.Count == 0 ? exception.Message : string.Join(" ", exception.Problems.Where(p => p.Severity == Severity.Error).Select(Text));

    static string Text(Problem problem) => problem.Location is null ? problem.Message : $"{problem.Location}: {problem.Message}";
}

/// <summary>Writes problems.</summary>
static class ProblemWriter
{
    public static async Task WriteAsync(HttpContext context, ProblemBody problem)
    {
        if (context.Response.HasStarted) { context.Abort(); return; }
        var body = problem.ToJson();
        var allow = context.Response.Headers.Allow;
        context.Response.Clear();
        if (allow.Count > 0) context.Response.Headers.Allow = allow;
        context.Response.StatusCode = problem.Status;
        if (problem.Status == 413) context.Response.Headers.Connection = "close"; // the rest of the body is not waited for
        context.Response.ContentType = "application/problem+json";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, CancellationToken.None);
    }
}
