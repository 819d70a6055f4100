using System.Globalization;

namespace Lockstep.Cli.Output;

/// <summary>
/// Columns of text, aligned by spaces: read by people, and by <c>grep</c> and <c>awk</c>. On a terminal the headers are bold and lines
/// end at its edge; elsewhere nothing is cut.
/// </summary>
internal sealed class TextTable(params string[] headers)
{
    readonly List<string[]> _rows = [];
    readonly HashSet<int> _right = [];

    public int Count => _rows.Count;

    /// <summary>Columns of numbers, aligned to the right.</summary>
    public TextTable Right(params ReadOnlySpan<int> columns)
    {
        foreach (var column in columns) _right.Add(column);
        return this;
    }

    public void Add(params string[] cells) => _rows.Add(cells.Length == headers.Length
        ? cells
        : throw new ArgumentException($"{cells.Length} cells for {headers.Length} columns.", nameof(cells)));

    public void Write(TextWriter to, Paint paint, int maxWidth = int.MaxValue, string indent = "")
    {
        var widths = new int[headers.Length];
        for (var c = 0; c < headers.Length; c++) widths[c] = _rows.Max(r => (int?)Length(r[c])) is var cells && headers[c].Length > (cells ?? 0) ? headers[c].Length : cells ?? 0;
        if (headers.Any(h => h.Length > 0)) to.WriteLine(Line(headers, widths, maxWidth, indent, paint.Bold));
        foreach (var row in _rows) to.WriteLine(Line(row, widths, maxWidth, indent, static text => text));
    }

    public void Write(CliConsole console, string indent = "")
        => Write(console.Out, console.OutPaint, console.OutIsTerminal ? console.Width : int.MaxValue, indent);

    string Line(string[] cells, int[] widths, int maxWidth, string indent, Func<string, string> paint)
    {
        var line = indent;
        for (var c = 0; c < cells.Length; c++)
        {
            var padding = new string(' ', widths[c] - Length(cells[c]));
            line += (c == 0 ? "" : "  ") + (_right.Contains(c) ? padding + cells[c] : cells[c] + padding);
        }
        line = line.TrimEnd();
        return paint(Cut(line, maxWidth));
    }

    static string Cut(string line, int width)
    {
        if (width == int.MaxValue || Length(line) <= width) return line;
        var info = new StringInfo(line);
        return info.SubstringByTextElements(0, Math.Max(1, width - 1)) + "…";
    }

    /// <summary>What the reader counts: an accent on a letter is not a place of its own.</summary>
    static int Length(string text) => System.Text.Ascii.IsValid(text) ? text.Length : new StringInfo(text).LengthInTextElements;
}
