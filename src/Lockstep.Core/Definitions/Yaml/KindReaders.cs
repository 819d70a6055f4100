using Lockstep.Core.Aggregation;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions.Yaml;

/// <summary>Turns the mapping of one kind into its record. What cannot be read is reported and left out.</summary>
internal static class KindReaders
{
    public static Entity Entity(string name, MapReader map) => new() { Name = name, JoinKeys = map.Fields("join_keys") };

    public static Source Source(string name, MapReader map)
    {
        var (columns, derived) = map.Columns("columns");
        var table = map.Object("table", DefinitionKeys.Table, $"the table of {map.What}");
        return new()
        {
            Name = name,
            Table = table is null ? null : Table(table),
            Stream = map.Object("stream", DefinitionKeys.Stream, $"the stream of {map.What}") is { } stream ? Stream(stream) : null,
            Columns = map.Find("columns") is null || (columns.Count == 0 && derived.Count > 0) ? null : columns,
            Derived = derived,
            Where = map.Words("where"),
            Expect = Expectations(map),
        };
    }

    static List<Expectation> Expectations(MapReader map)
    {
        List<Expectation> expectations = [];
        var node = map.Find("expect");
        if (node is YamlList list)
        {
            foreach (var item in list.Items)
                if (item is YamlMap long_) Add(expectations, Expectation(new(long_, DefinitionKeys.Expectation, $"an expectation of {map.What}", map.Problems)));
                else if (item is not YamlScalar { IsNull: false } text) map.Problems.Error(item.Location, $"An item of 'expect' of {map.What} is {item.What}. Each must be {DefinitionKeys.Expectation.Expected}.");
                else if (Definitions.Expectation.TryParse(text.Text, out var read)) expectations.Add(read);
                else map.Problems.Error(item.Location, $"An expectation of {map.What} is '{text.Text}': {Definitions.Expectation.ShareIs}.");
        }
        else if (node is not null) map.Wrong("expect", node);
        return expectations;
    }

    static Expectation? Expectation(MapReader map)
    {
        var (that, mostly, action) = (map.Words("that"), map.Words("mostly"), map.Words("on_failure"));
        var share = 1m;
        if (mostly is not null && !Definitions.Expectation.TryParseShare(mostly, out share)) map.Wrong("mostly", map.Find("mostly")!);
        if (action is not (null or "warn" or "block")) map.Problems.Error(map.At("on_failure"), $"'on_failure' of {map.What} is '{action}'.{NearestName.Hint(action, ["warn", "block"], "It is one of")}");
        if (that is not null && (!Definitions.Expectation.TryParse(that, out var written) || written.That != that))
            map.Problems.Error(map.At("that"), $"'that' of {map.What} ends with 'mostly': in the long form it is a key of its own.");
        return that is null ? null : new() { That = that, Mostly = share, OnFailure = action == "block" ? FailureAction.Block : FailureAction.Warn };
    }

    static TableSource? Table(MapReader map)
    {
        var path = map.Words("path");
        var timestamp = map.Words("timestamp");
        var created = map.Words("created");
        long? until = null;
        if (map.Words("complete_until") is { } text)
        {
            if (Instant.TryParse(text, out var micros)) until = micros;
            else map.Wrong("complete_until", map.Find("complete_until")!);
        }
        var format = Format(map, path);
        return path is null || timestamp is null || format is null ? null
            : new() { Path = path, Format = format.Value, Timestamp = timestamp, Created = created, CompleteUntil = until };
    }

    static TableFormat? Format(MapReader map, string? path)
    {
        TableFormat? format = null;
        if (map.Words("format") is { } word)
        {
            if (TableFormats.TryParse(word, out var known)) format = known;
            else map.Problems.Error(map.At("format"), $"'format' of {map.What} is '{word}'.{NearestName.Hint(word, TableFormats.Words, "Formats")}");
        }
        else if (path is not null)
        {
            if (TableFormats.TryInfer(path, out var inferred)) format = inferred;
            else map.Problems.Error(map.At("path"), $"The format of {map.What} does not follow from the path '{path}'. Add 'format', one of {string.Join(", ", TableFormats.Words)}.");
        }
        return format;
    }

