using System.Buffers;
using System.IO.Pipelines;
using Lockstep.Runtime.Serving;
using Microsoft.AspNetCore.Http;

namespace Lockstep.Server.Http;

/// <summary>A small body, whole, as it lies in the pipe. What is too long is refused before it is read.</summary>
static class RequestBody
{
    /// <summary>Give the buffer back by <see cref="PipeReader.AdvanceTo(SequencePosition)"/>.</summary>
    public static ValueTask<ReadOnlySequence<byte>> ReadAsync(HttpContext context, long limit)
    {
        if (context.Request.ContentLength > limit) throw TooLong(limit, context.Request.ContentLength.Value);
        var reading = context.Request.BodyReader.ReadAsync(context.RequestAborted);
        if (!reading.IsCompletedSuccessfully) return Rest(context.Request.BodyReader, reading, limit, context.RequestAborted);
        var result = reading.Result; // the usual case: the whole body came with the headers
        return result.IsCompleted && result.Buffer.Length <= limit ? new(result.Buffer) : Rest(context.Request.BodyReader, new(result), limit, context.RequestAborted);
    }

    static async ValueTask<ReadOnlySequence<byte>> Rest(PipeReader reader, ValueTask<ReadResult> reading, long limit, CancellationToken token)
    {
        while (true)
        {
            var result = await reading;
            if (result.Buffer.Length > limit)
            {
                var length = result.Buffer.Length;
                reader.AdvanceTo(result.Buffer.End); // else the connection could take no further request
                throw TooLong(limit, length);
            }
            if (result.IsCompleted) return result.Buffer;
            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            reading = reader.ReadAsync(token);
        }
    }

    static LimitException TooLong(long limit, long found) => new(Limits.MaxRequestBytes, limit, $"The body has {found} bytes or more");
}
