using System.Text.Json;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>The writing half of <see cref="DefinitionJson"/>. What is at its default is left out; names are sorted where order means nothing.</summary>
internal static class DefinitionJsonWriter
{
    public static void Write(Utf8JsonWriter json, Definition definition)
    {
        json.WriteStartObject();
        json.WriteNumber("format", DefinitionJson.FormatVersion);
        json.WriteString("kind", definition.Kind);
        json.WriteString("name", definition.Name);
        if (definition is FeatureView view)
        {
            json.WriteString("version", view.Version.ToString());
            Texts(json, "entities", view.Entities);
            if (!view.Online) json.WriteBoolean("online", false);
            Expectations(json, view.Expect);
        }
        switch (definition)
        {
            case Entity entity: Fields(json, "join_keys", entity.JoinKeys); break;
            case Source source: Source(json, source); break;
            case ValueView value: Value(json, value); break;
            case AggregationView aggregation: Aggregation(json, aggregation); break;
            case OnDemandView onDemand: OnDemand(json, onDemand); break;
            case FeatureService service: Service(json, service); break;
            case Transformation transformation: Transformation(json, transformation); break;
            case LookupTable table: LookupTable(json, table); break;
            case Fit fit: Fit(json, fit); break;
            default: throw new NotSupportedException($"No JSON of {definition.GetType().Name}.");
        }
        Metadata(json, definition.Metadata);
        json.WriteEndObject();
    }

    static void Transformation(Utf8JsonWriter json, Transformation transformation)
    {
        json.WriteString("version", transformation.Version.ToString());
        json.WriteString("fit", transformation.Fit);
        json.WriteString("input", transformation.Input);
        Text(json, "target", transformation.Target);
        if (transformation.Columns.Count > 0) Fields(json, "columns", transformation.Columns);
        Map(json, "parameters", transformation.Parameters);
    }

    static void LookupTable(Utf8JsonWriter json, LookupTable table)
    {
        json.WriteString("version", table.Version.ToString());
        json.WriteStartObject("table");
        json.WriteString("path", table.Path);
        json.WriteString("format", table.Format.Word());
        json.WriteEndObject();
        Fields(json, "key", table.Key);
        ValueFeatures(json, "columns", table.Columns);
    }

    static void Fit(Utf8JsonWriter json, Fit fit)
    {
        json.WriteNumber("number", fit.Number);
        json.WriteString("transformation", fit.Transformation.ToString());
        json.WriteString("transformation_fingerprint", fit.TransformationFingerprint);
        json.WriteString("at", Instant.Format(fit.AsOf));
        json.WriteStartObject("learned_from");
        json.WriteString("spine", fit.Statistics.Spine);
        json.WriteNumber("rows", fit.Statistics.Rows);
        json.WriteNumber("nulls", fit.Statistics.Nulls);
        json.WriteNumber("rows_after", fit.Statistics.RowsAfter);
        json.WriteNumber("rows_without_time", fit.Statistics.RowsWithoutTime);
        json.WriteEndObject();
        Map(json, "views", fit.Views);
        json.WritePropertyName("parameters");
        json.WriteRawValue(fit.Parameters);
    }

    static void Source(Utf8JsonWriter json, Source source)
    {
        if (source.Table is { } table)
        {
            json.WriteStartObject("table");
            json.WriteString("path", table.Path);
            json.WriteString("format", table.Format.Word());
            json.WriteString("timestamp", table.Timestamp);
            Text(json, "created", table.Created);
            if (table.CompleteUntil is { } until) json.WriteString("complete_until", Instant.Format(until));
            json.WriteEndObject();
        }
        if (source.Stream is { } stream)
        {
            json.WriteStartObject("stream");
            Text(json, "timestamp", stream.Timestamp);
            Text(json, "created", stream.Created);
            switch (stream)
            {
                case PushStreamSource:
                    json.WriteString("from", "push");
                    break;
                case FileStreamSource files:
                    json.WriteString("from", "files");
                    json.WriteString("path", files.Path);
                    Text(json, "format", files.Format?.Word());
                    break;
                case KafkaStreamSource kafka:
                    json.WriteString("from", "kafka");
                    json.WriteString("topic", kafka.Topic);
                    json.WriteString("format", kafka.Format);
                    Text(json, "servers", kafka.Servers);
                    Text(json, "schema", kafka.Schema);
                    Text(json, "schemas", kafka.Schemas);
                    break;
                default: throw new NotSupportedException($"No JSON of {stream.GetType().Name}.");
            }
            json.WriteEndObject();
        }
        if (source.Columns is not null || source.Derived.Count > 0) Columns(json, source);
        Text(json, "where", source.Where);
        Expectations(json, source.Expect);
    }

    static void Expectations(Utf8JsonWriter json, IReadOnlyList<Expectation> expectations)
    {
        if (expectations.Count == 0) return;
        json.WriteStartArray("expect");
        foreach (var expectation in expectations)
            if (expectation.OnFailure == FailureAction.Warn) json.WriteStringValue(expectation.ToString());
            else
            {
                json.WriteStartObject();
                json.WriteString("that", expectation.ToString());
                json.WriteString("on_failure", "block");
                json.WriteEndObject();
            }
        json.WriteEndArray();
    }

