using Lockstep.Cli.Output;
using Lockstep.Core;
using Lockstep.Server;

namespace Lockstep.Cli.Demo;

/// <summary>One step of the demo.</summary>
internal sealed record DemoStep(string Title, string? Command, TimeSpan Time);

/// <summary>
/// Tells the steps of a demo and runs their commands, in this process and by the same way as typed ones. All of it is words: it goes to
/// stdout, or to stderr where stdout holds JSON.
/// </summary>
internal sealed class DemoRun
{
    const string Indent = "   ";

    readonly VerbContext _context;
    readonly string _folder;
    readonly TextWriter _to;
    readonly List<DemoStep> _steps = [];

    public DemoRun(VerbContext context, string folder)
    {
        (_context, _folder) = (context, folder);
        _to = context.Json ? context.Error : context.Out;
        var terminal = context.Json ? context.Console.ErrorIsTerminal : context.Console.OutIsTerminal;
        var indented = new IndentingWriter(_to, Indent);
        Console = new CliConsole
        {
            Out = indented,
            Error = indented,
            OutIsTerminal = terminal,
            ErrorIsTerminal = terminal,
            Width = context.Console.Width - Indent.Length,
            Folder = folder,
            Variable = context.Console.Variable,
            Clock = context.Console.Clock,
        };
    }

    /// <summary>What the steps write to.</summary>
    public CliConsole Console { get; }

    public Paint Paint => Console.OutPaint;
    public IReadOnlyList<DemoStep> Steps => _steps;

    public ProjectHost Open() => ProjectHost.Open(_folder, null, Console.Variable, Console.Clock);

    public void Line(string text) => _to.WriteLine(text);
    public void Say(string text) => Console.Out.WriteLine(text);

    public Task StepAsync(string title, string command)
        => StepAsync(title, command, () => new CommandLine().RunAsync(command.Split(' ')[1..], Console, _context.Token));

    public async Task StepAsync(string title, string? command, Func<Task<int>> work)
    {
        _context.Token.ThrowIfCancellationRequested();
        Line("");
        Line(Paint.Bold($"{_steps.Count + 1}. {title}"));
        if (command is not null) Say(Paint.Cyan($"$ {command}"));
        var begin = Console.Clock.GetTimestamp();
        var code = await work();
        _context.Token.ThrowIfCancellationRequested();
        if (code != ExitCode.Done) throw new LockstepException(ErrorKind.Failed, $"The demo stopped at step {_steps.Count + 1} (exit code {code}). Its folder is {_folder}.");
        _steps.Add(new(title, command, Console.Clock.GetElapsedTime(begin)));
    }
}
