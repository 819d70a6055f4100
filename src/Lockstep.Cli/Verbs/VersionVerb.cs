using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Lockstep.Cli.Verbs;

/// <summary>Says which Lockstep this is.</summary>
internal sealed class VersionVerb : Verb
{
    public override string Name => "version";
    public override VerbGroup Group => VerbGroup.Tool;
    public override string Summary => "Say which Lockstep this is";

    public override string JsonSample => """
        { "version": "0.1.0", "commit": "1f0c2d…", "runtime": ".NET 10.0.1", "platform": "linux-x64" }
        """;

    public override Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        // The SDK appends the commit: 0.1.0+<hash>.
        var text = typeof(VersionVerb).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
        var parts = text.Split('+', 2);
        var commit = parts.Length > 1 ? parts[1] : null;
        if (context.Json)
        {
            context.WriteJson(new JsonObject
            {
                ["version"] = parts[0],
                ["commit"] = commit,
                ["runtime"] = RuntimeInformation.FrameworkDescription,
                ["platform"] = RuntimeInformation.RuntimeIdentifier,
            });
        }
        else
        {
            context.Out.WriteLine($"lockstep {parts[0]}{(commit is null ? "" : $" ({commit[..Math.Min(10, commit.Length)]})")}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}");
        }
        return Task.FromResult(ExitCode.Done);
    }
}
