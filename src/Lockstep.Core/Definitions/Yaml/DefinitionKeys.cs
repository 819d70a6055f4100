using System.Text.Json.Nodes;
using Lockstep.Core.Aggregation;

namespace Lockstep.Core.Definitions.Yaml;

/// <summary>Every key of every kind of definition.</summary>
internal static class DefinitionKeys
{
    public static readonly KeyTable DerivedColumn = new("a mapping with expression",
        new Key("expression", Shape.Text, "Over the other columns of the row.", Required: true));

    public static readonly KeyTable Expectation = new("a condition, like \"visib between 0 and 10 mostly 0.99\", or a mapping with that",
        new("that", Shape.Text, "The condition. Where it is null it counts neither way.", Required: true),
        new("mostly", Shape.Share, "The least share of rows where it holds. Default: 1, all."),
        new("on_failure", Shape.OneOf("warn", "block"), "What happens when it does not hold: it is told, or the run and the training set stop before anything of them is visible. Default: warn."));

    static readonly Shape Fields = Shape.MapOf("columns with their types, like { carrier: string }", Shape.FeatureType);
    static readonly Shape Columns = Shape.MapOf("columns with their types, like { carrier: string }, or expressions, like { late: \"= arr_delay > 15\" }",
        Shape.Either("a type, or an expression", Shape.FeatureType, Shape.Formula, Shape.Object(DerivedColumn)));
    static readonly Shape TextMap = Shape.MapOf("names with texts, like { team: ops }", Shape.Word);
    static readonly Shape NameOrNames = Shape.Either("a name, or a list of names", Shape.Name, Shape.ListOf(Shape.Name));
    static readonly Shape Expectations = Shape.ListOf(Shape.Either(Expectation.Expected, Shape.Text, Shape.Object(Expectation)));

    public static readonly KeyTable Table = new("a mapping with path and timestamp",
        new("path", Shape.Text, "A file, a pattern with * and **, or the folder of a Delta table; relative to the project folder.", Required: true),
        new("format", Shape.OneOf([.. TableFormats.Words]), "Only needed where the path does not end in .parquet, .csv, .jsonl or .json; a path without an ending is a Delta table."),
        new("timestamp", Shape.Text, "The column that says when a row was known.", Required: true),
        new("created", Shape.Text, "The column that says when a row was written; of rows with equal timestamps the one written last counts."),
        new("complete_until", Shape.Instant, "The table holds every event before this instant, though its newest event is later."));

    static readonly KeyTable Push = new("an empty mapping, {}");

    static readonly KeyTable Files = new("a mapping with path",
        new("path", Shape.Text, "A file, or a pattern with * and **; relative to the project folder.", Required: true),
        new("format", Shape.OneOf([.. FileStreamRules.Formats]), "Only needed where the path does not end in .jsonl, .csv or .parquet."));

    static readonly KeyTable Kafka = new("a mapping with topic and format",
        new("topic", Shape.Text, "The topic to read.", Required: true),
        new("format", Shape.OneOf("json", "avro"), "How a message is written. Default: json."),
        new("servers", Shape.Text, "host:port, several separated by commas. Default: those of kafka in lockstep.yaml."),
        new("schema", Shape.AvroSchema, "The Avro schema of the messages, as JSON. Beside 'schemas' the one to read by: its aliases and defaults."),
        new("schemas", Shape.MapOf("Avro schemas by their ids, like { 1000: … }", Shape.AvroSchema), "Of messages in Confluent's wire format: the schema of each id. Another id is refused."));

    public static readonly KeyTable Stream = new("a mapping with one of push, files, kafka",
        new("push", Shape.Object(Push), "Events that callers send over HTTP."),
        new("files", Shape.Object(Files), "Files that appear in a folder, and lines that are added to them."),
        new("kafka", Shape.Object(Kafka), "A Kafka topic."),
        new("timestamp", Shape.Text, "The column with the time of the event, for a source without a table."),
        new("created", Shape.Text, "The column that says when the event was written."));

