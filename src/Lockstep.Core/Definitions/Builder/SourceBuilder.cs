using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions.Builder;

/// <summary>Where rows or events come from: a table, a stream, or both.</summary>
public sealed class SourceBuilder : DefinitionBuilder<SourceBuilder>
{
    readonly List<DerivedColumn> _derived = [];
    readonly List<Expectation> _expect = [];
    List<Field>? _columns;
    TableSource? _table;
    StreamSource? _stream;
    string? _where;

    internal SourceBuilder(string name) : base(name)
    {
    }

    /// <param name="path">A file, a pattern, or the folder of a Delta table.</param>
    /// <param name="timestamp">The column that says when a row was known.</param>
    /// <param name="created">The column that says when a row was written.</param>
    /// <param name="format">Only needed where the path does not say it.</param>
    /// <param name="completeUntil">The table holds every event before this instant.</param>
    public SourceBuilder Table(string path, string timestamp, string? created = null, TableFormat? format = null, DateTimeOffset? completeUntil = null)
    {
        if (format is null && !TableFormats.TryInfer(path, out _))
            throw new ArgumentException($"The format of source '{Name}' does not follow from the path '{path}'. Name it.", nameof(path));
        TableFormats.TryInfer(path, out var inferred);
        _table = new()
        {
            Path = path,
            Format = format ?? inferred,
            Timestamp = timestamp,
            Created = created,
            CompleteUntil = completeUntil is { } until ? Instant.FromDateTimeOffset(until) : null,
        };
        return this;
    }

    /// <summary>Events that callers send over HTTP. The timestamp is for a source without a table.</summary>
    public SourceBuilder Push(string? timestamp = null, string? created = null) => Stream(new PushStreamSource { Timestamp = timestamp, Created = created });

    /// <summary>A folder whose new files are events.</summary>
    public SourceBuilder Files(string path, string? timestamp = null, string? created = null) => Stream(new FileStreamSource(path) { Timestamp = timestamp, Created = created });

    /// <param name="topic">The topic to read.</param>
    /// <param name="format"><c>json</c> or <c>avro</c>.</param>
    /// <param name="servers">host:port, several separated by commas.</param>
    /// <param name="schema">Of Avro, as JSON.</param>
    /// <param name="timestamp">The column with the time of the event, for a source without a table.</param>
    /// <param name="created">The column that says when the event was written.</param>
    /// <param name="schemas">Of Avro, as a JSON object: the schema of each id.</param>
    public SourceBuilder Kafka(string topic, string format = "json", string? servers = null, string? schema = null, string? timestamp = null, string? created = null, string? schemas = null)
        => Stream(new KafkaStreamSource(topic, format) { Servers = servers, Schema = schema, Schemas = schemas, Timestamp = timestamp, Created = created });

    /// <summary>Declares a column; without any they are read from the data.</summary>
    public SourceBuilder Column(string name, FeatureType type)
    {
        (_columns ??= []).Add(new(name, type));
        return this;
    }

    /// <summary>A column that is computed of the others, like <c>arr_delay > 15</c>.</summary>
    public SourceBuilder Derived(string name, string expression)
    {
        _derived.Add(new(name, expression?.Trim() ?? throw new ArgumentNullException(nameof(expression))));
        return this;
    }

    public SourceBuilder Where(string filter)
    {
        _where = filter;
        return this;
    }

    /// <summary>Conditions on the rows, like <c>visib >= 0 mostly 0.99</c>; one that does not hold is warned of.</summary>
    public SourceBuilder Expect(params ReadOnlySpan<string> expectations)
    {
        foreach (var expectation in expectations) _expect.Add(Expectation.Parse(expectation));
        return this;
    }

    /// <summary>A condition that stops runs where it does not hold.</summary>
    public SourceBuilder Require(string expectation)
    {
        _expect.Add(Expectation.Parse(expectation) with { OnFailure = FailureAction.Block });
        return this;
    }

    SourceBuilder Stream(StreamSource stream)
    {
        _stream = stream;
        return this;
    }

    private protected override Definition Build()
        => new Source { Name = Name, Metadata = Metadata, Table = _table, Stream = _stream, Columns = _columns is null ? null : [.. _columns], Derived = [.. _derived], Where = _where, Expect = [.. _expect] };
}
