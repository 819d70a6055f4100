using System.Text.Json;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>The reading half of <see cref="DefinitionJson"/>.</summary>
internal static class DefinitionJsonReader
{
    public static Definition Read(JsonElement json)
    {
        DefinitionJson.CheckFormat(json);
        var name = json.GetProperty("name").GetString()!;
        var metadata = Metadata(json);
        return json.GetProperty("kind").GetString() switch
        {
            Entity.KindName => new Entity { Name = name, Metadata = metadata, JoinKeys = Fields(json, "join_keys") },
            Definitions.Source.KindName => Source(json, name) with { Metadata = metadata },
            ValueView.KindName => View(json, Value(json, name), metadata),
            AggregationView.KindName => View(json, Aggregation(json, name), metadata),
            OnDemandView.KindName => View(json, OnDemand(json, name), metadata),
            FeatureService.KindName => Service(json, name) with { Metadata = metadata },
            Definitions.Transformation.KindName => Transformation(json, name) with { Metadata = metadata },
            Definitions.LookupTable.KindName => LookupTable(json, name) with { Metadata = metadata },
            Definitions.Fit.KindName => Fit(json, name) with { Metadata = metadata },
            var kind => throw new FormatException($"There is no kind '{kind}'."),
        };
    }

    static FeatureView View(JsonElement json, FeatureView view, Metadata metadata) => view with
    {
        Metadata = metadata,
        Version = Version(json, "version"),
        Entities = Texts(json, "entities"),
        Online = !json.TryGetProperty("online", out var online) || online.GetBoolean(),
        Expect = Expectations(json),
    };

    static SemanticVersion Version(JsonElement json, string name)
        => SemanticVersion.TryParse(json.GetProperty(name).GetString(), out var version) ? version : throw new FormatException("A version is not one.");

    static Transformation Transformation(JsonElement json, string name) => new()
    {
        Name = name,
        Version = Version(json, "version"),
        Fit = json.GetProperty("fit").GetString()!,
        Input = json.GetProperty("input").GetString()!,
        Target = Text(json, "target"),
        Columns = json.TryGetProperty("columns", out _) ? Fields(json, "columns") : [],
        Parameters = Map(json, "parameters"),
    };

    static LookupTable LookupTable(JsonElement json, string name) => new()
    {
        Name = name,
        Version = Version(json, "version"),
        Path = json.GetProperty("table").GetProperty("path").GetString()!,
        Format = TableFormats.TryParse(json.GetProperty("table").GetProperty("format").GetString(), out var format) ? format : throw new FormatException("A table has an unknown format."),
        Key = Fields(json, "key"),
        Columns = ValueFeatures(json, "columns"),
    };

    static Fit Fit(JsonElement json, string name)
    {
        var learned = json.GetProperty("learned_from");
        return new()
        {
            Name = name,
            Number = json.GetProperty("number").GetInt32(),
            Transformation = Version(json, "transformation"),
            TransformationFingerprint = json.GetProperty("transformation_fingerprint").GetString()!,
            AsOf = Instant.Parse(json.GetProperty("at").GetString()!),
            Statistics = new()
            {
                Spine = learned.GetProperty("spine").GetString()!,
                Rows = learned.GetProperty("rows").GetInt64(),
                Nulls = learned.GetProperty("nulls").GetInt64(),
                RowsAfter = learned.GetProperty("rows_after").GetInt64(),
                RowsWithoutTime = learned.GetProperty("rows_without_time").GetInt64(),
            },
            Views = Map(json, "views"),
            Parameters = json.GetProperty("parameters").GetRawText(),
        };
    }

    static Source Source(JsonElement json, string name)
    {
        TableSource? table = null;
        if (json.TryGetProperty("table", out var at))
            table = new()
            {
                Path = at.GetProperty("path").GetString()!,
                Format = TableFormats.TryParse(at.GetProperty("format").GetString(), out var format) ? format : throw new FormatException("A table has an unknown format."),
                Timestamp = at.GetProperty("timestamp").GetString()!,
                Created = Text(at, "created"),
                CompleteUntil = Text(at, "complete_until") is { } until ? Instant.Parse(until) : null,
            };
        var stream = json.TryGetProperty("stream", out at) ? Stream(at) with { Timestamp = Text(at, "timestamp"), Created = Text(at, "created") } : null;
        List<JsonElement> columns = json.TryGetProperty("columns", out at) ? [.. at.EnumerateArray()] : [];
        List<DerivedColumn> derived = [.. columns.Where(c => c.TryGetProperty("expression", out _)).Select(c => new DerivedColumn(c.GetProperty("name").GetString()!, c.GetProperty("expression").GetString()!))];
        return new()
        {
            Name = name,
            Table = table,
            Stream = stream,
            Columns = columns.Count == derived.Count ? null : [.. columns.Where(c => !c.TryGetProperty("expression", out _)).Select(Field)],
            Derived = derived,
            Where = Text(json, "where"),
            Expect = Expectations(json),
        };
    }

