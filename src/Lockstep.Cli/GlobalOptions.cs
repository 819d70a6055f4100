using System.CommandLine;

namespace Lockstep.Cli;

/// <summary>Options that every verb takes.</summary>
internal sealed class GlobalOptions
{
    public Option<string?> Project { get; } = new("--project") { Description = "Folder of the project. Default: this folder or its nearest parent with a lockstep.yaml", HelpName = "dir", Recursive = true };
    public Option<string?> Environment { get; } = new("--env") { Description = "Environment of lockstep.yaml, such as prod", HelpName = "name", Recursive = true };
    public Option<bool> Json { get; } = new("--json") { Description = "Print data as JSON", Recursive = true };
    public Option<bool> Help { get; } = new("--help", "-h", "-?") { Description = "Say what a verb does and takes", Recursive = true };

    public IReadOnlyList<Option> All => [Project, Environment, Json, Help];
}
