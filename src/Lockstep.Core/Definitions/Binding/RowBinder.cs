using System.Globalization;
using Lockstep.Core.Definitions.Yaml;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Syntax;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>Types what definitions compute of a row: columns, filters, expressions. Reports what is wrong.</summary>
internal static class RowBinder
{
    /// <summary>The computed columns of a source with their types; null for one that cannot be told.</summary>
    public static Dictionary<string, FeatureType?> Columns(Source source, RowColumns rows, Schema? data, ProblemList problems)
    {
        Dictionary<string, FeatureType?> types = new(StringComparer.Ordinal);
        HashSet<string> told = new(StringComparer.Ordinal);
        RowTrees trees = new(rows);
        foreach (var column in source.Derived)
        {
            var (what, place) = ($"Column '{column.Name}' of source '{source.Name}'", source.At($"columns.{column.Name}"));
            types[column.Name] = null;
            if (data is not null && data.IndexOf(column.Name) >= 0)
                problems.Error(source.KeyAt($"columns.{column.Name}"), $"{what} is computed, but its data have a column of that name. Choose another.");
            else if (Bind(() => trees.Column(column.Name), column.Expression, what, place, data is null, problems, told) is { } bound)
            {
                types[column.Name] = bound.Type;
                if (bound.Type is null) problems.Error(place, $"{what} is always null.");
            }
        }
        return types;
    }

    /// <summary>Checks a filter: of a source, a view, or a feature of an aggregation view.</summary>
    /// <param name="rows">The columns that it can name.</param>
    /// <param name="filter">As written.</param>
    /// <param name="what">How messages call it: <c>The filter of view 'flights'</c>.</param>
    /// <param name="place">Of the filter.</param>
    /// <param name="blind">The data's columns are not known: what is not found may be there.</param>
    /// <param name="problems">Gets what is wrong.</param>
    public static void Filter(RowColumns rows, string filter, string what, Location? place, bool blind, ProblemList problems)
    {
        if (Bind(() => rows.Bind(filter), filter, what, place, blind, problems) is not { } bound) return;
        if (bound.Type is null) problems.Error(place, $"{what} is always null: it would drop every row.");
        else if (bound.Type != FeatureType.Bool) problems.Error(place, $"{what} is {bound.Type}. A filter is a condition{(bound.Type.IsNumeric ? ", like x <> 0" : "")}.");
        else if (ConstantCondition.Of(bound.Root) is { } always) problems.Warn(place, $"{what} is {(always ? "always true: it keeps every row" : "never true: it drops every row")}.");
    }

    /// <summary>Checks an expression that is read as a declared type.</summary>
    public static void Expression(RowColumns rows, string expression, FeatureType type, string what, Location? place, bool blind, ProblemList problems)
    {
        if (Bind(() => rows.Bind(expression), expression, what, place, blind, problems) is not { } bound) return;
        if (bound.Type is null) problems.Error(place, $"{what} is always null.");
        else if (RowConversion.Find(bound.Type, type) is null) problems.Error(place, $"{what} is {bound.Type}, not {type}. Declare it {bound.Type}, or cast it.");
    }

    /// <summary>Checks the expectations of a view over its features, or of a source over its columns.</summary>
    public static void Expectations(Definition definition, IReadOnlyList<Expectation> expectations, RowColumns rows, string what, bool blind, ProblemList problems)
    {
        for (var i = 0; i < expectations.Count; i++)
        {
            var place = definition.At(string.Create(CultureInfo.InvariantCulture, $"expect.{i}"));
            var which = $"An expectation of {what}";
            if (Bind(() => rows.Bind(expectations[i].That), expectations[i].That, which, place, blind, problems) is not { } bound) continue;
            if (bound.Type is null) problems.Error(place, $"{which}, '{expectations[i].That}', is always null: it says nothing.");
            else if (bound.Type != FeatureType.Bool) problems.Error(place, $"{which}, '{expectations[i].That}', is {bound.Type}. It has to be a condition{(bound.Type.IsNumeric ? ", like x <> 0" : "")}.");
            else if (bound.Inputs.Count == 0) problems.Warn(place, $"{which}, '{expectations[i].That}', reads nothing: it is always the same.");
        }
    }

    static BoundExpression? Bind(Func<BoundExpression> bind, string text, string what, Location? place, bool blind, ProblemList problems, HashSet<string>? told = null)
    {
        try
        {
            var bound = bind();
            foreach (var warning in bound.Warnings) problems.Warn(place, $"{what}: {warning.Render(text)}");
            return bound;
        }
        catch (ExpressionException wrong)
        {
            if (blind) problems.Warn(place, $"{what} is not checked, because not all columns are known: {wrong.Message}");
            // A column that others read, and a circle, are told of once.
            else if (told is null || (wrong is ColumnCircleException circle ? circle.Members.Count(m => told.Add($"circle {m}")) == circle.Members.Count : told.Add(wrong.Message))) problems.Error(place, $"{what}: {wrong.Message}");
            return null;
        }
    }
}
