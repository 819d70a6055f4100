using System.Text.Json.Nodes;
using Lockstep.Cli.Output;

namespace Lockstep.Cli.Tests;

/// <summary>Calls the command line in this process, with texts for streams.</summary>
internal sealed class Run
{
    public string? Folder { get; init; }
    public bool Terminal { get; init; }
    public string Input { get; init; } = "";
    public bool InputIsTerminal { get; init; }
    public TimeProvider Clock { get; init; } = TimeProvider.System;
    public Dictionary<string, string> Variables { get; init; } = [];
    public CancellationToken Token { get; init; } = TestContext.Current.CancellationToken;

    public Task<RunResult> VerbAsync(string line) => VerbAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    public async Task<RunResult> VerbAsync(params string[] args)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        var console = new CliConsole
        {
            Out = output,
            Error = error,
            In = new StringReader(Input),
            InIsTerminal = InputIsTerminal,
            OutIsTerminal = Terminal,
            ErrorIsTerminal = Terminal,
            Folder = Folder ?? Path.GetTempPath(),
            Variable = name => Variables.GetValueOrDefault(name),
            Clock = Clock,
        };
        var code = await new CommandLine().RunAsync(args, console, Token);
        return new RunResult(code, output.ToString(), error.ToString());
    }
}

/// <summary>What a call left behind.</summary>
internal sealed record RunResult(int Code, string Out, string Error)
{
    public RunResult Ok()
    {
        Assert.True(Code == 0, $"exit code {Code}\n{Error}\n{Out}");
        return this;
    }

    public JsonNode Json => JsonNode.Parse(Out)!;
}

/// <summary>A folder of its own for a test, gone at its end.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("lockstep-cli-").FullName;

    /// <summary>A project with a folder for definitions, and others.</summary>
    public static TempFolder OfProject(string name, params string[] folders)
    {
        TempFolder temp = new();
        File.WriteAllText(temp["lockstep.yaml"], $"project: {name}\n");
        foreach (var folder in folders.Prepend("features")) Directory.CreateDirectory(temp[folder]);
        return temp;
    }

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