    public static readonly KeyTable PushKeys = Push;
    public static readonly KeyTable FilesKeys = Files;
    public static readonly KeyTable KafkaKeys = Kafka;

    public static readonly KeyTable ValueFeature = new("a type, or a mapping with type",
        new("type", Shape.FeatureType, "The type of the feature; values are converted to it without loss, or refused.", Required: true),
        new("column", Shape.Text, "The column it is read from. Default: the feature's own name."),
        new("expression", Shape.Text, "What it is computed by, over the columns of the source; in place of a column."),
        new("default", Shape.Default, "Stands for null, in training and in serving alike."),
        new("description", Shape.Text, "For people."));

    static (AggregateCatalog Of, KeyTable Keys)? s_aggregateFeature;

    /// <summary>With the functions that the process knows now.</summary>
    public static KeyTable AggregateFeature
    {
        get
        {
            var known = AggregateCatalog.Known;
            if (s_aggregateFeature is not { } made || made.Of != known) s_aggregateFeature = made = (known, AggregateFeatureOf(known));
            return made.Keys;
        }
    }

    static KeyTable AggregateFeatureOf(AggregateCatalog functions) => new("a mapping with a function and windows, like { avg: arr_delay, windows: [24h] }",
        [
            .. functions.All.Select(f => new Key(f.Name, Shape.Text, $"The column{(f.CountsRows ? ", or \"*\" for all events" : "")}. {f.Summary}")),
            new("windows", Shape.ListOf(Shape.Either("a length like 24h, or lifetime", Shape.Duration, Shape.Const(Window.LifetimeName))), "Each gives one feature, name_window.", Required: true),
            new("hop", Shape.Duration, "The lower edge of the window moves by this much. A divisor of a day."),
            .. functions.Parameters.Select(p => new Key(p.Name, ShapeOf(p), p.Summary)),
            new("where", Shape.Text, "Only these events."),
            new("default", Shape.Default, "Stands for null, in training and in serving alike."),
            new("description", Shape.Text, "For people."),
        ])
    { Registered = [.. functions.All.Select(f => f.Name)] };

    static Shape ShapeOf(AggregateParameter parameter) => parameter.Kind switch
    {
        ParameterKind.Integer => Shape.Integer,
        ParameterKind.Number => Shape.Number,
        ParameterKind.Duration => Shape.Duration,
        ParameterKind.Window => Shape.Either("a length like 24h, or lifetime", Shape.Duration, Shape.Const(Window.LifetimeName)),
        _ => Shape.OneOf([.. parameter.Words]),
    };

    public static readonly KeyTable ExpressionFeature = new("an expression, or a mapping with expression",
        new("expression", Shape.Text, "Over request fields and view:feature; without one in a view that is written in C#."),
        new("default", Shape.Default, "Stands for null, in training and in serving alike."),
        new("description", Shape.Text, "For people."));

    public static readonly KeyTable Selection = new("view:feature, view:*, or a mapping with view",
        new("view", Shape.Text, "A view, newest version; view@1 is the newest 1.x.y, view@1.0.0 exactly that one.", Required: true),
        new("as", Shape.Name, "Another name for the view in this service; its features are named alias__feature."),
        new("keys", Shape.MapOf("join keys with the columns that hold them, like { airport: dest }", Shape.Text), "Join key of the view: column of the spine or of the request."),
        new("features", Shape.Either("a list of features, or \"*\"", Shape.Const("*"), Shape.ListOf(Shape.Name)), "Default: all."));

    public static readonly KeyTable Entity = Definition(Definitions.Entity.KindName, "an entity",
        new Key("join_keys", Shape.MapOf("columns with their types, like { carrier: string }", Shape.KeyType), "The columns that name one of them, with their types.", Required: true));

