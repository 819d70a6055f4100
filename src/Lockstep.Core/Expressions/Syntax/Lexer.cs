using System.Text;

namespace Lockstep.Core.Expressions.Syntax;

/// <summary>Cuts the text into tokens. Comments are <c>-- to the end of the line</c>.</summary>
static class Lexer
{
    static readonly string[] Symbols = ["->", "<=", ">=", "<>", "!=", "||", "//", "::", "(", ")", "[", "]", ",", "+", "-", "*", "/", "%", "<", ">", "=", ":", "@", "."];

    public static List<Token> Run(string text, List<ExpressionError> errors)
    {
        List<Token> tokens = [];
        if (text.Length > ExpressionLimits.MaxTextLength)
        {
            errors.Add(new(new(0, 1), $"The expression has {text.Length} characters; the limit MaxTextLength is {ExpressionLimits.MaxTextLength}."));
            tokens.Add(new(TokenKind.End, "", new(0, 0)));
            return tokens;
        }
        var at = 0;
        while (at < text.Length)
        {
            var start = at;
            var c = text[at];
            if (char.IsWhiteSpace(c)) { at++; continue; }
            if (c == '-' && at + 1 < text.Length && text[at + 1] == '-')
            {
                while (at < text.Length && text[at] != '\n') at++;
                continue;
            }
            if (char.IsAsciiLetter(c) || c == '_')
            {
                while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_')) at++;
                tokens.Add(new(TokenKind.Name, text[start..at], new(start, at - start)));
            }
            else if (char.IsAsciiDigit(c) || (c == '.' && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1])))
                tokens.Add(Number(text, ref at));
            else if (c is '\'' or '"')
                tokens.Add(Quoted(text, ref at, c, errors));
            else if (Array.Find(Symbols, s => text.AsSpan(at).StartsWith(s, StringComparison.Ordinal)) is { } symbol)
            {
                at += symbol.Length;
                tokens.Add(new(TokenKind.Symbol, symbol, new(start, symbol.Length)));
            }
            else
            {
                at += char.IsSurrogatePair(text, at) ? 2 : 1;
                errors.Add(new(new(start, at - start), $"'{text[start..at]}' has no meaning here."));
            }
        }
        tokens.Add(new(TokenKind.End, "", new(text.Length, 0)));
        return tokens;
    }

    static Token Number(string text, ref int at)
    {
        var start = at;
        var isFloat = false;
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        if (at < text.Length && text[at] == '.')
        {
            isFloat = true;
            at++;
            while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        }
        if (at < text.Length && text[at] is 'e' or 'E')
        {
            var digits = at + 1;
            if (digits < text.Length && text[digits] is '+' or '-') digits++;
            if (digits < text.Length && char.IsAsciiDigit(text[digits]))
            {
                isFloat = true;
                at = digits;
                while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
            }
        }
        return new(isFloat ? TokenKind.Float : TokenKind.Integer, text[start..at], new(start, at - start));
    }

    static Token Quoted(string text, ref int at, char quote, List<ExpressionError> errors)
    {
        var start = at++;
        var content = new StringBuilder();
        while (true)
        {
            if (at >= text.Length)
            {
                errors.Add(new(new(start, 1), quote == '\'' ? "The text that begins here has no closing '." : "The name that begins here has no closing \"."));
                break;
            }
            if (text[at] == quote)
            {
                at++;
                if (at >= text.Length || text[at] != quote) break;
            }
            content.Append(text[at++]);
        }
        return new(quote == '\'' ? TokenKind.Text : TokenKind.QuotedName, content.ToString(), new(start, at - start));
    }
}
