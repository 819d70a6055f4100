using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.Serving;
using Lockstep.Server.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lockstep.Server.Api;

/// <summary>POST /api/v1/materializations starts a run, GET …/{id} watches it.</summary>
static class MaterializationEndpoints
{
    public const string Path = "/api/v1/materializations";
    static readonly string[] Members = ["views", "from", "to", "full"];

    public static void Map(IEndpointRouteBuilder app, Guard guard, MaterializationJobs jobs, FeatureServer server)
    {
        app.MapBoth(Path,
            guard.Native("materializations", context => JsonAnswer.WriteAsync(context, 200, new JsonObject { ["runs"] = RegistryJson.List(jobs.All, MaterializationJson.Of) })),
            guard.Native("materializations", async context =>
            {
                var request = await ReadAsync(context, server);
                var job = jobs.Start(request);
                context.Response.Headers.Location = $"{Path}/{job.Id}";
                await JsonAnswer.WriteAsync(context, 202, MaterializationJson.Of(job));
            }));
        app.MapOnly(HttpMethods.Get, Path + "/{id}", guard.Native("materializations", context
            => JsonAnswer.WriteAsync(context, 200, MaterializationJson.Of(jobs.Find((string)context.Request.RouteValues["id"]!)))));
    }

    static async Task<MaterializeRequest> ReadAsync(HttpContext context, FeatureServer server)
    {
        var body = await RequestBody.ReadAsync(context, server.Settings.MaxRequestBytes);
        var text = body.ToArray();
        context.Request.BodyReader.AdvanceTo(body.End);
        var request = new MaterializeRequest { Catalog = server.Current.Catalog };
        if (text.Length == 0) return Checked(request);
        using var json = JsonDocument.Parse(text);
        if (json.RootElement.ValueKind != JsonValueKind.Object) throw Bad("The body has to be an object like {\"views\": [\"weather\"], \"full\": false}; nothing at all runs every view.");
        foreach (var member in json.RootElement.EnumerateObject())
            request = member.Name switch
            {
                "views" when member.Value.ValueKind == JsonValueKind.Array && member.Value.EnumerateArray().All(v => v.ValueKind == JsonValueKind.String)
                    => request with { Views = [.. member.Value.EnumerateArray().Select(v => v.GetString()!)] },
                "views" => throw Bad($"\"views\" is {member.Value.GetRawText()}; it has to be an array of names like \"weather\" or \"weather@1.0.0\"."),
                "from" => request with { From = Time(member) },
                "to" => request with { To = Time(member) },
                "full" when member.Value.ValueKind is JsonValueKind.True or JsonValueKind.False => request with { Full = member.Value.GetBoolean() },
                "full" => throw Bad($"\"full\" is {member.Value.GetRawText()}; it is true or false."),
                _ => throw Bad($"The body has a member \"{member.Name}\", which means nothing.{NearestName.Hint(member.Name, Members, "Members")}"),
            };
        return Checked(request);
    }

    // Names are checked before the run is accepted: the caller learns of a typo at once.
    static MaterializeRequest Checked(MaterializeRequest request)
    {
        foreach (var name in request.Views)
            if (!request.Catalog.Views.Any(v => v.Name == name || v.Id == name))
                throw new LockstepException(ErrorKind.NotFound, $"There is no view '{name}'.{NearestName.Hint(name, request.Catalog.Views.Select(v => v.Name), "Views")}");
        return request;
    }

    static long? Time(JsonProperty member) => member.Value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String when Instant.TryParse(member.Value.GetString(), out var micros) => micros,
        _ => throw Bad($"\"{member.Name}\" is {member.Value.GetRawText()}; it has to be an instant like \"2026-11-01T12:00:00Z\"."),
    };

    static LockstepException Bad(string message) => new(ErrorKind.BadArguments, message);
}
