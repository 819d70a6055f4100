using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expressions.Syntax;

/// <summary>An expression as written. Nothing is known of types yet.</summary>
public abstract record SyntaxNode(TextSpan Span);

public sealed record LiteralSyntax(TextSpan Span, Value Value) : SyntaxNode(Span);

/// <summary>A column, a request field, another feature of the view, or a parameter of a lambda.</summary>
public sealed record NameSyntax(TextSpan Span, string Name) : SyntaxNode(Span)
{
    /// <summary>Of a lookup table: <c>airports@1</c>.</summary>
    public VersionSelector Version { get; init; }
}

/// <summary><c>view:feature</c>, <c>view@1:feature</c>.</summary>
public sealed record FeatureSyntax(TextSpan Span, string View, VersionSelector Version, string Feature) : SyntaxNode(Span)
{
    public override string ToString() => $"{View}{Version}:{Feature}";
}

/// <summary>An operator by its symbol (<c>+</c>, <c>and</c>, <c>not</c>, <c>neg</c> …) with one or two operands.</summary>
public sealed record OperatorSyntax(TextSpan Span, string Operator, TextSpan OperatorSpan, IReadOnlyList<SyntaxNode> Operands) : SyntaxNode(Span);

public sealed record CallSyntax(TextSpan Span, string Name, TextSpan NameSpan, IReadOnlyList<SyntaxNode> Arguments) : SyntaxNode(Span)
{
    /// <summary>The name as it was written; functions are known by lower case.</summary>
    public string? Written { get; init; }

    /// <summary>Of a transformation: <c>amount_scale@1(x)</c>.</summary>
    public VersionSelector Version { get; init; }
}

public sealed record LambdaSyntax(TextSpan Span, IReadOnlyList<string> Parameters, SyntaxNode Body) : SyntaxNode(Span);

public sealed record ListSyntax(TextSpan Span, IReadOnlyList<SyntaxNode> Elements) : SyntaxNode(Span);

/// <summary><paramref name="Operand"/> is null for <c>case when …</c>.</summary>
public sealed record CaseSyntax(TextSpan Span, SyntaxNode? Operand, IReadOnlyList<(SyntaxNode When, SyntaxNode Then)> Branches, SyntaxNode? Else) : SyntaxNode(Span);

public sealed record InSyntax(TextSpan Span, SyntaxNode Operand, IReadOnlyList<SyntaxNode> Candidates, bool Negated) : SyntaxNode(Span);

public sealed record BetweenSyntax(TextSpan Span, SyntaxNode Operand, SyntaxNode Low, SyntaxNode High, bool Negated) : SyntaxNode(Span);

public sealed record IsNullSyntax(TextSpan Span, SyntaxNode Operand, bool Negated) : SyntaxNode(Span);

public sealed record CastSyntax(TextSpan Span, SyntaxNode Operand, FeatureType Type, TextSpan TypeSpan, bool Try) : SyntaxNode(Span);
