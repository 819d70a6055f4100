using System.Globalization;
using System.Text;
using Lockstep.Core.Expressions.Binding;

namespace Lockstep.Core.Expressions;

/// <summary>
/// The tree of a bound expression as text, a line a node with its type. What is computed once and used several times has a number, and
/// stands in full where it comes first; constants that were computed while binding say so.
/// </summary>
public static class TreeText
{
    public static string Of(BoundExpression expression)
    {
        ArgumentNullException.ThrowIfNull(expression);
        Dictionary<BoundNode, int> uses = [];
        Count(expression.Root, uses);
        Dictionary<BoundNode, int> numbers = [];
        var text = new StringBuilder();
        Write(expression.Root, 0, uses, numbers, text);
        return text.ToString();
    }

    static void Count(BoundNode node, Dictionary<BoundNode, int> uses)
    {
        uses[node] = uses.GetValueOrDefault(node) + 1;
        if (uses[node] == 1)
            foreach (var child in node.Children) Count(child, uses);
    }

    static void Write(BoundNode node, int depth, Dictionary<BoundNode, int> uses, Dictionary<BoundNode, int> numbers, StringBuilder text)
    {
        text.Append(' ', depth * 2);
        var shared = uses[node] > 1 && node.Children.Count > 0;
        if (shared && numbers.TryGetValue(node, out var number))
        {
            text.Append(CultureInfo.InvariantCulture, $"see #{number}\n");
            return;
        }
        if (shared) text.Append(CultureInfo.InvariantCulture, $"#{numbers[node] = numbers.Count + 1} ");
        text.Append(node.Head).Append(node is ConstantNode { Value.IsNull: false, Written: false } ? "  (computed while binding)\n" : "\n");
        foreach (var child in node.Children) Write(child, depth + 1, uses, numbers, text);
    }
}
