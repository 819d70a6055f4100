using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lockstep.Server.Http;

/// <summary>Routes that say what would be right instead of an empty 404 or 405.</summary>
static class Routes
{
    /// <summary>One method of a path; any other is a 405 that names it.</summary>
    public static void MapOnly(this IEndpointRouteBuilder app, string method, string path, RequestDelegate handler, RequestDelegate? wrongMethod = null)
    {
        app.MapMethods(path, [method], handler);
        var answer = wrongMethod ?? (context => ProblemWriter.WriteAsync(context, ProblemBody.Of(405, "method-not-allowed", $"{context.Request.Path} does not answer {context.Request.Method}; it answers {method}.")));
        app.Map(path, context =>
        {
            context.Response.Headers.Allow = method;
            return answer(context);
        });
    }

    /// <summary>GET and POST of a path.</summary>
    public static void MapBoth(this IEndpointRouteBuilder app, string path, RequestDelegate get, RequestDelegate post)
    {
        app.MapMethods(path, [HttpMethods.Post], post);
        app.MapMethods(path, [HttpMethods.Get], get);
        app.Map(path, context =>
        {
            context.Response.Headers.Allow = "GET, POST";
            return ProblemWriter.WriteAsync(context, ProblemBody.Of(405, "method-not-allowed", $"{context.Request.Path} does not answer {context.Request.Method}; it answers GET and POST."));
        });
    }

    public static void MapUnknown(this IEndpointRouteBuilder app) => app.MapFallback("{*path}", context
        => ProblemWriter.WriteAsync(context, ProblemBody.Of(404, "not-found", $"There is nothing at {context.Request.Path}. /openapi/v1.json lists what is there.")));
}
