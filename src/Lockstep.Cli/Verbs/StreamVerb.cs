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

    readonly Argument<string> _action = new("action") { Description = "`run`, or `reset`" };
    readonly Argument<string?> _source = new("source") { Description = "Of `reset`: the source whose reading has stopped", Arity = ArgumentArity.ZeroOrOne };
    readonly Option<string?> _to = new("--to") { Description = "Of `reset`: of a topic `earliest`, `latest` or an offset; of files what the source said when it stopped", HelpName = "place" };

    public override string Name => "stream";
    public override VerbGroup Group => VerbGroup.Compute;
    public override string Summary => "Run stream processing alone: `lockstep stream run`; choose where a stopped one goes on: `lockstep stream reset`";
    public override string Details => "Reads the streams of all sources, logs their events and brings them online, until it is stopped; `lockstep serve` does the same beside answering. Any number may run at once: they share the work. What is applied to the registry meanwhile is followed within a second.\n\nA source stops where the log cannot say any more where to go on: its topic was made anew, events were removed before they were read, a file was replaced. `stream reset` chooses, for the partitions and files that have stopped (or have not begun) and no others; whoever streams goes on within half a minute.";
    public override IReadOnlyList<Argument> Arguments => [_action, _source];
    public override IReadOnlyList<Option> Options => [_to];
    public override IReadOnlyList<Example> Examples => [new("lockstep stream run", "until Ctrl-C"), new("lockstep stream reset clicks --to earliest", "go on with the first event that is there")];
    public override string JsonSample => """{ "project": "flights", "sources": ["clicks"] }""";
    public override string WhenInterrupted => "What was logged is safe; whoever runs next goes on from there.";

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        var action = context.Get(_action);
        if (action is not ("run" or "reset")) throw new LockstepException(ErrorKind.BadArguments, $"'stream' does not know '{action}'. Write: lockstep stream run, or lockstep stream reset <source> --to <place>");
        if (action == "reset" && (context.Get(_source) is null || context.Get(_to) is null)) throw new LockstepException(ErrorKind.BadArguments, "Write: lockstep stream reset <source> --to <place>, with what the source said when it stopped; of a topic that is earliest, latest or an offset.");
        if (action == "run" && (context.Get(_source) ?? context.Get(_to)) is { } more) throw new LockstepException(ErrorKind.BadArguments, $"'stream run' takes nothing more; found '{more}'.");
        await using var host = context.OpenProject();
        var catalog = await host.LoadCatalogAsync(token);
        if (catalog.Number == 0) throw new LockstepException(ErrorKind.NotFound, "Nothing is registered. Register the project's definitions with: lockstep apply");
        await using var streams = host.OpenStreams((source, text) => context.Warn($"{source}: {text}"));
        if (action == "reset") return await ResetAsync(context, streams, catalog, token);
        await FollowAsync(streams, catalog, token);
        var sources = catalog.Sources.Values.Where(s => s.Stream is not null).Select(s => s.Name).Order(StringComparer.Ordinal).ToList();
        if (context.Json) context.WriteJson(new JsonObject { ["project"] = host.Settings.Project, ["sources"] = RegistryJson.List(sources, s => JsonValue.Create(s)!) });
        context.Say(sources.Count == 0 ? "No registered source has a stream yet: waiting for one. Ctrl-C ends it." : $"Streaming {string.Join(", ", sources)}. Ctrl-C ends it.");
        using PeriodicTimer timer = new(Look, context.Console.Clock);
        try
        {
            string? told = null;
            for (var turn = 0; await timer.WaitForNextTickAsync(token); turn++)
                try
                {
                    if (await host.Registry.NumberAsync(token) != catalog.Number)
                    {
                        var next = await host.LoadCatalogAsync(token);
                        await FollowAsync(streams, next, token);
                        catalog = next;
                    }
                    if (turn % 5 != 0) continue;
                    await streams.TurnAsync(token);
                    told = null;
                }
                catch (Exception e) when (e is LockstepException or IOException) // what is logged is safe, and the next turn may succeed
                {
                    if (told != e.Message) context.Warn(told = e.Message);
                }
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            context.Say("Stopped. " + WhenInterrupted);
        }
        return ExitCode.Done;
    }

    async Task<int> ResetAsync(VerbContext context, StreamHost streams, Catalog catalog, CancellationToken token)
    {
        await streams.UpdateAsync(catalog, token);
        var feed = streams.Find(context.Get(_source)!);
        if (feed.Reader is not { } reader) throw new LockstepException(ErrorKind.BadArguments, $"The events of source '{feed.Source.Name}' are pushed: there is nowhere to go on from.");
        var told = await reader.ResetAsync(context.Get(_to)!, token);
        if (context.Json) context.WriteJson(new JsonObject { ["source"] = feed.Source.Name, ["partitions"] = RegistryJson.List(told, t => JsonValue.Create(t)!) });
        foreach (var line in told) context.Say(line);
        return ExitCode.Done;
    }

    static async Task FollowAsync(StreamHost streams, Catalog catalog, CancellationToken token)
    {
        await streams.UpdateAsync(catalog, token);
        await streams.StartAsync(token);
    }
}