    static StreamSource? Stream(MapReader map)
    {
        string[] kinds = ["push", "files", "kafka"];
        var (timestamp, created) = (map.Words("timestamp"), map.Words("created"));
        var given = kinds.Where(k => map.Find(k) is not null).ToList();
        if (given.Count != 1)
        {
            map.Problems.Error(given.Count == 0 ? map.Location : map.At(given[^1]), $"{MapReader.Upper(map.What)} names {(given.Count == 0 ? "none" : string.Join(" and ", given))} of push, files, kafka. It must name one.");
            return null;
        }
        switch (given[0])
        {
            case "push":
                return map.Object("push", DefinitionKeys.PushKeys, $"'push' of {map.What}") is null ? null : new PushStreamSource { Timestamp = timestamp, Created = created };
            case "files":
                if (map.Object("files", DefinitionKeys.FilesKeys, $"'files' of {map.What}") is not { } files) return null;
                var (path, word) = (files.Words("path"), files.Words("format"));
                if (path is null) return null;
                FileStreamSource stream = new(path) { Timestamp = timestamp, Created = created };
                if (word is null) return stream;
                if (FileStreamRules.Formats.Contains(word) && TableFormats.TryParse(word, out var known)) return stream with { Format = known };
                files.Problems.Error(files.At("format"), $"'format' of {files.What} is '{word}'.{NearestName.Hint(word, FileStreamRules.Formats, "Formats")}");
                return null;
            default:
                if (map.Object("kafka", DefinitionKeys.KafkaKeys, $"'kafka' of {map.What}") is not { } kafka) return null;
                var format = kafka.Words("format") ?? "json";
                if (format is not ("json" or "avro"))
                    kafka.Problems.Error(kafka.At("format"), $"'format' of {kafka.What} is '{format}'.{NearestName.Hint(format, ["json", "avro"], "Formats")}");
                var (servers, schema, schemas) = (kafka.Words("servers"), kafka.Json("schema"), kafka.JsonMap("schemas"));
                return kafka.Words("topic") is { } topic
                    ? new KafkaStreamSource(topic, format) { Servers = servers, Schema = schema, Schemas = schemas, Timestamp = timestamp, Created = created } : null;
        }
    }

    public static ValueView ValueView(string name, MapReader map) => new()
    {
        Name = name,
        Version = map.Version("version"),
        Entities = map.Texts("entity", single: true),
        Online = map.Flag("online", true),
        Expect = Expectations(map),
        Source = map.Words("source"),
        Sql = map.Words("sql"),
        Timestamp = map.Words("timestamp"),
        Created = map.Words("created"),
        Lookback = map.Duration("lookback"),
        Ttl = map.Duration("ttl") ?? 0,
        Where = map.Words("where"),
        Features = Each(map, DefinitionKeys.ValueFeature, ValueFeature),
    };

    static ValueFeature? ValueFeature(string name, YamlScalar? shorthand, MapReader? map, MapReader view)
    {
        if (shorthand is not null)
            return view.Type(shorthand.Text, shorthand.Location, $"the type of feature '{name}' of {view.What}") is { } only ? new() { Name = name, Column = name, Type = only } : null;
        var (column, expression, description) = (map!.Words("column"), map.Words("expression"), map.Text("description"));
        if (column is not null && expression is not null) map.Problems.Error(map.At("expression"), $"{MapReader.Upper(map.What)} has both 'column' and 'expression'. It is read from a column or computed.");
        return map.Type("type") is { } type
            ? new() { Name = name, Column = column ?? name, Expression = expression, Type = type, Default = DefaultReader.Read(map, type), Description = description } : null;
    }

    static ValueFeature? LookupColumn(string name, YamlScalar? shorthand, MapReader? map, MapReader table)
    {
        if (shorthand is not null)
            return table.Type(shorthand.Text, shorthand.Location, $"the type of column '{name}' of {table.What}") is { } only ? new() { Name = name, Column = name, Type = only } : null;
        var (column, description) = (map!.Words("column"), map.Text("description"));
        return map.Type("type") is { } type ? new() { Name = name, Column = column ?? name, Type = type, Default = DefaultReader.Read(map, type), Description = description } : null;
    }

