using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Streaming;
using Lockstep.Runtime.Streaming.Log;
using Microsoft.AspNetCore.Http;

namespace Lockstep.Server.Feast;

// POST /push:                  { "push_source_name": a source with a stream, "df": { column: [ value, … ], … }, "to": "online" | "offline" | "online_and_offline" }
// POST /write-to-online-store: { "feature_view_name": a value view over one, "df": … with the names of features }
// Both log the rows, and what is logged is offline and online (S22): `to` is only checked. All rows are taken, or none.
/// <summary>Writes in Feast's format.</summary>
sealed class FeastWrites(FeatureServer server, StreamService streams)
{
    static readonly string[] Places = ["online", "offline", "online_and_offline"];

    public async Task Push(HttpContext context)
    {
        var body = await BodyAsync(context, "push_source_name");
        var to = body.TryGetProperty("to", out var given) && given.ValueKind == JsonValueKind.String ? given.GetString()! : "online";
        var name = body.GetProperty("push_source_name").GetString()!;
        if (!server.Current.Catalog.Sources.TryGetValue(name, out var source) || source.Stream is null)
            throw new FeastException(422, "PushSourceNotFoundException", $"Unable to find push source '{name}'.{NearestName.Hint(name, server.Current.Catalog.Sources.Values.Where(s => s.Stream is not null).Select(s => s.Name), "Sources with a stream")}");
        if (!Places.Contains(to)) throw new LockstepException(ErrorKind.BadArguments, $"{to} is not a supported push format. Please specify one of these ['online', 'offline', 'online_and_offline'].");
        await LogAsync(source, body, new Dictionary<string, string>(), Needed(source), context.RequestAborted);
        context.Response.ContentLength = 0;
    }

    public async Task Write(HttpContext context)
    {
        var body = await BodyAsync(context, "feature_view_name");
        var name = body.GetProperty("feature_view_name").GetString()!;
        var catalog = server.Current.Catalog;
        if (catalog.FindView(name) is not { } view)
            throw new FeastException(404, "FeastObjectNotFoundException", $"Can't recognize feast object with a name {name}.{NearestName.Hint(name, catalog.Views.Select(v => v.Name), "Views")}");
        if (view.View is not ValueView { Source: { } sourceName } definition || (view.Sources.GetValueOrDefault(sourceName) ?? catalog.Sources[sourceName]) is not { Stream: not null } source)
            throw new LockstepException(ErrorKind.BadArguments, $"View '{view.Id}' reads no source with a stream: rows cannot be written to it. Add 'stream: {{ push: {{}} }}' to its source, and apply.");
        var features = definition.Features.Where(f => f.Expression is null).ToList();
        await LogAsync(source, body, features.ToDictionary(f => f.Name, f => f.Column, StringComparer.Ordinal),
            [.. view.Keys.Fields.Select(k => k.Name), LogColumns.TimestampOf(source), .. LogColumns.CreatedOf(source) is { } created ? [created] : Array.Empty<string>(), .. features.Select(f => f.Name)], context.RequestAborted);
        await FeastErrors.WriteAsync(context, 200, "null"u8.ToArray());
    }

    /// <summary>What the views over a source read: a frame that lacks one of these is a mistake.</summary>
    IReadOnlyList<string> Needed(Source source)
    {
        HashSet<string> data = [.. LogColumns.Of(source).Fields.Select(f => f.Name)];
        List<string> needed = [LogColumns.TimestampOf(source)];
        if (LogColumns.CreatedOf(source) is { } created) needed.Add(created);
        foreach (var view in server.Current.Catalog.Views.Where(v => SourceFeed.Reads(v, source.Name)))
        {
            needed.AddRange(view.Keys.Fields.Select(k => k.Name));
            if (view.View is ValueView value) needed.AddRange(value.Features.Where(f => f.Expression is null).Select(f => f.Column));
        }
        return [.. needed.Where(data.Contains).Distinct(StringComparer.Ordinal)];
    }

    async Task LogAsync(Source source, JsonElement body, IReadOnlyDictionary<string, string> names, IReadOnlyList<string> needed, CancellationToken token)
    {
        var columns = Columns(body);
        var rows = columns.Count == 0 ? 0 : columns[0].Values.GetArrayLength();
        foreach (var (name, values) in columns)
            if (values.GetArrayLength() != rows) throw new LockstepException(ErrorKind.BadArguments, $"All arrays must be of the same length: '{name}' has {values.GetArrayLength()} values, '{columns[0].Name}' {rows}.");
        if (columns.Count == 0) return; // nothing was sent
        foreach (var name in needed)
            if (!columns.Exists(c => c.Name == name)) throw new LockstepException(ErrorKind.BadArguments, $"The df has no column '{name}', which is read.{NearestName.Hint(name, columns.Select(c => c.Name), "Columns")}");
        var feed = streams.Host.Find(source.Name);
        var decoded = feed.Decode("push", (decoder, to, now) =>
        {
            ArrayBufferWriter<byte> line = new();
            for (var row = 0; row < rows; row++)
            {
                line.ResetWrittenCount();
                using (Utf8JsonWriter json = new(line))
                {
                    json.WriteStartObject();
                    foreach (var (name, values) in columns)
                    {
                        json.WritePropertyName(names.GetValueOrDefault(name, name));
                        values[row].WriteTo(json);
                    }
                    json.WriteEndObject();
                }
                decoder.Object(line.WrittenSpan, to, now);
            }
        });
        if (decoded.Reasons.Count > 0)
            throw new LockstepException(ErrorKind.BadArguments, string.Join(" ", decoded.Reasons.Take(10).Select(r => string.Create(CultureInfo.InvariantCulture, $"Row {r.Row - 1}: {r.Reason}.")))
                + (decoded.Reasons.Count > 10 ? string.Create(CultureInfo.InvariantCulture, $" {decoded.Reasons.Count - 10} more.") : "") + (rows > 1 ? " No row was taken." : ""));
        await feed.PushAsync(decoded, null, token);
    }

    static List<(string Name, JsonElement Values)> Columns(JsonElement body)
    {
        var frame = body.GetProperty("df");
        List<(string, JsonElement)> columns = [];
        foreach (var column in frame.EnumerateObject())
        {
            if (column.Value.ValueKind != JsonValueKind.Array) throw new FeastShapeException("list_type", "Input should be a valid list", FeastBody.Raw(column.Value), "body", "df", column.Name);
            columns.Add((column.Name, column.Value));
        }
        return columns;
    }

    async ValueTask<JsonElement> BodyAsync(HttpContext context, string name)
    {
        var body = await FeastBody.ReadAsync(context, server.Settings.MaxPushBytes);
        FeastBody.Need(body, name, JsonValueKind.String, "string_type", "Input should be a valid string");
        FeastBody.Need(body, "df", JsonValueKind.Object, "dict_type", "Input should be a valid dictionary");
        return body;
    }
}
