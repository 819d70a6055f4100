using System.Buffers;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.History;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Serving.Json;
using Lockstep.Runtime.TrainingSets;
using Lockstep.Server.Http;
using Lockstep.Server.Metrics;
using Microsoft.AspNetCore.Http;

namespace Lockstep.Server.Api;

/// <summary>POST /api/v1/features/online: body to keys, keys to rows, rows to text, on one rented state. A request with <c>as_of</c> is answered from the tables and the log.</summary>
sealed class OnlineFeatures(FeatureServer server, Func<TrainingSetBuilder>? builder, OfflineTurns turns, ServerMetrics metrics)
{
    /// <summary>How a wire format reads a body into a request and writes the answer into its output.</summary>
    public delegate void BodyParser(ReadOnlySpan<byte> body, ServingCatalog catalog, ServingRequest request, int maxEntities, long asOf);

    public Task Handle(HttpContext context)
    {
        if (!ContentTypes.IsJson(context.Request.ContentType))
            return ProblemWriter.WriteAsync(context, ProblemBody.Of(415, "unsupported-media-type", $"The body's Content-Type is '{context.Request.ContentType}'; send application/json."));
        return AnswerAsync(context, server, OnlineRequestJson.Read, OnlineResponseJson.Prepare, OnlineResponseJson.CopyTo, AnswerFromHistoryAsync);
    }

    async Task AnswerFromHistoryAsync(HttpContext context, ServingRequest request)
    {
        context.Features.Set(new CountedBy(metrics.Endpoint("features_as_of"))); // seconds, among microseconds
        if (builder is null) throw new LockstepException(ErrorKind.BadArguments, "This server has no tables to answer \"as_of\" from. Leave it out for now.");
        FeatureHistory.Check(request.AsOf, server.Clock); // before it waits for its turn
        var (plan, rows, token) = (request.Plan, request.HistoryRows(), context.RequestAborted);
        var vectors = await turns.TakeAsync(() => new FeatureHistory(builder(), plan.Catalog, server.Clock).Get(plan.Set, rows, request.AsOf, token), token);
        var answer = OnlineResponseJson.Of(plan, vectors);
        context.Response.ContentType = ContentTypes.Json;
        context.Response.ContentLength = answer.Length;
        await context.Response.Body.WriteAsync(answer, token);
    }

    /// <summary>Lays an answer together whose length is known.</summary>
    public delegate void AnswerCopier(ServingRequest request, Span<byte> to);

    /// <summary>One online request, whatever its format: <paramref name="prepare"/> says how long the answer is, <paramref name="copy"/> puts it into the connection's own memory.</summary>
    /// <param name="history">Answers requests for earlier instants, where the format has them.</param>
    public static async Task AnswerAsync(HttpContext context, FeatureServer server, BodyParser parse, Func<ServingRequest, int> prepare, AnswerCopier copy, Func<HttpContext, ServingRequest, Task>? history = null)
    {
        var asOf = Instant.Now(server.Clock); // fixed on arrival, for all values of the answer (S7)
        var catalog = server.Current;
        var request = server.Rent();
        try
        {
            var body = await RequestBody.ReadAsync(context, server.Settings.MaxRequestBytes);
            try
            {
                parse(Whole(body, request), catalog, request, server.Settings.MaxEntities, asOf);
            }
            finally
            {
                context.Request.BodyReader.AdvanceTo(body.End);
            }
            if (request.IsOfHistory)
            {
                await history!(context, request);
                return;
            }
            await request.ReadAsync(context.RequestAborted);
            var length = prepare(request);
            context.Response.ContentType = ContentTypes.Json;
            context.Response.ContentLength = length;
            await context.Response.StartAsync(context.RequestAborted);
            var writer = context.Response.BodyWriter;
            copy(request, writer.GetSpan(length)[..length]);
            writer.Advance(length);
            await writer.FlushAsync(context.RequestAborted);
        }
        finally
        {
            server.Return(request);
        }
    }

    // A body that came in several pieces is laid together in the state's own buffer.
    static ReadOnlySpan<byte> Whole(ReadOnlySequence<byte> body, ServingRequest request)
    {
        if (body.IsSingleSegment) return body.FirstSpan;
        request.Body.Clear();
        foreach (var piece in body) request.Body.Write(piece.Span);
        return request.Body.Written;
    }
}
