using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>
/// What a view or a service means, as a text with a line for each fact that can change a value, and the hash of it (S23).
/// Not in it: names of views, entities and sources that only label (a source that <c>sql</c> reads is named in it), versions,
/// descriptions, owners, tags, places, <c>online</c>, <c>expect</c>, <c>model</c>, <c>complete_until</c> (S25: like the files
/// themselves, it says how far the data go) and columns that the view does not read.
/// The text is a format: registered fingerprints are compared with it, so what is written here may only be added to by lines that
/// are left out where the new thing is not used. Golden fingerprints in the tests hold it.
/// </summary>
public static class Fingerprint
{
    const string Format = "lockstep fingerprint 1";

    public static string Hash(string meaning) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(meaning)));

    /// <summary>The fingerprint of a view that has the given keys, reads the given sources and, if it refers to other views, these versions.</summary>
    public static string Of(FeatureView view, Schema keys, IReadOnlyList<Source> sources, IReadOnlyList<ViewVersion>? references = null, IReadOnlyDictionary<string, Source>? bound = null)
        => Hash(Meaning(view, keys, sources, references, bound));

    /// <param name="view">The view.</param>
    /// <param name="keys">Its join keys.</param>
    /// <param name="sources">The sources that it reads, as written.</param>
    /// <param name="references">The versions that it refers to.</param>
    /// <param name="bound">The same sources with the types of all their columns: what filters and expressions compute depends on them.</param>
    /// <param name="constants">Fits, lookup tables and C# views that its expressions use, each by its reference with what it means.</param>
    public static string Meaning(
        FeatureView view, Schema keys, IReadOnlyList<Source> sources, IReadOnlyList<ViewVersion>? references = null, IReadOnlyDictionary<string, Source>? bound = null,
        IReadOnlyDictionary<string, string>? constants = null)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(sources);
        Lines text = new();
        text.Add(Format);
        text.Add(view.Kind);
        foreach (var key in keys.Fields) text.Add("key", key.Name, key.Type.ToString());
        switch (view)
        {
            case ValueView value: Value(text, value, keys, sources, bound); break;
            case AggregationView aggregation: Aggregation(text, aggregation, keys, sources, bound); break;
            case OnDemandView onDemand: OnDemand(text, onDemand); break;
            default: throw new NotSupportedException($"No fingerprint of {view.Kind}.");
        }
        foreach (var reference in (references ?? []).OrderBy(r => r.Id, StringComparer.Ordinal)) text.Add("view", reference.Id, reference.Fingerprint);
        foreach (var (reference, meaning) in (constants ?? new Dictionary<string, string>()).OrderBy(c => c.Key, StringComparer.Ordinal)) text.Add("constant", reference, meaning);
        return text.ToString();
    }

    /// <param name="transformation">As written.</param>
    /// <param name="inputs">The meaning of its expressions.</param>
    public static string Meaning(Transformation transformation, string inputs)
    {
        ArgumentNullException.ThrowIfNull(transformation);
        Lines text = new();
        text.Add(Format);
        text.Add(transformation.Kind, transformation.Fit);
        foreach (var parameter in FitMethods.Find(transformation.Fit)!.Parameters.OrderBy(p => p.Name, StringComparer.Ordinal))
            text.Add("parameter", parameter.Name, Parameter(transformation.Parameter(parameter.Name)));
        return text + inputs;
    }

    /// <summary>The meaning of a lookup table is what it holds, wherever that was read from.</summary>
    public static string Meaning(LookupTable table, string contentHash)
    {
        ArgumentNullException.ThrowIfNull(table);
        Lines text = new();
        text.Add(Format);
        text.Add(table.Kind);
        foreach (var key in table.Key) text.Add("key", key.Name, key.Type.ToString());
        foreach (var column in table.Columns) text.Add("column", [column.Name, column.Type.ToString(), .. Default(column.Default)]);
        text.Add("content", contentHash);
        return text.ToString();
    }

    static void Value(Lines text, ValueView view, Schema keys, IReadOnlyList<Source> sources, IReadOnlyDictionary<string, Source>? bound)
    {
        if (view.Sql is { } sql)
        {
            text.Add("sql", sql.ReplaceLineEndings("\n").Trim());
            text.Add("timestamp", view.Timestamp ?? "");
            if (view.Created is { } created) text.Add("created", created);
            if (view.Lookback is { } lookback) text.Add("lookback", Number(lookback));
            foreach (var source in sources.OrderBy(s => s.Name, StringComparer.Ordinal))
            {
                text.Add("source", source.Name);
                Source(text, source, null, [], bound);
            }
        }
        else
        {
            HashSet<string> read = [.. keys.Fields.Select(k => k.Name), .. view.Features.Where(f => f.Expression is null).Select(f => f.Column)];
            Source(text, sources.Single(s => s.Name == view.Source), read, view.Features.Select(f => f.Expression).Append(view.Where), bound);
        }
        if (view.Where is { } where) text.Add("where", where.Trim());
        if (view.Ttl > 0) text.Add("ttl", Number(view.Ttl));
        foreach (var feature in view.Features)
            text.Add("feature", [feature.Name, feature.Column, feature.Type.ToString(), .. feature.Expression is { } expression ? new[] { $"expression={expression.Trim()}" } : [], .. Default(feature.Default)]);
    }

    static void Aggregation(Lines text, AggregationView view, Schema keys, IReadOnlyList<Source> sources, IReadOnlyDictionary<string, Source>? bound)
    {
        HashSet<string> read = [.. keys.Fields.Select(k => k.Name), .. view.Features.Select(f => f.Column).OfType<string>()];
        Source(text, sources.Single(s => s.Name == view.Source), read, view.Features.Select(f => f.Where).Append(view.Where), bound);
        if (view.Where is { } filter) text.Add("where", filter.Trim());
        if (view.Delay > 0) text.Add("delay", Number(view.Delay));
        // The type of a column decides that of the feature, and how it is summed.
        if (bound is not null && bound.TryGetValue(view.Source, out var typed))
            foreach (var column in (typed.Columns ?? []).Where(c => view.Features.Any(f => f.Column == c.Name)).OrderBy(c => c.Name, StringComparer.Ordinal))
                text.Add("aggregated", column.Name, column.Type.ToString());
        foreach (var feature in view.Features)
            foreach (var window in feature.Windows)
                text.Add("feature",
                [
                    $"{feature.Name}_{window.Name}", feature.Function, feature.Column ?? "*",
                    .. AggregateCatalog.Known.Find(feature.Function)?.Version is { } version ? new[] { $"version={version}" } : [],
                    .. AggregateCatalog.Known.Arguments(feature.Function, feature.Parameters).OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={Parameter(p.Value)}"),
                    $"length={(window.IsLifetime ? Window.LifetimeName : Number(window.Length))}", $"hop={Number(window.Hop)}",
                    .. feature.Where is { } only ? new[] { $"where={only.Trim()}" } : [],
                    .. Default(feature.Default),
                ]);
    }

    static void OnDemand(Lines text, OnDemandView view)
    {
        foreach (var field in view.Request.OrderBy(f => f.Name, StringComparer.Ordinal)) text.Add("request", field.Name, field.Type.ToString());
        if (view.CSharp is { } name) text.Add("csharp", name);
        foreach (var input in view.Inputs.OrderBy(i => i.Name, StringComparer.Ordinal)) text.Add("input", input.Name, input.Expression.Trim());
        foreach (var feature in view.Features) text.Add("feature", [feature.Name, feature.Expression.Trim(), .. Default(feature.Default)]);
    }

    // The types that an author declares for columns are checked against a table's data but change no value of it; what a stream
    // brings is stored as they say; and what an expression computes depends on the types of what it reads. `read`: the columns that
    // matter beside those in expressions, null for all.
    static void Source(Lines text, Source source, HashSet<string>? read, IEnumerable<string?> expressions, IReadOnlyDictionary<string, Source>? bound)
    {
        var computedFrom = ReadByExpressions(source, read, expressions);
        read?.UnionWith(computedFrom);
        if (source.Table is { } table)
        {
            text.Add("table", table.Path.Replace('\\', '/'), table.Format.Word(), table.Timestamp);
            if (table.Created is { } created) text.Add("created", created);
        }
        if (source.Stream is { } stream)
        {
            text.Add("stream", stream switch
            {
                PushStreamSource => ["push"],
                FileStreamSource files => ["files", files.Path.Replace('\\', '/'), files.Format?.Word() ?? ""],
                // Which id a schema has says nothing of what is read: a topic goes on evolving under one view.
                KafkaStreamSource kafka => ["kafka", kafka.Topic, kafka.Format, kafka.Schema ?? ""],
                _ => throw new NotSupportedException($"No fingerprint of {stream.GetType().Name}."),
            });
            if (stream.Timestamp is { } timestamp) text.Add("stream timestamp", timestamp);
            if (stream.Created is { } created) text.Add("stream created", created);
            foreach (var column in (source.Columns ?? []).Where(c => read is null || read.Contains(c.Name)).OrderBy(c => c.Name, StringComparer.Ordinal))
                text.Add("column", column.Name, column.Type.ToString());
        }
        if (source.Where is { } where) text.Add("source where", where.Trim());
        foreach (var column in source.Derived.Where(d => read is null || read.Contains(d.Name)).OrderBy(d => d.Name, StringComparer.Ordinal))
            text.Add("derived", column.Name, column.Expression.Trim());
        var typed = bound is not null && bound.TryGetValue(source.Name, out var known) ? known : source;
        foreach (var column in (typed.Columns ?? []).Where(c => computedFrom.Contains(c.Name)).OrderBy(c => c.Name, StringComparer.Ordinal))
            text.Add("computed from", column.Name, column.Type.ToString());
    }

    // The words of all expressions that matter: a name among them that is no column does no harm.
    static HashSet<string> ReadByExpressions(Source source, HashSet<string>? read, IEnumerable<string?> expressions)
    {
        HashSet<string> words = new(StringComparer.Ordinal);
        foreach (var expression in expressions.Append(source.Where).OfType<string>()) words.UnionWith(SqlSources.Words(expression));
        List<DerivedColumn> left = [.. source.Derived];
        while (left.Find(d => read is null || read.Contains(d.Name) || words.Contains(d.Name)) is { } derived)
        {
            left.Remove(derived);
            words.UnionWith(SqlSources.Words(derived.Expression));
        }
        return words;
    }

    /// <summary>The meaning of a service with exact versions: each number of its vector, by name, in order.</summary>
    public static string Meaning(FeatureService service, Catalog catalog)
    {
        ArgumentNullException.ThrowIfNull(service);
        ArgumentNullException.ThrowIfNull(catalog);
        Lines text = new();
        text.Add(Format);
        text.Add(service.Kind);
        foreach (var selection in service.Features)
        {
            var view = catalog.FindView(selection.View, selection.Version)
                ?? throw new ArgumentException($"View {selection.View}{selection.Version} is not in the catalog.", nameof(service));
            var keys = view.Keys.Fields.Where(k => selection.Keys.TryGetValue(k.Name, out var column) && column != k.Name).Select(k => $"{k.Name}={selection.Keys[k.Name]}");
            foreach (var feature in selection.Features.Count == 0 ? view.Features.Fields.Select(f => f.Name) : selection.Features)
                text.Add("feature", [view.Id, view.Fingerprint, feature, .. selection.Alias is { } alias ? new[] { $"as={alias}" } : [], .. keys]);
        }
        return text.ToString();
    }

    // 0.5 and .50 are one number.
    static string Parameter(string text)
        => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number.ToString("R", CultureInfo.InvariantCulture)
            : Duration.TryParse(text, out var micros) ? Duration.Format(micros) : text.Trim();

    static string[] Default(Value value) => value.IsNull ? [] : [$"default={Canonical(value)}"];

    static string Canonical(Value value) => value.Kind == TypeKind.List ? $"[{string.Join(",", value.AsList.Select(Canonical))}]" : Lines.Quote(value.ToString());

    static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    sealed class Lines
    {
        readonly StringBuilder _text = new();

        public void Add(string word, params ReadOnlySpan<string> parts)
        {
            _text.Append(word);
            foreach (var part in parts) _text.Append(' ').Append(Quote(part));
            _text.Append('\n');
        }

        public static string Quote(string text)
            => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";

        public override string ToString() => _text.ToString();
    }
}
