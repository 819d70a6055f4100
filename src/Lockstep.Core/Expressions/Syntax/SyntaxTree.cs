namespace Lockstep.Core.Expressions.Syntax;

/// <summary>Walks what was parsed.</summary>
public static class SyntaxTree
{
    /// <summary>The node and everything below it, in the order of the text.</summary>
    public static IEnumerable<SyntaxNode> All(SyntaxNode root)
    {
        Stack<SyntaxNode> todo = new([root]);
        while (todo.TryPop(out var node))
        {
            yield return node;
            foreach (var child in Children(node).Reverse()) todo.Push(child);
        }
    }

    static IEnumerable<SyntaxNode> Children(SyntaxNode node) => node switch
    {
        OperatorSyntax op => op.Operands,
        CallSyntax call => call.Arguments,
        LambdaSyntax lambda => [lambda.Body],
        ListSyntax list => list.Elements,
        CaseSyntax c => [.. c.Operand is null ? Array.Empty<SyntaxNode>() : [c.Operand], .. c.Branches.SelectMany(b => new[] { b.When, b.Then }), .. c.Else is null ? Array.Empty<SyntaxNode>() : [c.Else]],
        InSyntax i => [i.Operand, .. i.Candidates],
        BetweenSyntax b => [b.Operand, b.Low, b.High],
        IsNullSyntax n => [n.Operand],
        CastSyntax c => [c.Operand],
        _ => [],
    };
}
