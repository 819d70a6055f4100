using System.Text;

namespace Lockstep.Cli.Output;

/// <summary>
/// Where a verb writes and what it may know of its surroundings: data to <see cref="Out"/>, words for people to <see cref="Error"/>.
/// Tests hand in text writers.
/// </summary>
internal sealed class CliConsole
{
    public required TextWriter Out { get; init; }
    public required TextWriter Error { get; init; }
    public TextReader In { get; init; } = TextReader.Null;

    public bool OutIsTerminal { get; init; }
    public bool ErrorIsTerminal { get; init; }
    public bool InIsTerminal { get; init; }

    /// <summary>Whether long work is drawn as bars, on <see cref="Error"/>.</summary>
    public bool Bars { get; init; }

    /// <summary>Characters of a line of the terminal.</summary>
    public int Width { get; init; } = 120;

    /// <summary>Characters of a line of prose: long ones are hard to read.</summary>
    public int TextWidth => Math.Min(Width, 100);

    /// <summary>The folder that relative paths are of.</summary>
    public string Folder { get; init; } = Environment.CurrentDirectory;

    public Func<string, string?> Variable { get; init; } = static _ => null;
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Who changes the registry, for its history.</summary>
    public string Author => Variable("LOCKSTEP_AUTHOR") is { Length: > 0 } named ? named : Environment.UserName is { Length: > 0 } user ? user : "unknown";

    public Paint OutPaint => new(OutIsTerminal && Colours);
    public Paint ErrorPaint => new(ErrorIsTerminal && Colours);

    bool Colours => string.IsNullOrEmpty(Variable("NO_COLOR")) && Variable("TERM") != "dumb";

    public static CliConsole OfProcess()
    {
        // UTF-8 without a mark whatever the locale: what we print is read by programs too.
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        return new CliConsole
        {
            Out = new StreamWriter(Console.OpenStandardOutput(), utf8, 1 << 14) { AutoFlush = true },
            Error = new StreamWriter(Console.OpenStandardError(), utf8, 1 << 10) { AutoFlush = true },
            In = Console.IsInputRedirected ? new StreamReader(Console.OpenStandardInput(), utf8) : Console.In,
            OutIsTerminal = !Console.IsOutputRedirected,
            ErrorIsTerminal = !Console.IsErrorRedirected,
            InIsTerminal = !Console.IsInputRedirected,
            Bars = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb",
            Width = TerminalWidth(),
            Variable = Environment.GetEnvironmentVariable,
        };
    }

    /// <summary>The path as seen from the caller's folder.</summary>
    public string FullPath(string path) => Path.GetFullPath(path, Folder);

    static int TerminalWidth()
    {
        if (Console.IsOutputRedirected) return 120;
        try
        {
            return Console.WindowWidth is > 20 and var width ? width : 80;
        }
        catch (IOException) // a terminal that does not tell its size
        {
            return 80;
        }
    }
}
