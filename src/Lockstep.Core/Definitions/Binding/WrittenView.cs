using System.Text;
using Lockstep.Core.Definitions.Yaml;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Expressions.Syntax;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

// An on-demand view with `write: true` is computed when rows are written instead of on every request. It reads the features of one
// value view and nothing of a request, so it is a value view itself: over the same rows, with its expressions in terms of their columns.
// That is what is registered, materialized, trained on and served; nothing else has to know of it.
/// <summary>Turns an on-demand view that is written into the value view that it is.</summary>
internal static class WrittenView
{
    /// <summary>The value view; null, with what is wrong reported, where it cannot be one.</summary>
    /// <param name="view">As written.</param>
    /// <param name="bound">The same, bound: types, defaults, references.</param>
    /// <param name="read">The versions that it refers to.</param>
    /// <param name="readsNow">Whether a feature reads the clock.</param>
    /// <param name="problems">Gets what is wrong.</param>
    public static ViewVersion? Of(OnDemandView view, ViewVersion bound, IReadOnlyCollection<ViewVersion> read, bool readsNow, ProblemList problems)
    {
        var place = view.At("write");
        var what = $"View '{view.Name}' is computed when rows are written ('write: true')";
        if (view.Request.Count > 0) return Refuse($"{what}, so it cannot read request fields. Leave out 'request', or 'write'.");
        if (bound.Constants.Count > 0)
            return Refuse($"{what}, so it cannot use transformations, lookup tables and C# ({string.Join(", ", bound.Constants.Keys)}): those are for views that are computed on requests. Leave out 'write'.");
        if (readsNow) return Refuse($"{what}, so it cannot use now(). Leave out 'write'.");
        if (read.Count != 1 || read.Single() is not { View: ValueView of } rows)
            return Refuse($"{what}, so it reads the features of one value view; it reads {(read.Count == 0 ? "none" : string.Join(", ", read.Select(v => v.Id).Order(StringComparer.Ordinal)))}.");
        if (of.Source is not { } name || !rows.Sources.TryGetValue(name, out var source))
            return Refuse($"{what}; '{rows.Id}' is a view by SQL. Compute the expressions in its SQL.");
        RowColumns columns = RowColumns.Of(source);
        List<ValueFeature> features = [];
        try
        {
            Lowering lowering = new(view, rows, of, columns);
            for (var i = 0; i < view.Features.Count; i++)
            {
                var feature = view.Features[i];
                features.Add(new()
                {
                    Name = feature.Name,
                    Column = feature.Name,
                    Expression = lowering.Feature(feature),
                    Type = bound.Features[i].Type,
                    Default = bound.Defaults[i],
                    Description = feature.Description,
                });
            }
            // As it will be read: whatever does not mean the same over columns shows here.
            RowProgram.Compile(columns, [.. features.Select(f => RowOutput.Of(f.Expression!, new(f.Name, f.Type)))], of.Where);
        }
        catch (Exception wrong) when (wrong is NotWritableException or LockstepException)
        {
            return Refuse($"{what}: {wrong.Message}");
        }
        ValueView value = new()
        {
            Name = view.Name,
            Version = view.Version,
            Metadata = view.Metadata,
            Location = view.Location,
            Online = view.Online,
            Expect = view.Expect,
            Entities = of.Entities,
            Source = of.Source,
            Ttl = of.Ttl,
            Where = of.Where,
            Features = features,
        };
        var meaning = Fingerprint.Meaning(value, rows.Keys, [source], bound: rows.Sources);
        return bound with { View = value, Keys = rows.Keys, Sources = rows.Sources, Meaning = meaning, Fingerprint = Fingerprint.Hash(meaning) };

        ViewVersion? Refuse(string message)
        {
            problems.Error(place, message);
            return null;
        }
    }

    sealed class NotWritableException(string message) : Exception(message);

    /// <summary>Rewrites expressions over features as expressions over columns.</summary>
    sealed class Lowering(OnDemandView view, ViewVersion rows, ValueView of, RowColumns columns)
    {
        readonly Dictionary<string, string> _known = new(StringComparer.Ordinal);