    static List<Expectation> Expectations(JsonElement json) => !json.TryGetProperty("expect", out var list) ? [] : [.. list.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.String
        ? Expectation.Parse(e.GetString()!)
        : Expectation.Parse(e.GetProperty("that").GetString()!) with { OnFailure = e.GetProperty("on_failure").GetString() == "block" ? FailureAction.Block : throw new FormatException("An expectation has an unknown on_failure.") })];

    static StreamSource Stream(JsonElement json) => json.GetProperty("from").GetString() switch
    {
        "push" => new PushStreamSource(),
        "files" => new FileStreamSource(json.GetProperty("path").GetString()!) { Format = TableFormats.TryParse(Text(json, "format"), out var format) ? format : throw new FormatException("A stream of files has an unknown format.") },
        "kafka" => new KafkaStreamSource(json.GetProperty("topic").GetString()!, json.GetProperty("format").GetString()!) { Servers = Text(json, "servers"), Schema = Text(json, "schema"), Schemas = Text(json, "schemas") },
        var from => throw new FormatException($"There is no stream '{from}'."),
    };

    static ValueView Value(JsonElement json, string name) => new()
    {
        Name = name,
        Source = Text(json, "source"),
        Sql = Text(json, "sql"),
        Timestamp = Text(json, "timestamp"),
        Created = Text(json, "created"),
        Lookback = Text(json, "lookback") is null ? null : Micros(json, "lookback"),
        Ttl = Micros(json, "ttl"),
        Where = Text(json, "where"),
        Features = ValueFeatures(json, "features"),
    };

    static IReadOnlyList<ValueFeature> ValueFeatures(JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray().Select(f => new ValueFeature
    {
        Name = f.GetProperty("name").GetString()!,
        Type = FeatureType.Parse(f.GetProperty("type").GetString()!),
        Column = Text(f, "column") ?? f.GetProperty("name").GetString()!,
        Expression = Text(f, "expression"),
        Default = Default(f),
        Description = Text(f, "description"),
    })];

    static AggregationView Aggregation(JsonElement json, string name) => new()
    {
        Name = name,
        Source = json.GetProperty("source").GetString()!,
        Where = Text(json, "where"),
        Delay = Micros(json, "delay"),
        Features = [.. json.GetProperty("features").EnumerateArray().Select(f => new AggregateFeature
        {
            Name = f.GetProperty("name").GetString()!,
            Function = f.GetProperty("function").GetString()!,
            Column = Text(f, "column"),
            Parameters = Map(f, "parameters"),
            Where = Text(f, "where"),
            Windows = [.. f.GetProperty("windows").EnumerateArray().Select(w =>
                Window.TryParse(w.GetProperty("name").GetString(), Hop(w.GetProperty("hop")), out var window) ? window : throw new FormatException("A window is not one."))],
            Default = Default(f),
            Description = Text(f, "description"),
        })],
    };

    // At first it was written as a number of microseconds.
    static long Hop(JsonElement hop) => hop.ValueKind == JsonValueKind.Number ? hop.GetInt64() : Duration.TryParse(hop.GetString(), out var micros) ? micros : throw new FormatException($"'{hop}' is not a duration.");

    static OnDemandView OnDemand(JsonElement json, string name) => new()
    {
        Name = name,
        Request = Fields(json, "request"),
        Write = json.TryGetProperty("write", out var write) && write.GetBoolean(),
        CSharp = Text(json, "csharp"),
        Inputs = json.TryGetProperty("inputs", out var inputs)
            ? [.. inputs.EnumerateArray().Select(i => new ExpressionFeature(i.GetProperty("name").GetString()!, i.GetProperty("expression").GetString()!))] : [],
        Features = [.. json.GetProperty("features").EnumerateArray().Select(f =>
            new ExpressionFeature(f.GetProperty("name").GetString()!, f.GetProperty("expression").GetString()!) { Default = Default(f), Description = Text(f, "description") })],
    };

    static FeatureService Service(JsonElement json, string name) => new()
    {
        Name = name,
        Version = json.GetProperty("version").GetInt32(),
        Model = Text(json, "model"),
        Features = [.. json.GetProperty("features").EnumerateArray().Select(s =>
        {
            var view = s.GetProperty("view").GetString()!.Split('@');
            var version = VersionSelector.Newest;
            if (view.Length > 1 && !VersionSelector.TryParse(view[1], out version)) throw new FormatException($"'{view[1]}' is not a version.");
            return new FeatureSelection { View = view[0], Version = version, Features = Texts(s, "features"), Alias = Text(s, "as"), Keys = Map(s, "keys") };
        })],
    };

    static Metadata Metadata(JsonElement json) => new()
    {
        Description = Text(json, "description"),
        Owner = Text(json, "owner"),
        Domain = Text(json, "domain"),
        FreshnessSla = Text(json, "freshness_sla") is null ? null : Micros(json, "freshness_sla"),
        Tags = Map(json, "tags"),
    };

    public static IReadOnlyList<Field> Fields(JsonElement json, string name)
        => [.. json.GetProperty(name).EnumerateArray().Select(Field)];

    static Field Field(JsonElement json) => new(json.GetProperty("name").GetString()!, FeatureType.Parse(json.GetProperty("type").GetString()!));

    public static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var text) ? text.GetString() : null;

    static Value Default(JsonElement json) => json.TryGetProperty("default", out var value) ? ValueJson.Read(value) : Rows.Value.Null;

    static IReadOnlyList<string> Texts(JsonElement json, string name)
        => json.TryGetProperty(name, out var list) ? [.. list.EnumerateArray().Select(t => t.GetString()!)] : [];

    static SortedDictionary<string, string> Map(JsonElement json, string name)
    {
        SortedDictionary<string, string> map = new(StringComparer.Ordinal);
        if (json.TryGetProperty(name, out var found))
            foreach (var property in found.EnumerateObject()) map[property.Name] = property.Value.GetString()!;
        return map;
    }

    static long Micros(JsonElement json, string name)
        => Text(json, name) is not { } text ? 0 : Duration.TryParse(text, out var micros) ? micros : throw new FormatException($"'{text}' is not a duration.");
}
