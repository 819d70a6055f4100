namespace Lockstep.Cli.Output;

/// <summary>Colours, where the reader is a person: on a terminal, unless <c>NO_COLOR</c> is set. Elsewhere the text as it is.</summary>
internal readonly record struct Paint(bool Enabled)
{
    public string Bold(string text) => Wrap(text, "1");
    public string Faint(string text) => Wrap(text, "2");
    public string Red(string text) => Wrap(text, "31");
    public string Green(string text) => Wrap(text, "32");
    public string Yellow(string text) => Wrap(text, "33");
    public string Cyan(string text) => Wrap(text, "36");

    string Wrap(string text, string code) => Enabled && text.Length > 0 ? $"\e[{code}m{text}\e[0m" : text;
}
