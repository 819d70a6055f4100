using System.Diagnostics;
using Lockstep.Server.Metrics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Lockstep.Server.Http;

/// <summary>Set on a request that is not like the others of its endpoint: what counts it instead.</summary>
sealed record CountedBy(EndpointMetrics Counter);

/// <summary>Stands around an endpoint: counts what it answers and turns what it throws into an answer.</summary>
sealed class Guard(ServerMetrics metrics, ILogger<Guard> log, TimeProvider clock)
{
    /// <summary>Problem details for all that goes wrong.</summary>
    public RequestDelegate Native(string name, RequestDelegate handler) => Around(name, handler, WriteProblem);

    /// <summary>Errors in another wire format: the writer gets the status and what is known; null is a mistake of ours.</summary>
    public RequestDelegate Around(string name, RequestDelegate handler, Func<HttpContext, Exception, Task<bool>> onError)
    {
        var counter = metrics.Endpoint(name);
        return context =>
        {
            var start = clock.GetTimestamp();
            Task running;
            try
            {
                running = handler(context);
            }
            catch (Exception thrown) when (thrown is not OutOfMemoryException)
            {
                running = Task.FromException(thrown);
            }
            if (!running.IsCompletedSuccessfully) return Finish(context, running, counter, start, onError);
            counter.Add(context.Response.StatusCode, clock.GetElapsedTime(start));
            return running;
        };
    }

    async Task Finish(HttpContext context, Task running, EndpointMetrics counter, long start, Func<HttpContext, Exception, Task<bool>> onError)
    {
        try
        {
            await running;
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            CounterOf(context, counter).Add(StatusCodes.Status499ClientClosedRequest, clock.GetElapsedTime(start)); // nobody is there to read an answer
            return;
        }
        catch (Exception thrown) when (thrown is not OutOfMemoryException)
        {
            if (!await onError(context, thrown))
                log.LogError(thrown, "{Method} {Path} failed ({Trace})", context.Request.Method, context.Request.Path, Activity.Current?.Id ?? context.TraceIdentifier);
        }
        CounterOf(context, counter).Add(context.Response.StatusCode, clock.GetElapsedTime(start));
    }

    static EndpointMetrics CounterOf(HttpContext context, EndpointMetrics counter) => context.Features.Get<CountedBy>()?.Counter ?? counter;

    static async Task<bool> WriteProblem(HttpContext context, Exception thrown)
    {
        var known = ProblemBody.Of(thrown);
        await ProblemWriter.WriteAsync(context, known ?? ProblemBody.Of(500, "failed", $"The server made a mistake ({thrown.GetType().Name}); its log has more under {context.TraceIdentifier}."));
        return known is { Status: < 500 };
    }
}
