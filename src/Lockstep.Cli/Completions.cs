using System.CommandLine;
using System.CommandLine.Completions;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Server;

namespace Lockstep.Cli;

/// <summary>Words for the shell that only the registry knows.</summary>
internal static class Completions
{
    public static Argument<string> RegisteredName(Argument<string> argument)
    {
        argument.CompletionSources.Add(context => Names(context, c => c.Views.Select(v => v.Name).Concat(c.Services.Select(s => s.Name)).Concat(c.Sources.Keys).Concat(c.Entities.Keys)));
        return argument;
    }

    public static Option<string?> Service(Option<string?> option)
    {
        option.CompletionSources.Add(context => Names(context, c => c.Services.Select(s => s.Name)));
        return option;
    }

    public static Option<string?> OneView(Option<string?> option)
    {
        option.CompletionSources.Add(context => Names(context, c => c.Views.Select(v => v.Name)));
        return option;
    }

    public static Option<string[]> View(Option<string[]> option)
    {
        option.CompletionSources.Add(context => Names(context, c => c.Views.Select(v => v.Name)));
        return option;
    }

    static IEnumerable<CompletionItem> Names(CompletionContext context, Func<Catalog, IEnumerable<string>> names)
    {
        var folder = context.ParseResult.GetValue<string?>("--project");
        var environment = context.ParseResult.GetValue<string?>("--env");
        try
        {
            // A shell waits for this: no data is opened, only the registry.
            using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            var host = ProjectHost.Open(folder ?? Environment.CurrentDirectory, environment, Environment.GetEnvironmentVariable, TimeProvider.System);
            var catalog = host.Registry.LoadAsync(stop.Token).AsTask().GetAwaiter().GetResult().Catalog;
            host.Registry.Dispose();
            return names(catalog).Distinct(StringComparer.Ordinal).Select(n => new CompletionItem(n));
        }
        catch (Exception e) when (e is LockstepException or IOException or OperationCanceledException)
        {
            return []; // no project here, or one that is broken: the shell has nothing to offer, and nowhere to say why
        }
    }
}
