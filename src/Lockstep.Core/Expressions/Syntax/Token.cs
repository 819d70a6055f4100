namespace Lockstep.Core.Expressions.Syntax;

enum TokenKind : byte { End, Name, QuotedName, Integer, Float, Text, Symbol }

readonly record struct Token(TokenKind Kind, string Content, TextSpan Span)
{
    public bool Is(string symbol) => Kind == TokenKind.Symbol && Content == symbol;

    /// <summary>Words are matched without regard to case; a quoted name is never a word.</summary>
    public bool IsWord(string word) => Kind == TokenKind.Name && Content.Equals(word, StringComparison.OrdinalIgnoreCase);

    public override string ToString() => Kind switch
    {
        TokenKind.End => "the end",
        TokenKind.Text => $"the text '{Content}'",
        TokenKind.Integer or TokenKind.Float => $"the number {Content}",
        _ => $"'{Content}'",
    };
}