    public static AggregationView AggregationView(string name, MapReader map) => new()
    {
        Name = name,
        Version = map.Version("version"),
        Entities = map.Texts("entity", single: true),
        Online = map.Flag("online", true),
        Expect = Expectations(map),
        Source = map.Words("source") ?? "",
        Where = map.Words("where"),
        Delay = map.Duration("delay") ?? 0,
        Features = Each(map, DefinitionKeys.AggregateFeature, AggregateFeature),
    };

    static AggregateFeature? AggregateFeature(string name, YamlScalar? shorthand, MapReader? map, MapReader view)
    {
        if (shorthand is not null)
        {
            view.Problems.Error(shorthand.Location, $"Feature '{name}' of {view.What} is {shorthand.What}. It must be {DefinitionKeys.AggregateFeature.Expected}.");
            return null;
        }
        var given = AggregateCatalog.Known.All.Where(f => map!.Find(f.Name) is not null).ToList();
        // A word that is no key was told of as that: it is the function, misspelled.
        if (given.Count > 1 || given.Count == 0 && map!.Unknown.Count == 0)
            map!.Problems.Error(map.Location, $"{MapReader.Upper(map.What)} names {(given.Count == 0 ? "no function" : $"{given.Count} functions ({string.Join(", ", given.Select(f => f.Name))})")}. It must name one of {string.Join(", ", AggregateCatalog.Known.All.Select(f => f.Name))}.");
        // What other systems write: { function: sum, column: amount }.
        else if (given.Count == 0 && map!.Unknown.Any(u => u is "function" or "aggregation" or "agg"))
            map.Problems.Error(map.Location, $"{MapReader.Upper(map.What)} names its function in a key of another name. The function itself is the key, like {{ sum: amount, windows: [1h] }}.");
        var hop = map!.Duration("hop");
        List<Window> windows = [];
        foreach (var text in map.Texts("windows"))
            if (Window.TryParse(text, hop, out var window)) windows.Add(window);
            else map.Problems.Error(map.At("windows"), $"The window '{text}' of {map.What} is not a length. It must be {Duration.Known}, or lifetime.");
        SortedDictionary<string, string> parameters = new(StringComparer.Ordinal);
        foreach (var parameter in AggregateCatalog.Known.Parameters.Select(p => p.Name))
            if (map.Words(parameter) is { } value) parameters[parameter] = value;
        var (where, description, standIn) = (map.Words("where"), map.Text("description"), DefaultReader.ReadUntyped(map));
        if (given.Count != 1) return null;
        var column = map.Words(given[0].Name);
        if (column == "*" && given[0].CountsRows) column = null;
        return new() { Name = name, Function = given[0].Name, Column = column, Parameters = parameters, Where = where, Windows = windows, Default = standIn, Description = description };
    }

    public static OnDemandView OnDemandView(string name, MapReader map) => new()
    {
        Name = name,
        Version = map.Version("version"),
        Online = map.Flag("online", true),
        Expect = Expectations(map),
        Request = map.Fields("request"),
        Write = map.Flag("write", false),
        CSharp = map.Object("implementation", DefinitionKeys.Implementation, $"the implementation of {map.What}")?.Words("csharp"),
        Inputs = [.. Texts(map, "inputs").Select(i => new ExpressionFeature(i.Name, i.Text))],
        Features = Each(map, DefinitionKeys.ExpressionFeature, ExpressionFeature),
    };

    // An expression that is missing is told of by the rules, which know whether the view is written in C#.
    static ExpressionFeature ExpressionFeature(string name, YamlScalar? shorthand, MapReader? map, MapReader view)
    {
        if (shorthand is not null) return new(name, shorthand.Text.Trim());
        var (standIn, description) = (DefaultReader.ReadUntyped(map!), map!.Text("description"));
        return new(name, map.Words("expression") ?? "") { Default = standIn, Description = description };
    }

