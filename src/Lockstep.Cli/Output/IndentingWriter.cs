using System.Text;

namespace Lockstep.Cli.Output;

/// <summary>Puts some blanks before every line that is not empty.</summary>
internal sealed class IndentingWriter(TextWriter to, string indent) : TextWriter
{
    bool _atBegin = true;

    public override Encoding Encoding => to.Encoding;

    public override void Write(char value)
    {
        if (value == '\n') _atBegin = true;
        else if (_atBegin)
        {
            to.Write(indent);
            _atBegin = false;
        }
        to.Write(value);
    }

    public override void Write(string? value)
    {
        foreach (var c in value ?? "") Write(c);
    }

    public override void WriteLine(string? value) => Write(value + "\n");

    public override void Flush() => to.Flush();
}
