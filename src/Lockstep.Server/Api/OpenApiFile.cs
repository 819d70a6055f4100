using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Lockstep.Server.Api;

/// <summary>
/// /openapi/v1.json. The endpoints read and write bytes, so no framework can tell what they say: openapi.json is written by hand, and
/// tests hold it against the routes and against real answers.
/// </summary>
sealed class OpenApiFile : IOpenApiDocumentTransformer
{
    public async Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        await using var file = typeof(OpenApiFile).Assembly.GetManifestResourceStream("openapi.json")!;
        using MemoryStream text = new();
        await file.CopyToAsync(text, cancellationToken);
        text.Position = 0;
        var read = OpenApiDocument.Load(text, OpenApiConstants.Json);
        if (read.Document is not { } written || read.Diagnostic is { Errors.Count: > 0 })
            throw new InvalidOperationException($"openapi.json: {string.Join("; ", read.Diagnostic?.Errors.Select(e => e.Message) ?? [])}");
        (document.Info, document.Tags, document.Paths, document.Components) = (written.Info, written.Tags, written.Paths, written.Components);
    }
}
