using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Lockstep.Core;
using Lockstep.Runtime.Registry;
using Lockstep.Runtime.Serving.Json;
using Lockstep.Server.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lockstep.Server.Api;

/// <summary>GET /api/v1/registry/…: what is registered, for programs; the shapes are those of the verbs' <c>--json</c>.</summary>
static class RegistryEndpoints
{
    public static void Map(IEndpointRouteBuilder app, Guard guard, RegistryService registry)
    {
        Get("/api/v1/registry/objects", async context =>
        {
            var query = context.Request.Query;
            var filter = new ListFilter
            {
                Kind = query["kind"],
                Tag = query["tag"],
                Owner = query["owner"],
                Domain = query["domain"],
                Entity = query["entity"],
                Source = query["source"],
                All = Flag(context, "all"),
            };
            return new JsonObject { ["objects"] = RegistryJson.List(await registry.ListAsync(filter, context.RequestAborted), RegistryJson.Of) };
        });
        Get("/api/v1/registry/objects/{name}", async context =>
            new JsonObject { ["objects"] = RegistryJson.List(await registry.DescribeAsync(Name(context), context.RequestAborted), RegistryJson.Of) });
        Get("/api/v1/registry/objects/{name}/versions", async context =>
            new JsonObject { ["versions"] = RegistryJson.List(await registry.VersionsAsync(Name(context), context.RequestAborted), RegistryJson.Of) });
        Get("/api/v1/registry/objects/{name}/lineage", async context =>
            new JsonObject { ["objects"] = RegistryJson.List(await registry.LineageAsync(Name(context), context.RequestAborted), RegistryJson.Of) });
        Get("/api/v1/registry/search", async context =>
            new JsonObject { ["hits"] = RegistryJson.List(await registry.SearchAsync(Required(context, "q"), context.RequestAborted), RegistryJson.Of) });
        Get("/api/v1/registry/diff", async context =>
        {
            var diff = await registry.DiffAsync(Required(context, "left"), Required(context, "right"), context.RequestAborted);
            return new JsonObject { ["left"] = diff.Left, ["right"] = diff.Right, ["same_meaning"] = diff.SameMeaning, ["changes"] = RegistryJson.List(diff.Changes, RegistryJson.Of) };
        });
        Get("/api/v1/registry/history", async context =>
            new JsonObject { ["applies"] = RegistryJson.List(await registry.HistoryAsync(context.RequestAborted), RegistryJson.Of) });

        void Get(string path, Func<HttpContext, Task<JsonObject>> answer)
            => app.MapOnly(HttpMethods.Get, path, guard.Native("registry", async context => await JsonAnswer.WriteAsync(context, 200, await answer(context))));
    }

    static string Name(HttpContext context) => (string)context.Request.RouteValues["name"]!;

    static string Required(HttpContext context, string name) => context.Request.Query[name] is [{ Length: > 0 } value]
        ? value
        : throw new LockstepException(ErrorKind.BadArguments, $"The query needs '{name}', once: {context.Request.Path}?{name}=…");

    internal static bool Flag(HttpContext context, string name) => ((string?)context.Request.Query[name])?.ToLower(CultureInfo.InvariantCulture) switch
    {
        null or "false" => false,
        "" or "true" => true,
        var other => throw new LockstepException(ErrorKind.BadArguments, $"'{name}={other}' is neither true nor false."),
    };
}

/// <summary>Writes small answers that need no speed.</summary>
static class JsonAnswer
{
    public static async Task WriteAsync(HttpContext context, int status, JsonNode body)
    {
        var bytes = Encoding.UTF8.GetBytes(body.ToJsonString(JsonText.Options));
        context.Response.StatusCode = status;
        context.Response.ContentType = ContentTypes.Json;
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }
}
