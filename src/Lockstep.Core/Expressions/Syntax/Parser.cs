using System.Globalization;
using System.Runtime.CompilerServices;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expressions.Syntax;

/// <summary>
/// Recursive descent over the tokens, one method a level of precedence, lowest first:
/// or · and · not · comparison, is, in, between, like · || · + - · * / // % · unary minus · postfix ::type and [index].
/// The first mistake ends the parse: what follows it would be guesses.
/// </summary>
public sealed class Parser
{
    static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
        { "and", "or", "not", "is", "in", "between", "like", "case", "when", "then", "else", "end", "null", "true", "false", "cast", "try_cast", "as" };

    readonly List<Token> _tokens;
    int _at;
    int _depth;
    int _nodes;

    Parser(List<Token> tokens) => _tokens = tokens;

    sealed class Stop(ExpressionError error) : Exception
    {
        public ExpressionError Error { get; } = error;
    }

    /// <exception cref="ExpressionException">With everything that the text does wrong.</exception>
    public static SyntaxNode Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<ExpressionError> errors = [];
        var tokens = Lexer.Run(text, errors);
        if (errors.Count > 0) throw new ExpressionException(text, errors);
        var parser = new Parser(tokens);
        try
        {
            if (parser.Current.Kind == TokenKind.End) throw parser.Fail("The expression is empty.");
            var node = parser.Expression();
            if (parser.Current.Kind != TokenKind.End) throw parser.Fail($"Expected the end of the expression or an operator, found {parser.Current}.");
            return node;
        }
        catch (Stop stop)
        {
            throw new ExpressionException(text, [stop.Error]);
        }
    }

    Token Current => _tokens[_at];
    Token Next() => _tokens[_at++];
    Token Peek(int ahead) => _tokens[Math.Min(_at + ahead, _tokens.Count - 1)];
    Stop Fail(string message) => new(new(Current.Span with { Length = Math.Max(1, Current.Span.Length) }, message));

    bool Accept(string symbol)
    {
        if (!Current.Is(symbol)) return false;
        _at++;
        return true;
    }

    bool AcceptWord(string word)
    {
        if (!Current.IsWord(word)) return false;
        _at++;
        return true;
    }

    Token Expect(string symbol, string where) => Current.Is(symbol) ? Next() : throw Fail($"Expected '{symbol}' {where}, found {Current}.");
    void ExpectWord(string word, string where)
    {
        if (!AcceptWord(word)) throw Fail($"Expected '{word}' {where}, found {Current}.");
    }

    T Count<T>(T node) where T : SyntaxNode
        => ++_nodes <= ExpressionLimits.MaxNodes ? node : throw new Stop(new(node.Span, $"The expression has more than {ExpressionLimits.MaxNodes} parts, the limit MaxNodes."));

    SyntaxNode Expression()
    {
        if (++_depth > ExpressionLimits.MaxDepth) throw Fail($"The expression is nested deeper than {ExpressionLimits.MaxDepth}, the limit MaxDepth.");
        RuntimeHelpers.EnsureSufficientExecutionStack();
        var node = Or();
        _depth--;
        return node;
    }

    SyntaxNode Or() => Chain(And, "or");
    SyntaxNode And() => Chain(Not, "and");

    // A long chain of one operator makes a left-deep tree, whose depth counts: whoever walks the tree recurses on it.
    SyntaxNode Chain(Func<SyntaxNode> operand, string word)
    {
        var left = operand();
        for (var length = 0; Current.IsWord(word); length++)
        {
            var symbol = Next();
            left = Binary(left, symbol, operand(), word);
            CheckChain(length);
        }
        return left;
    }

    void CheckChain(int length)
    {
        if (length + _depth > ExpressionLimits.MaxDepth * 5) throw Fail($"More than {ExpressionLimits.MaxDepth * 5} operators in one chain, a limit that follows from MaxDepth.");
    }

    OperatorSyntax Binary(SyntaxNode left, Token symbol, SyntaxNode right, string name)
        => Count(new OperatorSyntax(TextSpan.Between(left.Span, right.Span), name, symbol.Span, [left, right]));

    SyntaxNode Not()
    {
        if (!Current.IsWord("not")) return Comparison();
        var symbol = Next();
        Deeper();
        var operand = Not();
        _depth--;
        return Count(new OperatorSyntax(TextSpan.Between(symbol.Span, operand.Span), "not", symbol.Span, [operand]));
    }

    void Deeper()
    {
        if (++_depth > ExpressionLimits.MaxDepth) throw Fail($"The expression is nested deeper than {ExpressionLimits.MaxDepth}, the limit MaxDepth.");
    }

    SyntaxNode Comparison()
    {
        var left = Concatenation();
        for (var length = 0; ; length++)
        {
            CheckChain(length);
            if (Current.Kind == TokenKind.Symbol && Current.Content is "=" or "<>" or "!=" or "<" or "<=" or ">" or ">=")
            {
                var symbol = Next();
                left = Binary(left, symbol, Concatenation(), symbol.Content == "!=" ? "<>" : symbol.Content);
                continue;
            }
            if (Current.IsWord("is"))
            {
                Next();
                var negated = AcceptWord("not");
                var end = Current;
                ExpectWord("null", negated ? "after 'is not'" : "after 'is'");
                left = Count(new IsNullSyntax(TextSpan.Between(left.Span, end.Span), left, negated));
                continue;
            }
            var not = Current.IsWord("not") && (Peek(1).IsWord("in") || Peek(1).IsWord("between") || Peek(1).IsWord("like"));
            if (not) Next();
            if (AcceptWord("in"))
            {
                Expect("(", "after 'in'");
                var candidates = Arguments(")", out var end);
                if (candidates.Count == 0) throw Fail("'in ()' lists no values.");
                left = Count(new InSyntax(TextSpan.Between(left.Span, end.Span), left, candidates, not));
            }
            else if (AcceptWord("between"))
            {
                var low = Concatenation();
                ExpectWord("and", "in 'between … and …'");
                var high = Concatenation();
                left = Count(new BetweenSyntax(TextSpan.Between(left.Span, high.Span), left, low, high, not));
            }
            else if (Current.IsWord("like"))
            {
                var symbol = Next();
                SyntaxNode like = Binary(left, symbol, Concatenation(), "like");
                left = not ? Count(new OperatorSyntax(like.Span, "not", symbol.Span, [like])) : like;
            }
            else return left;
        }
    }

    SyntaxNode Concatenation() => Symbols(Sum, "||");
    SyntaxNode Sum() => Symbols(Product, "+", "-");
    SyntaxNode Product() => Symbols(Unary, "*", "/", "//", "%");

    SyntaxNode Symbols(Func<SyntaxNode> operand, params ReadOnlySpan<string> symbols)
    {
        var left = operand();
        for (var length = 0; Current.Kind == TokenKind.Symbol && symbols.Contains(Current.Content); length++)
        {
            var symbol = Next();
            left = Binary(left, symbol, operand(), symbol.Content);
            CheckChain(length);
        }
        return left;
    }

    SyntaxNode Unary()
    {
        if (!Current.Is("-") && !Current.Is("+")) return Postfix();
        var symbol = Next();
        // The least int64 has no positive twin: a minus belongs to the digits behind it.
        if (symbol.Content == "-" && Current.Kind == TokenKind.Integer && !Peek(1).Is("::") && !Peek(1).Is("["))
        {
            var digits = Next();
            return Count(new LiteralSyntax(TextSpan.Between(symbol.Span, digits.Span), Integer("-" + digits.Content, TextSpan.Between(symbol.Span, digits.Span))));
        }
        Deeper();
        var operand = Unary();
        _depth--;
        return symbol.Content == "+" ? operand : Count(new OperatorSyntax(TextSpan.Between(symbol.Span, operand.Span), "neg", symbol.Span, [operand]));
    }

    SyntaxNode Postfix()
    {
        var node = Primary();
        for (var length = 0; ; length++)
        {
            CheckChain(length);
            if (Accept("::"))
            {
                var (type, span) = Type();
                node = Count(new CastSyntax(TextSpan.Between(node.Span, span), node, type, span, Try: false));
            }
            else if (Current.Is("["))
            {
                var open = Next();
                var index = Expression();
                var close = Expect("]", "after the index");
                node = Count(new CallSyntax(TextSpan.Between(node.Span, close.Span), "list_element", open.Span, [node, index]));
            }
            else return node;
        }
    }

    SyntaxNode Primary()
    {
        var token = Current;
        switch (token.Kind)
        {
            case TokenKind.Integer:
                Next();
                return Count(new LiteralSyntax(token.Span, Integer(token.Content, token.Span)));
            case TokenKind.Float:
                Next();
                var number = double.Parse(token.Content, NumberStyles.Float, CultureInfo.InvariantCulture);
                if (!double.IsFinite(number)) throw new Stop(new(token.Span, $"{token.Content} is beyond float64."));
                return Count(new LiteralSyntax(token.Span, Value.Of(number)));
            case TokenKind.Text:
                Next();
                return Count(new LiteralSyntax(token.Span, Value.Of(token.Content)));
            case TokenKind.Symbol when token.Content == "(":
                Next();
                if (Current.Kind == TokenKind.Name && LambdaAhead()) { _at--; return Lambda(); }
                var inner = Expression();
                Expect(")", "to close the parenthesis");
                return inner;
            case TokenKind.Symbol when token.Content == "[":
                Next();
                var elements = Arguments("]", out var close);
                return Count(new ListSyntax(TextSpan.Between(token.Span, close.Span), elements));
            case TokenKind.QuotedName:
                Next();
                return AfterName(token);
            case TokenKind.Name:
                return Word(token);
            default:
                throw Fail($"Expected a value, a name or a function, found {token}.");
        }
    }

    SyntaxNode Word(Token token)
    {
        switch (token.Content.ToLowerInvariant())
        {
            case "null": Next(); return Count(new LiteralSyntax(token.Span, Value.Null));
            case "true": Next(); return Count(new LiteralSyntax(token.Span, Value.Of(true)));
            case "false": Next(); return Count(new LiteralSyntax(token.Span, Value.Of(false)));
            case "case": return Case();
            case "cast" or "try_cast": return Cast();
            case "timestamp" when Peek(1).Kind == TokenKind.Text:
                Next();
                return Instants(token, Next(), text => Instant.TryParse(text, out var micros) ? Value.Timestamp(micros) : Value.Null, "an instant like 2026-11-01T12:00:00Z");
            case "date" when Peek(1).Kind == TokenKind.Text:
                Next();
                return Instants(token, Next(), text => Instant.TryParseDate(text, out var days) ? Value.Date(days) : Value.Null, "a date like 2026-11-01");
        }
        if (Reserved.Contains(token.Content)) throw Fail($"Expected a value, a name or a function, found {token}.");
        Next();
        if (Current.Is("->")) { _at--; return Lambda(); }
        return AfterName(token);
    }

    LiteralSyntax Instants(Token word, Token text, Func<string, Value> read, string right)
    {
        var value = read(text.Content);
        if (value.IsNull) throw new Stop(new(text.Span, $"'{text.Content}' is not {right}."));
        return Count(new LiteralSyntax(TextSpan.Between(word.Span, text.Span), value));
    }

    SyntaxNode AfterName(Token name)
    {
        if (Current.Is("(")) return Call(name, VersionSelector.Newest);
        if (!Current.Is(":") && !Current.Is("@")) return Count(new NameSyntax(name.Span, name.Content));
        var version = VersionSelector.Newest;
        if (Accept("@"))
        {
            var first = Current;
            var text = "";
            while (Current.Kind is TokenKind.Integer or TokenKind.Float || Current.Is(".")) text += Next().Content;
            if (!VersionSelector.TryParse(text, out version)) throw new Stop(new(first.Span, $"Expected a version like 1 or 1.2.0 after '@', found {first}."));
        }
        if (version != VersionSelector.Newest && Current.Is("(")) return Call(name, version);
        if (version != VersionSelector.Newest && Current.Is(",")) return Count(new NameSyntax(name.Span, name.Content) { Version = version }); // a lookup table
        Expect(":", "between view and feature");
        if (Current.Kind is not (TokenKind.Name or TokenKind.QuotedName)) throw Fail($"Expected the name of a feature after ':', found {Current}.");
        var feature = Next();
        return Count(new FeatureSyntax(TextSpan.Between(name.Span, feature.Span), name.Content, version, feature.Content));
    }

    CallSyntax Call(Token name, VersionSelector version)
    {
        Next();
        var arguments = Arguments(")", out var close);
        return Count(new CallSyntax(TextSpan.Between(name.Span, close.Span), name.Content.ToLowerInvariant(), name.Span, arguments) { Written = name.Content, Version = version });
    }

    bool LambdaAhead()
    {
        // (x) -> … or (a, x) -> …, seen from behind the parenthesis.
        var ahead = 0;
        while (Peek(ahead).Kind == TokenKind.Name)
        {
            ahead++;
            if (Peek(ahead).Is(")")) return Peek(ahead + 1).Is("->");
            if (!Peek(ahead).Is(",")) return false;
            ahead++;
        }
        return false;
    }

    LambdaSyntax Lambda()
    {
        var first = Current;
        List<string> parameters = [];
        if (Accept("("))
        {
            do parameters.Add(Next().Content); while (Accept(","));
            Expect(")", "after the parameters");
        }
        else parameters.Add(Next().Content);
        Expect("->", "after the parameters");
        var body = Expression();
        return Count(new LambdaSyntax(TextSpan.Between(first.Span, body.Span), parameters, body));
    }

    List<SyntaxNode> Arguments(string close, out Token end)
    {
        List<SyntaxNode> arguments = [];
        if (Current.Is("*") && Peek(1).Is(close)) throw Fail("'*' belongs to aggregates; an expression works on one row.");
        while (!Current.Is(close))
        {
            if (arguments.Count > 0) Expect(",", $"or '{close}'");
            arguments.Add(Expression());
        }
        end = Next();
        return arguments;
    }

    CaseSyntax Case()
    {
        var first = Next();
        Deeper();
        var operand = Current.IsWord("when") ? null : Expression();
        List<(SyntaxNode, SyntaxNode)> branches = [];
        while (AcceptWord("when"))
        {
            var when = Expression();
            ExpectWord("then", "in 'case'");
            branches.Add((when, Expression()));
        }
        if (branches.Count == 0) throw Fail($"Expected 'when' in 'case', found {Current}.");
        var otherwise = AcceptWord("else") ? Expression() : null;
        var end = Current;
        ExpectWord("end", "to close 'case'");
        _depth--;
        return Count(new CaseSyntax(TextSpan.Between(first.Span, end.Span), operand, branches, otherwise));
    }

    CastSyntax Cast()
    {
        var first = Next();
        Expect("(", $"after '{first.Content}'");
        var operand = Expression();
        ExpectWord("as", $"in '{first.Content}(… as type)'");
        var (type, span) = Type();
        var close = Expect(")", $"to close '{first.Content}'");
        return Count(new CastSyntax(TextSpan.Between(first.Span, close.Span), operand, type, span, first.IsWord("try_cast")));
    }

    (FeatureType Type, TextSpan Span) Type()
    {
        var first = Current;
        if (first.Kind != TokenKind.Name) throw Fail($"Expected a type, found {first}. Types: {FeatureType.KnownNames}.");
        var text = Next().Content;
        var last = first;
        if (text == "decimal" && Current.Is("("))
            do { last = Next(); text += last.Content; } while (!last.Is(")") && Current.Kind != TokenKind.End);
        else if (text == "list" && Current.Is("<"))
        {
            Next();
            var (element, _) = Type();
            last = Expect(">", "to close 'list<'");
            text = $"list<{element}>";
        }
        var span = TextSpan.Between(first.Span, last.Span);
        if (!FeatureType.TryParse(text, out var type))
            throw new Stop(new(span, $"'{text}' is not a type.{NearestName.Hint(text, FeatureType.SimpleNames, "Types")}"));
        return (type, span);
    }

    static Value Integer(string digits, TextSpan span)
        => long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? Value.Of(value)
            : throw new Stop(new(span, $"{digits} is beyond int64. Write {digits}.0 for a float64."));
}
