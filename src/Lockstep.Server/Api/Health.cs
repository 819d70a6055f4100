using System.Text.Json.Nodes;
using Lockstep.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Lockstep.Server.Api;

/// <summary>Whether the process lives, and whether it can answer: a catalog has been loaded and it is not being stopped. What keeps streams from being read is told beside: serving goes on without.</summary>
sealed class Health(CatalogPoller catalogs, Microsoft.Extensions.Hosting.IHostApplicationLifetime lifetime, StreamService? streams = null)
{
    public bool IsReady => catalogs.IsLoaded && !lifetime.ApplicationStopping.IsCancellationRequested;

    public static Task Live(HttpContext context) => Answer(context, 200, "{\"status\":\"live\"}"u8.ToArray());

    public Task Ready(HttpContext context) => IsReady
        ? Answer(context, 200, Body())
        : ProblemWriter.WriteAsync(context, ProblemBody.Of(503, "not-ready", lifetime.ApplicationStopping.IsCancellationRequested
            ? "The server is stopping: it finishes what it has begun and takes nothing new."
            : $"No catalog has been loaded yet.{(catalogs.LastError is { } error ? $" The registry said: {error}" : "")}"));

    /// <summary>Until a catalog is loaded nobody can say that a source or a view is not there: the caller is told to come again.</summary>
    public RequestDelegate WhenLoaded(RequestDelegate handler) => context => catalogs.IsLoaded ? handler(context) : Ready(context);

    byte[] Body()
    {
        var problems = streams?.Problems.ToList() ?? [];
        if (problems.Count == 0) return "{\"status\":\"ready\"}"u8.ToArray();
        return System.Text.Encoding.UTF8.GetBytes(new JsonObject
        {
            ["status"] = "ready",
            ["streams"] = RegistryJson.List(problems, p => new JsonObject { ["source"] = p.Source, ["problem"] = p.Problem }),
        }.ToJsonString());
    }

    static Task Answer(HttpContext context, int status, byte[] body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = ContentTypes.Json;
        context.Response.ContentLength = body.Length;
        return context.Response.Body.WriteAsync(body, 0, body.Length, context.RequestAborted);
    }
}