    public static readonly KeyTable Source = Definition(Definitions.Source.KindName, "a source",
        new("table", Shape.Object(Table), "Files of one format, or a Delta table."),
        new("stream", Shape.Object(Stream), "Events as they happen."),
        new("columns", Columns, "Columns of the data with their types (default: read from the data at apply), and columns that are computed of them."),
        new("where", Shape.Text, "Only these rows."),
        new("expect", Expectations, "What must hold of the rows."));

    public static readonly KeyTable ValueView = Definition(Definitions.ValueView.KindName, "a value view",
        new("version", Shape.Version, "Default: 1.0.0."),
        new("entity", NameOrNames, "The entity it describes, several for a composite key, [] for one row for all.", Required: true),
        new("source", Shape.Name, "The source that it reads."),
        new("sql", Shape.Text, "A SELECT over sources, in place of a source."),
        new("timestamp", Shape.Text, "The column of sql that says when a row was known."),
        new("created", Shape.Text, "The column of sql that says when a row was written."),
        new("lookback", Shape.Duration, "Of sql with $start and $end: how much later than a row of a source the last row is that it changes. Default: no limit."),
        new("ttl", Shape.Duration, "Older rows do not count. Default: no limit."),
        new("where", Shape.Text, "Only these rows."),
        new("features", Features(ValueFeature, Shape.FeatureType), "Name: type, in the order of the schema.", Required: true),
        new("expect", Expectations, "What must hold of the values."),
        new("online", Shape.Flag, "Whether it is served online. Default: true."));

    public static readonly KeyTable AggregationView = Definition(Definitions.AggregationView.KindName, "an aggregation view",
        new("version", Shape.Version, "Default: 1.0.0."),
        new("entity", NameOrNames, "The entity it describes, several for a composite key.", Required: true),
        new("source", Shape.Name, "The source of its events.", Required: true),
        new("where", Shape.Text, "Only these events."),
        new("delay", Shape.Duration, "Events count this much later. Default: none."),
        new("features", Features(AggregateFeature), "Name: function, column and windows.", Required: true),
        new("expect", Expectations, "What must hold of the values."),
        new("online", Shape.Flag, "Whether it is served online. Default: true."));

    public static readonly KeyTable Implementation = new("a mapping like { csharp: RouteRisk }",
        new Key("csharp", Shape.Text, "The name of a C# view that the program registers.", Required: true));

    public static readonly KeyTable LookupFiles = new("a mapping with path",
        new("path", Shape.Text, "A file, a pattern with * and **, or the folder of a Delta table; relative to the project folder.", Required: true),
        new("format", Shape.OneOf([.. TableFormats.Words]), "Only needed where the path does not say it."));

    public static readonly KeyTable LookupColumn = new("a type, or a mapping with type",
        new("type", Shape.FeatureType, "The type of the column; values are converted to it without loss, or refused.", Required: true),
        new("column", Shape.Text, "The column of the files. Default: the name."),
        new("default", Shape.Default, "Stands for null, and for a key that is not there."),
        new("description", Shape.Text, "For people."));

    public static readonly KeyTable Transformation = Definition(Definitions.Transformation.KindName, "a transformation",
        [
            new("version", Shape.Version, "Default: 1.0.0."),
            new("fit", Shape.OneOf([.. FitMethods.All.Select(f => f.Name)]), "What is learned.", Required: true),
            new("input", Shape.Text, "The expression that it is learned on, over view:feature and columns of the spine.", Required: true),
            new("target", Shape.Text, "Of target_mean: the expression whose mean encodes a category."),
            new("columns", Fields, "Columns of the spine that input and target read, with their types."),
            .. FitMethods.All.SelectMany(f => f.Parameters, (f, p) => (f, p)).GroupBy(f => f.p.Name, StringComparer.Ordinal).Select(g => new Key(g.Key, Shape.Word,
                $"{string.Join(" ", g.GroupBy(p => $"{p.p.Expected}. Default: {p.p.Default}.", StringComparer.Ordinal).Select(s => $"Of {string.Join(" and ", s.Select(p => p.f.Name))}: {s.Key}"))}")),
        ]);

