using System.CommandLine;
using System.Text.Json.Nodes;
using Lockstep.Server;

namespace Lockstep.Cli.Verbs;

/// <summary>Runs the server until it is stopped.</summary>
internal sealed class ServeVerb : Verb
{
    readonly Option<int?> _port = new("--port", "-p") { Description = "Port; 0 takes a free one. Default: server.port of lockstep.yaml, or 6566", HelpName = "number" };
    readonly Option<string?> _host = new("--host") { Description = "Address to listen on; 0.0.0.0 for all. Default: server.host of lockstep.yaml, or 127.0.0.1", HelpName = "address" };

    public override string Name => "serve";
    public override VerbGroup Group => VerbGroup.Serve;
    public override string Summary => "Answer requests for features over HTTP";
    public override string Details => "The native API is under `/api/v1`; Feast's wire format works unchanged (`POST /get-online-features`). `GET /health/ready` says whether it can answer, `GET /metrics` counts. What is applied meanwhile is served within a second. Ctrl-C finishes the requests under way.";
    public override IReadOnlyList<Option> Options => [_port, _host];
    public override IReadOnlyList<Example> Examples => [new("lockstep serve", "for this machine"), new("lockstep serve --host 0.0.0.0 --port 8080", "for others")];
    public override string JsonSample => """{ "url": "http://127.0.0.1:6566", "project": "flights", "environment": null }""";

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        await using var host = context.OpenProject();
        var settings = host.Settings.Server;
        settings = settings with { Port = context.Get(_port) ?? settings.Port, Host = context.Get(_host) ?? settings.Host };
        await using var server = LockstepServer.Build(host.ServerParts(settings));
        await server.StartAsync(token);
        var url = server.Urls.First();
        if (context.Json) context.WriteJson(new JsonObject { ["url"] = url, ["project"] = host.Settings.Project, ["environment"] = host.Settings.Environment });
        context.Say($"Serving {host.Settings.Project}{(host.Settings.Environment is { } environment ? $" ({environment})" : "")} at {context.Console.ErrorPaint.Bold(url)}. Ctrl-C ends it.");
        await Microsoft.Extensions.Hosting.HostingAbstractionsHostExtensions.WaitForShutdownAsync(server, token);
        return ExitCode.Done;
    }
}