    public static Transformation Transformation(string name, MapReader map)
    {
        SortedDictionary<string, string> parameters = new(StringComparer.Ordinal);
        foreach (var parameter in FitMethods.All.SelectMany(f => f.Parameters).Select(p => p.Name).Distinct())
            if (map.Words(parameter) is { } text) parameters[parameter] = text;
        return new()
        {
            Name = name,
            Version = map.Version("version"),
            Fit = map.Words("fit") ?? "",
            Input = map.Words("input") ?? "",
            Target = map.Words("target"),
            Columns = map.Fields("columns"),
            Parameters = parameters,
        };
    }

    public static LookupTable LookupTable(string name, MapReader map)
    {
        var files = map.Object("table", DefinitionKeys.LookupFiles, $"the table of {map.What}");
        var path = files?.Words("path");
        return new()
        {
            Name = name,
            Version = map.Version("version"),
            Key = map.Fields("key"),
            Columns = Each(map, DefinitionKeys.LookupColumn, LookupColumn, "columns"),
            Path = path ?? "",
            Format = files is null ? default : Format(files, path) ?? default,
        };
    }

    static IEnumerable<(string Name, string Text)> Texts(MapReader map, string key)
    {
        foreach (var (name, value) in map.Map(key))
            if (value is YamlScalar { IsNull: false } scalar) yield return (name.Text, scalar.Text.Trim());
            else map.Problems.Error(value.Location, $"'{name.Text}' in '{key}' of {map.What} is {value.What}. It must be a text.");
    }

    // The features of a view: a scalar is the short form, a mapping the long one.
    static List<T> Each<T>(MapReader view, KeyTable table, Func<string, YamlScalar?, MapReader?, MapReader, T?> read, string under = "features") where T : class
    {
        List<T> features = [];
        foreach (var (key, value) in view.Map(under))
        {
            var what = $"{under.TrimEnd('s')} '{key.Text}' of {view.What}";
            var feature = value switch
            {
                YamlScalar { IsNull: false } scalar => read(key.Text, scalar, null, view),
                YamlMap map => read(key.Text, null, new(map, table, what, view.Problems), view),
                _ => null,
            };
            if (value is YamlList or YamlScalar { IsNull: true }) view.Problems.Error(value.Location, $"{MapReader.Upper(what)} is {value.What}. It must be {table.Expected}.");
            if (feature is not null) features.Add(feature);
        }
        return features;
    }

    public static FeatureService FeatureService(string name, MapReader map)
    {
        List<FeatureSelection> selections = [];
        if (map.Find("features") is YamlList list)
        {
            foreach (var item in list.Items)
                if (item is YamlMap long_) Add(selections, Selection(new(long_, DefinitionKeys.Selection, $"a selection of {map.What}", map.Problems)));
                else if (item is YamlScalar { IsNull: false } text && Definitions.FeatureSelection.TryParse(text.Text, out var selection)) selections.Add(selection);
                else map.Problems.Error(item.Location, $"A feature of {map.What} is {item.What}. It must be view:feature, view@1:feature, view:*, or a mapping like {{ view: weather, as: dest_weather, keys: {{ airport: dest }} }}.");
        }
        else if (map.Find("features") is { } other) map.Wrong("features", other);
        return new() { Name = name, Version = (int)(map.Integer("version", 1, int.MaxValue) ?? 1), Features = selections, Model = map.Words("model") };
    }

    static void Add<T>(List<T> all, T? one) where T : class
    {
        if (one is not null) all.Add(one);
    }

    static FeatureSelection? Selection(MapReader map)
    {
        var (view, alias, keys) = (map.Words("view"), map.Words("as"), map.TextMap("keys"));
        IReadOnlyList<string> features = map.Find("features") is YamlScalar { Text: "*" } ? [] : map.Texts("features");
        if (view is null) return null;
        var version = VersionSelector.Newest;
        if (view.IndexOf('@', StringComparison.Ordinal) is var at and >= 0)
        {
            if (!VersionSelector.TryParse(view[(at + 1)..], out version))
            {
                map.Problems.Error(map.At("view"), $"'view' of {map.What} is '{view}'. Behind the @ must be a version like 1, 1.2 or 1.2.0.");
                return null;
            }
            view = view[..at];
        }
        return new() { View = view, Version = version, Features = features, Alias = alias, Keys = keys };
    }
}