    // A reader that knows no computed columns misses their type, and refuses them.
    static void Columns(Utf8JsonWriter json, Source source)
    {
        json.WriteStartArray("columns");
        foreach (var field in source.Columns ?? []) Field(json, field);
        foreach (var column in source.Derived)
        {
            json.WriteStartObject();
            json.WriteString("name", column.Name);
            json.WriteString("expression", column.Expression);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    static void Value(Utf8JsonWriter json, ValueView view)
    {
        Text(json, "source", view.Source);
        Text(json, "sql", view.Sql);
        Text(json, "timestamp", view.Timestamp);
        Text(json, "created", view.Created);
        if (view.Lookback is { } lookback) json.WriteString("lookback", Duration.Format(lookback));
        Micros(json, "ttl", view.Ttl);
        Text(json, "where", view.Where);
        ValueFeatures(json, "features", view.Features);
    }

    static void ValueFeatures(Utf8JsonWriter json, string name, IReadOnlyList<ValueFeature> features)
    {
        json.WriteStartArray(name);
        foreach (var feature in features)
        {
            json.WriteStartObject();
            json.WriteString("name", feature.Name);
            json.WriteString("type", feature.Type.ToString());
            if (feature.Column != feature.Name) json.WriteString("column", feature.Column);
            Text(json, "expression", feature.Expression);
            Feature(json, feature.Default, feature.Description);
        }
        json.WriteEndArray();
    }

    static void Aggregation(Utf8JsonWriter json, AggregationView view)
    {
        json.WriteString("source", view.Source);
        Text(json, "where", view.Where);
        Micros(json, "delay", view.Delay);
        json.WriteStartArray("features");
        foreach (var feature in view.Features)
        {
            json.WriteStartObject();
            json.WriteString("name", feature.Name);
            json.WriteString("function", feature.Function);
            Text(json, "column", feature.Column);
            Map(json, "parameters", feature.Parameters);
            Text(json, "where", feature.Where);
            json.WriteStartArray("windows");
            foreach (var window in feature.Windows)
            {
                json.WriteStartObject();
                json.WriteString("name", window.Name);
                json.WriteString("hop", Duration.Format(window.Hop));
                json.WriteEndObject();
            }
            json.WriteEndArray();
            Feature(json, feature.Default, feature.Description);
        }
        json.WriteEndArray();
    }

    static void OnDemand(Utf8JsonWriter json, OnDemandView view)
    {
        Fields(json, "request", view.Request);
        if (view.Write) json.WriteBoolean("write", true);
        Text(json, "csharp", view.CSharp);
        if (view.Inputs.Count > 0)
        {
            json.WriteStartArray("inputs");
            foreach (var input in view.Inputs.OrderBy(i => i.Name, StringComparer.Ordinal))
            {
                json.WriteStartObject();
                json.WriteString("name", input.Name);
                json.WriteString("expression", input.Expression);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteStartArray("features");
        foreach (var feature in view.Features)
        {
            json.WriteStartObject();
            json.WriteString("name", feature.Name);
            json.WriteString("expression", feature.Expression);
            Feature(json, feature.Default, feature.Description);
        }
        json.WriteEndArray();
    }

    static void Service(Utf8JsonWriter json, FeatureService service)
    {
        json.WriteNumber("version", service.Version);
        json.WriteStartArray("features");
        foreach (var selection in service.Features)
        {
            json.WriteStartObject();
            json.WriteString("view", $"{selection.View}{selection.Version}");
            Texts(json, "features", selection.Features);
            Text(json, "as", selection.Alias);
            Map(json, "keys", selection.Keys);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        Text(json, "model", service.Model);
    }

    static void Feature(Utf8JsonWriter json, Value standIn, string? description)
    {
        if (!standIn.IsNull)
        {
            json.WritePropertyName("default");
            ValueJson.Write(json, standIn);
        }
        Text(json, "description", description);
        json.WriteEndObject();
    }

    static void Metadata(Utf8JsonWriter json, Metadata metadata)
    {
        Text(json, "description", metadata.Description);
        Text(json, "owner", metadata.Owner);
        Text(json, "domain", metadata.Domain);
        if (metadata.FreshnessSla is { } sla) json.WriteString("freshness_sla", Duration.Format(sla));
        Map(json, "tags", metadata.Tags);
    }

    public static void Fields(Utf8JsonWriter json, string name, IEnumerable<Field> fields)
    {
        json.WriteStartArray(name);
        foreach (var field in fields) Field(json, field);
        json.WriteEndArray();
    }

    static void Field(Utf8JsonWriter json, Field field)
    {
        json.WriteStartObject();
        json.WriteString("name", field.Name);
        json.WriteString("type", field.Type.ToString());
        json.WriteEndObject();
    }

    static void Texts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        if (texts.Count == 0) return;
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    static void Map(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, string> map)
    {
        if (map.Count == 0) return;
        json.WriteStartObject(name);
        foreach (var (key, value) in map.OrderBy(m => m.Key, StringComparer.Ordinal)) json.WriteString(key, value);
        json.WriteEndObject();
    }

    static void Text(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null) json.WriteString(name, text);
    }

    static void Micros(Utf8JsonWriter json, string name, long micros)
    {
        if (micros != 0) json.WriteString(name, Duration.Format(micros));
    }
}
