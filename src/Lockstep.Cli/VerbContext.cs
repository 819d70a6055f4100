using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lockstep.Cli.Output;
using Lockstep.Server;

namespace Lockstep.Cli;

/// <summary>What a verb gets: its parsed arguments and where to write.</summary>
internal sealed class VerbContext(CommandLine commandLine, ParseResult parsed, CliConsole console, CancellationToken token)
{
    // Written for people and programs alike: no \u0027 for an apostrophe. It is not put into HTML.
    static readonly JsonWriterOptions JsonOptions = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public CommandLine CommandLine { get; } = commandLine;
    public CliConsole Console { get; } = console;
    public CancellationToken Token { get; } = token;
    public TextWriter Out => Console.Out;
    public TextWriter Error => Console.Error;

    public bool Json => parsed.GetValue(CommandLine.Globals.Json);
    public string? ProjectFolder => parsed.GetValue(CommandLine.Globals.Project);
    public string? EnvironmentName => parsed.GetValue(CommandLine.Globals.Environment);

    /// <summary>The project that the caller means; the verb disposes of it.</summary>
    public ProjectHost OpenProject() => ProjectHost.Open(ProjectFolder is null ? Console.Folder : Console.FullPath(ProjectFolder), EnvironmentName, Console.Variable, Console.Clock, CommandLine.CSharp);

    /// <summary>Whether there is one to open.</summary>
    public bool HasProject => Runtime.Projects.ProjectFolder.Find(ProjectFolder is null ? Console.Folder : Console.FullPath(ProjectFolder)) is not null;

    public T? Get<T>(Option<T> option) => parsed.GetValue(option);
    public T? Get<T>(Argument<T> argument) => parsed.GetValue(argument);

    /// <summary>The one shape of a verb, on stdout.</summary>
    public void WriteJson(JsonNode node)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, JsonOptions)) node.WriteTo(writer);
        Out.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }

    /// <summary>A word to the person; never data.</summary>
    public void Say(string text) => Error.WriteLine(text);

    public void Warn(string text) => Error.WriteLine($"{Console.ErrorPaint.Yellow("warning:")} {text}");
}
