using Lockstep.Runtime.Serving;
using Lockstep.Server.Api;
using Lockstep.Server.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lockstep.Server.Feast;

/// <summary>The paths of Feast's HTTP server, so that its clients work unchanged.</summary>
static class FeastEndpoints
{
    public static void Map(IEndpointRouteBuilder app, Guard guard, FeatureServer server, Health health, StreamService? streams, MaterializationJobs? jobs)
    {
        app.MapOnly(HttpMethods.Post, "/get-online-features", guard.Around("feast_get_online_features", context => GetOnlineFeatures(context, server), FeastErrors.WriteAsync), WrongMethod);
        if (streams is not null)
        {
            FeastWrites writes = new(server, streams);
            app.MapOnly(HttpMethods.Post, "/push", guard.Around("feast_push", writes.Push, FeastErrors.WriteAsync), WrongMethod);
            app.MapOnly(HttpMethods.Post, "/write-to-online-store", guard.Around("feast_write_to_online_store", writes.Write, FeastErrors.WriteAsync), WrongMethod);
        }
        if (jobs is not null)
        {
            FeastMaterialize runs = new(server, jobs);
            app.MapOnly(HttpMethods.Post, "/materialize", guard.Around("feast_materialize", runs.Materialize, FeastErrors.WriteAsync), WrongMethod);
            app.MapOnly(HttpMethods.Post, "/materialize-incremental", guard.Around("feast_materialize_incremental", runs.Incremental, FeastErrors.WriteAsync), WrongMethod);
        }
        app.MapOnly(HttpMethods.Get, "/health", context =>
        {
            context.Response.StatusCode = health.IsReady ? 200 : 503;
            return Task.CompletedTask;
        }, WrongMethod);
    }

    static Task GetOnlineFeatures(HttpContext context, FeatureServer server)
    {
        if (!ContentTypes.IsJson(context.Request.ContentType)) return Refuse(context, server);
        FeastRequest asked = new();
        return OnlineFeatures.AnswerAsync(context, server, asked.Read,
            request => FeastResponse.Write(request, asked), static (request, to) => request.Output.Written.CopyTo(to));
    }

    static async Task Refuse(HttpContext context, FeatureServer server)
    {
        var body = await RequestBody.ReadAsync(context, server.Settings.MaxRequestBytes);
        var text = System.Buffers.BuffersExtensions.ToArray(body);
        context.Request.BodyReader.AdvanceTo(body.End); // else the connection could take no further request
        throw FeastErrors.NotAnObject(text);
    }

    static Task WrongMethod(HttpContext context) => FeastErrors.Detail(context, 405, "Method Not Allowed");
}
