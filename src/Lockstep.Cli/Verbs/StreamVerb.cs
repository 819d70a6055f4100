using System.CommandLine;
using System.Text.Json.Nodes;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.Streaming;

namespace Lockstep.Cli.Verbs;

/// <summary>Runs stream processing alone, without a server.</summary>
internal sealed class StreamVerb : Verb
{
    static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    readonly Argument<string> _action = new("action") { Description = "`run`" };

    public override string Name => "stream";
    public override VerbGroup Group => VerbGroup.Compute;
    public override string Summary => "Run stream processing alone: `lockstep stream run`";
    public override string Details => "Reads the streams of all sources, logs their events and brings them online, until it is stopped; `lockstep serve` does the same beside answering. Any number may run at once: they share the work. What is applied to the registry meanwhile is followed within a second.";
    public override IReadOnlyList<Argument> Arguments => [_action];
    public override IReadOnlyList<Example> Examples => [new("lockstep stream run", "until Ctrl-C")];
    public override string JsonSample => """{ "project": "flights", "sources": ["clicks"] }""";
    public override string WhenInterrupted => "What was logged is safe; whoever runs next goes on from there.";

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        if (context.Get(_action) is not "run") throw new LockstepException(ErrorKind.BadArguments, $"'stream' does not know '{context.Get(_action)}'. Write: lockstep stream run");
        await using var host = context.OpenProject();
        var catalog = await host.LoadCatalogAsync(token);
        if (catalog.Number == 0) throw new LockstepException(ErrorKind.NotFound, "Nothing is registered. Register the project's definitions with: lockstep apply");
        await using var streams = host.OpenStreams((source, text) => context.Warn($"{source}: {text}"));
        await FollowAsync(streams, catalog, token);
        var sources = catalog.Sources.Values.Where(s => s.Stream is not null).Select(s => s.Name).Order(StringComparer.Ordinal).ToList();
        if (context.Json) context.WriteJson(new JsonObject { ["project"] = host.Settings.Project, ["sources"] = RegistryJson.List(sources, s => JsonValue.Create(s)!) });
        context.Say(sources.Count == 0 ? "No registered source has a stream yet: waiting for one. Ctrl-C ends it." : $"Streaming {string.Join(", ", sources)}. Ctrl-C ends it.");
        using PeriodicTimer timer = new(Look, context.Console.Clock);
        try
        {
            for (var turn = 0; await timer.WaitForNextTickAsync(token); turn++)
            {
                if (await host.Registry.NumberAsync(token) != catalog.Number) await FollowAsync(streams, catalog = await host.LoadCatalogAsync(token), token);
                if (turn % 5 == 0) await streams.TurnAsync(token);
            }
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            context.Say("Stopped. " + WhenInterrupted);
        }
        return ExitCode.Done;
    }

    static async Task FollowAsync(StreamHost streams, Catalog catalog, CancellationToken token)
    {
        await streams.UpdateAsync(catalog, token);
        await streams.StartAsync(token);
    }
}