    public static readonly KeyTable LookupTable = Definition(Definitions.LookupTable.KindName, "a lookup table",
        new("version", Shape.Version, "Default: 1.0.0."),
        new("table", Shape.Object(LookupFiles), "The files that hold it.", Required: true),
        new("key", Shape.MapOf("columns with their types, like { airport: string }", Shape.KeyType), "The columns by which a row is found, with their types.", Required: true),
        new("columns", Features(LookupColumn, Shape.FeatureType), "Name: type, of what is looked up.", Required: true));

    public static readonly KeyTable OnDemandView = Definition(Definitions.OnDemandView.KindName, "an on-demand view",
        new("version", Shape.Version, "Default: 1.0.0."),
        new("request", Fields, "Fields that the caller sends."),
        new("features", Features(ExpressionFeature, Shape.Text), "Name: expression. Needed but for a view that is written in C#, where it says more of outputs."),
        new("write", Shape.Flag, "Whether it is computed when the rows of the one value view that it reads are written, instead of on every request. Default: false."),
        new("implementation", Shape.Object(Implementation), "Where the features are computed, if not by expressions."),
        new("inputs", Shape.MapOf("inputs with expressions, like { wind: weather:wind_speed }", Shape.Text), "Of a view that is written in C#: what each input is. Default: the request field of its name."),
        new("expect", Expectations, "What must hold of the values."),
        new("online", Shape.Flag, "Whether it is served online. Default: true."));

    public static readonly KeyTable FeatureService = Definition(Definitions.FeatureService.KindName, "a feature service",
        new("version", Shape.Integer, "Default: 1."),
        new("features", Shape.ListOf(Shape.Either("view:feature, view:*, or a mapping with view", Shape.Text, Shape.Object(Selection))), "In the order of the model's vector.", Required: true),
        new("model", Shape.Text, "The model that reads them."));

    /// <summary>The kinds by the word behind <c>kind:</c>.</summary>
    public static readonly IReadOnlyDictionary<string, KeyTable> Kinds = new Dictionary<string, KeyTable>(StringComparer.Ordinal)
    {
        [Definitions.Entity.KindName] = Entity,
        [Definitions.Source.KindName] = Source,
        [Definitions.ValueView.KindName] = ValueView,
        [Definitions.AggregationView.KindName] = AggregationView,
        [Definitions.OnDemandView.KindName] = OnDemandView,
        [Definitions.Transformation.KindName] = Transformation,
        [Definitions.LookupTable.KindName] = LookupTable,
        [Definitions.FeatureService.KindName] = FeatureService,
    };

    static Shape Features(KeyTable table, Shape? shorthand = null)
    {
        const string Expected = "features by name, in order";
        var value = shorthand is null ? Shape.Object(table) : Shape.Either(table.Expected, shorthand, Shape.Object(table));
        return new(Expected, () => new JsonObject
        {
            ["type"] = "object",
            ["propertyNames"] = new JsonObject { ["pattern"] = Names.Pattern },
            ["additionalProperties"] = value.Schema(),
        });
    }

    static KeyTable Definition(string kind, string what, params Key[] keys) => new($"a mapping that defines {what}",
    [
        new("kind", Shape.Const(kind), "What this defines.", Required: true),
        new("name", Shape.Name, "Letters, digits and underscores.", Required: true),
        .. keys,
        new("description", Shape.Text, "For people."),
        new("owner", Shape.Text, "Who answers for it."),
        new("domain", Shape.Text, "The part of the business it belongs to."),
        new("freshness_sla", Shape.Duration, "How fresh the values shall be."),
        new("tags", TextMap, "Free words for search and rules, like pii."),
    ]);
}
