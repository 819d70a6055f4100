using System.Text.Json.Nodes;
using Lockstep.Cli.Output;
using Lockstep.Core.Definitions;
using Lockstep.Core.Expressions;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.OnDemand;
using Lockstep.Core.Rows;

namespace Lockstep.Cli.Verbs;

/// <summary>What <c>explain</c> says of an on-demand feature.</summary>
internal sealed record ExplainedExpression(FeatureOutput Output, ExpressionFeature Feature, BoundExpression Bound, IReadOnlyList<ExplainedExpression.Read> Reads)
{
    /// <summary>An input: a stored feature, a field of the request, or the clock.</summary>
    internal sealed record Read(string Name, string From, FeatureType Type)
    {
        public override string ToString() => $"{Name}{(From == "request" ? " of the request" : "")} ({Type})";
    }

    public static ExplainedExpression Of(FeatureOutput output, OnDemandTrees trees)
    {
        var view = (OnDemandView)output.View.View;
        var feature = view.Features.First(f => f.Name == output.Feature);
        var bound = trees.Bind(output.View.Id, view, feature);
        return new(output, feature, bound, [.. bound.Inputs.Select(i => new Read(i.Name, trees.Inputs.ContainsKey(i.Name) ? "feature" : i.Name == Scope.Now ? "clock" : "request", i.Declared))]);
    }

    public void Write(CliConsole console)
    {
        var (to, paint) = (console.Out, console.OutPaint);
        to.WriteLine();
        to.WriteLine($"{paint.Bold(Output.Name)} of {Output.View.Id}, on demand: {Output.Type}");
        TextTable facts = new("", "");
        facts.Add("expression", Feature.Expression.ReplaceLineEndings(" "));
        if (!Output.Default.IsNull) facts.Add("default", Output.Default.ToString());
        facts.Add("reads", Reads.Count == 0 ? "nothing" : string.Join(", ", Reads));
        facts.Write(console, "  ");
        foreach (var line in TreeText.Of(Bound).TrimEnd('\n').Split('\n')) to.WriteLine($"    {paint.Faint(line)}");
    }

    public JsonObject ToJson() => new()
    {
        ["name"] = Output.Name,
        ["view"] = Output.View.Id,
        ["type"] = Output.Type.ToString(),
        ["expression"] = Feature.Expression,
        ["default"] = JsonValues.Of(Output.Default),
        ["reads"] = new JsonArray([.. Reads.Select(r => (JsonNode)new JsonObject { ["name"] = r.Name, ["from"] = r.From, ["type"] = r.Type.ToString() })]),
        ["tree"] = TreeText.Of(Bound),
    };
}
