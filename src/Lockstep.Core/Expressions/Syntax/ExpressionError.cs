using System.Text;

namespace Lockstep.Core.Expressions.Syntax;

/// <summary>Where in the text of an expression something stands: UTF-16 positions from 0.</summary>
public readonly record struct TextSpan(int Start, int Length)
{
    public int End => Start + Length;
    public static TextSpan Between(TextSpan first, TextSpan last) => new(first.Start, last.End - first.Start);
}

/// <summary>Something wrong in an expression: what was found and what would be right.</summary>
public sealed record ExpressionError(TextSpan Span, string Message)
{
    /// <summary>The message, the line of the text, and carets under the place.</summary>
    public string Render(string text)
    {
        var start = Math.Min(Span.Start, text.Length);
        var lineStart = start == 0 ? 0 : text.LastIndexOf('\n', start - 1) + 1;
        var lineEnd = text.IndexOf('\n', lineStart);
        if (lineEnd < 0) lineEnd = text.Length;
        // A very long line is cut around the place.
        var from = Math.Max(lineStart, start - 60);
        var to = Math.Min(lineEnd, Math.Max(start, from) + 60);
        var builder = new StringBuilder(Message).Append('\n').Append("  ").Append(text, from, to - from).Append('\n').Append(' ', 2 + start - from);
        return builder.Append('^', Math.Max(1, Math.Min(Span.Length, to - start))).ToString();
    }
}

/// <summary>An expression that cannot be parsed or bound; all that is wrong in it at once.</summary>
public class ExpressionException(string text, IReadOnlyList<ExpressionError> errors)
    : Exception(string.Join("\n", errors.Select(e => e.Render(text))))
{
    public string Text { get; } = text;
    public IReadOnlyList<ExpressionError> Errors { get; } = errors;
}

/// <summary>Bounds that keep an expression from running away. Their names stand in the errors.</summary>
public static class ExpressionLimits
{
    public const int MaxTextLength = 65_536;
    public const int MaxDepth = 200;
    public const int MaxNodes = 20_000;
    public const int MaxListLength = 100_000;
    public const int MaxTextResult = 1 << 20;
}
