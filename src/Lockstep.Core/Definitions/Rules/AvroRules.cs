using Lockstep.Core.Definitions.Avro;
using Lockstep.Core.Definitions.Yaml;

namespace Lockstep.Core.Definitions;

/// <summary>The Avro schemas of a topic's messages.</summary>
internal static class AvroRules
{
    public static void Check(Source source, KafkaStreamSource stream, string what, ProblemList problems)
    {
        if (stream.Format != "avro")
        {
            if ((stream.Schema ?? stream.Schemas) is not null) problems.Error(source.At("stream"), $"The stream of {what} has an Avro schema, and its format is {stream.Format}. Add 'format: avro', or remove the schema.");
            return;
        }
        AvroSchemas schemas;
        try
        {
            schemas = AvroSchemas.Of(stream);
        }
        catch (FormatException e)
        {
            problems.Error(source.At("stream"), $"The stream of {what}: {e.Message}{(e.Message.EndsWith('?') ? "" : ".")}");
            return;
        }
        var fields = schemas.Writers.SelectMany(w => w.Fields).Select(f => f.Name).Distinct().ToList();
        if (source.TimestampColumn is { } time && !schemas.HasEverywhere(time))
            problems.Error(source.At("stream"), $"The timestamp of {what} is column '{time}', which the Avro schema of its messages has no field for.{NearestName.Hint(time, fields, "Fields")}");
        if (source.Table is null)
            foreach (var column in (source.Columns ?? []).Where(c => c.Name != source.TimestampColumn && schemas.Writers.All(w => schemas.IndexIn(w, c.Name) < 0) && !schemas.HasEverywhere(c.Name)))
                problems.Warn(source.At($"columns.{column.Name}"), $"Column '{column.Name}' of {what} has no field in the Avro schema of its messages: it is always null.{NearestName.Hint(column.Name, fields, "Fields")}");
    }
}