        public string Feature(ExpressionFeature feature)
        {
            if (_known.TryGetValue(feature.Name, out var known)) return known;
            List<(TextSpan Span, string Text)> replaced = [];
            Collect(Parser.Parse(feature.Expression), replaced);
            StringBuilder text = new(feature.Expression);
            foreach (var (span, with) in replaced.OrderByDescending(r => r.Span.Start)) text.Remove(span.Start, span.Length).Insert(span.Start, with);
            return _known[feature.Name] = text.ToString();
        }

        void Collect(SyntaxNode node, List<(TextSpan Span, string Text)> replaced)
        {
            switch (node)
            {
                case FeatureSyntax stored: replaced.Add((stored.Span, Stored(stored.Feature))); break;
                case NameSyntax name when view.Features.FirstOrDefault(f => f.Name == name.Name) is { } sibling: replaced.Add((name.Span, OrDefault($"({Feature(sibling)})", sibling.Default))); break;
                case LambdaSyntax lambda:
                    foreach (var parameter in lambda.Parameters)
                        if (columns.Names.Contains(parameter) || view.Features.Any(f => f.Name == parameter))
                            throw new NotWritableException($"the parameter '{parameter}' has the name of a column of {columns.What} or of a feature. Choose another.");
                    break;
            }
            foreach (var child in ChildrenOf(node)) Collect(child, replaced);
        }

        string Stored(string name)
        {
            var ordinal = rows.Features.IndexOf(name);
            var feature = of.Features.First(f => f.Name == name);
            var declared = rows.Features[ordinal].Type;
            var found = feature.Expression is { } expression ? columns.Bind(expression).Type : columns.TypeOf(feature.Column);
            // What is converted when it is read would not be converted here: only types that widen to the same may differ.
            if (found is null || Physical.Widen(found) != Physical.Widen(declared) || (declared.Kind == TypeKind.Float32 && found.Kind != TypeKind.Float32))
                throw new NotWritableException($"'{rows.Id}:{name}' is {declared}, made from {found?.ToString() ?? "a column whose type is not known"}. Declare the column of {columns.What} as {declared}, or read the feature per request.");
            return OrDefault(feature.Expression is { } text ? $"({text})" : $"\"{feature.Column.Replace("\"", "\"\"", StringComparison.Ordinal)}\"", rows.Defaults[ordinal]);
        }

        static string OrDefault(string text, Value value) => value.IsNull ? text : $"coalesce({text}, {Literal(value)})";

        static string Literal(Value value) => value.Kind switch
        {
            TypeKind.Bool or TypeKind.Int32 or TypeKind.Int64 => value.ToString(),
            TypeKind.Float32 or TypeKind.Float64 => value.ToString() is var text && text.AsSpan().IndexOfAny(".eE") < 0 ? text + ".0" : value.ToString(),
            TypeKind.String => $"'{value.AsString.Replace("'", "''", StringComparison.Ordinal)}'",
            TypeKind.Timestamp => $"timestamp '{value}'",
            TypeKind.Date => $"date '{value}'",
            _ => throw new NotWritableException($"a default of type {value.Kind.ToString().ToLowerInvariant()} cannot be written in an expression. Use coalesce, or read the feature per request."),
        };

        static IEnumerable<SyntaxNode> ChildrenOf(SyntaxNode node) => node switch
        {
            OperatorSyntax n => n.Operands,
            CallSyntax n => n.Arguments,
            LambdaSyntax n => [n.Body],
            ListSyntax n => n.Elements,
            CaseSyntax n => [.. n.Operand is null ? Array.Empty<SyntaxNode>() : [n.Operand], .. n.Branches.SelectMany(b => new[] { b.When, b.Then }), .. n.Else is null ? Array.Empty<SyntaxNode>() : [n.Else]],
            InSyntax n => [n.Operand, .. n.Candidates],
            BetweenSyntax n => [n.Operand, n.Low, n.High],
            IsNullSyntax n => [n.Operand],
            CastSyntax n => [n.Operand],
            _ => [],
        };
    }
}
