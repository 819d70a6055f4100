using System.Text;
using System.Text.Json;
using Lockstep.Core;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Serving.Json;

namespace Lockstep.Server.Feast;

/// <summary>A column of entity values that the answer repeats.</summary>
readonly record struct FeastKeyColumn(FeastColumn Column, KeyPart[] Values);

// The body of POST /get-online-features:
//   { "features": [ "view:feature" ] or "feature_service": "name" (which wins), "entities": { "key": [ value, … ], … },
//     "full_feature_names": false, "include_feature_view_version_metadata": false }
// Entities come by column. A join key of any entity is repeated in the answer, whether it is needed or not; the name of an entity
// stands for its join key. Fields that on-demand features read come among the entities; other columns are only counted.

/// <summary>Reads a request in Feast's format; what stands in it besides keys is kept for the answer.</summary>
sealed class FeastRequest
{
    byte[] _service = [], _features = [];

    public bool FullNames { get; private set; }
    public bool VersionMetadata { get; private set; }

    /// <summary>In the order of the body.</summary>
    public List<FeastKeyColumn> Keys { get; } = [];

    public void Read(ReadOnlySpan<byte> body, ServingCatalog catalog, ServingRequest request, int maxEntities, long asOf)
    {
        if (body.IsEmpty) throw new FeastShapeException("missing", "Field required", "null"u8.ToArray(), "body");
        if (!System.Text.Unicode.Utf8.IsValid(body)) throw new LockstepException(ErrorKind.BadArguments, "The body is not UTF-8.");
        var reader = new Utf8JsonReader(body);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) throw new FeastShapeException("model_attributes_type", "Input should be a valid dictionary or object to extract fields from", Raw(ref reader, body), "body");
        var entities = ReadMembers(ref reader, body);
        if (entities < 0) throw new FeastShapeException("missing", "Field required", body.ToArray(), "body", "entities");
        var plan = FindPlan(catalog, request);
        request.Begin(plan, asOf);
        reader = new Utf8JsonReader(body[entities..]);
        reader.Read();
        ReadColumns(ref reader, body[entities..], request, maxEntities);
    }

    int ReadMembers(ref Utf8JsonReader reader, ReadOnlySpan<byte> body)
    {
        var entities = -1;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (isFeatures, isService) = (JsonKeys.IsText(ref reader, "features"u8), JsonKeys.IsText(ref reader, "feature_service"u8));
            var (isFull, isMetadata) = (JsonKeys.IsText(ref reader, "full_feature_names"u8), JsonKeys.IsText(ref reader, "include_feature_view_version_metadata"u8));
            var isEntities = JsonKeys.IsText(ref reader, "entities"u8);
            reader.Read();
            if (isEntities)
            {
                if (reader.TokenType != JsonTokenType.StartObject) throw new FeastShapeException("dict_type", "Input should be a valid dictionary", Raw(ref reader, body), "body", "entities");
                entities = (int)reader.TokenStartIndex;
                reader.Skip();
            }
            else if (isFeatures && reader.TokenType != JsonTokenType.Null)
            {
                if (reader.TokenType != JsonTokenType.StartArray) throw new FeastShapeException("list_type", "Input should be a valid list", Raw(ref reader, body), "body", "features");
                _features = Raw(ref reader, body);
            }
            else if (isService && reader.TokenType != JsonTokenType.Null)
            {
                if (reader.TokenType != JsonTokenType.String) throw new FeastShapeException("string_type", "Input should be a valid string", Raw(ref reader, body), "body", "feature_service");
                _service = Raw(ref reader, body);
            }
            else if (isFull) FullNames = Flag(ref reader, body, "full_feature_names");
            else if (isMetadata) VersionMetadata = Flag(ref reader, body, "include_feature_view_version_metadata");
            else reader.Skip();
        }
        reader.Read(); // throws if anything follows
        return entities;
    }

    static bool Flag(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, string name) => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw new FeastShapeException("bool_type", "Input should be a valid boolean", Raw(ref reader, body), "body", name),
    };

    ServingPlan FindPlan(ServingCatalog catalog, ServingRequest request)
    {
        var shape = request.Scratch;
        shape.Clear();
        shape.Write("feast"u8); // no other format's shapes begin so
        shape.Write(_service.Length == 0 ? _features : _service);
        if (catalog.TryGetPlan(shape.Written, out var plan)) return plan;
        var query = _service.Length == 0
            ? FeastQuery.OfFeatures(catalog.Catalog, _features.Length == 0 ? [] : JsonSerializer.Deserialize<List<string?>>(_features)!.Select(f => f ?? "").ToList())
            : FeastQuery.OfService(catalog.Catalog, JsonSerializer.Deserialize<string>(_service)!);
        return catalog.Compile(shape.Written, query);
    }

    void ReadColumns(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, ServingRequest request, int maxEntities)
    {
        var fields = request.Plan.Fields;
        var known = request.Plan.Rendering(static plan => new FeastColumns(plan));
        var columns = new KeyPart[]?[fields.Length];
        var rows = -1;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!JsonKeys.TryUnescape(ref reader, out var given)) throw new LockstepException(ErrorKind.BadArguments, "A name in \"entities\" holds half of a surrogate pair.");
            var column = known.Find(given);
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartArray) throw new FeastShapeException("list_type", "Input should be a valid list", Raw(ref reader, body), "body", "entities", Encoding.UTF8.GetString(given));
            var start = reader;
            var count = 0;
            for (; reader.Read() && reader.TokenType != JsonTokenType.EndArray; count++) reader.Skip();
            if (count > maxEntities) throw new LimitException(Limits.MaxEntities, maxEntities, $"The request has {count} entity rows");
            if (rows >= 0 && rows != count) throw new LockstepException(ErrorKind.BadArguments, $"All entity rows must have the same columns: '{Encoding.UTF8.GetString(given)}' has {count} values, the columns before it {rows}.");
            rows = count;
            if (known.FindRequest(given) is var field and >= 0) ReadRequestField(start, body, request, field, count);
            if (column is null) continue;
            foreach (var key in Keys)
                if (ReferenceEquals(key.Column, column)) throw new LockstepException(ErrorKind.BadArguments, $"The join key '{column.Key.Name}' is given twice.");
            foreach (var place in column.Fields) columns[place] = ReadColumn(start, fields[place], request.Parts, count);
            Keys.Add(new(column, column.Fields.Length > 0 ? columns[column.Fields[0]]! : ReadColumn(start, column.Key, request.Parts, count)));
        }
        if (rows <= 0) throw new LockstepException(ErrorKind.BadArguments, "The request has no entity rows: give each join key a list with a value for each row, like {\"entities\": {\"key\": [1, 2]}}.");
        CheckRequestFields(request);
        var parts = request.RowParts;
        for (var row = 0; row < rows; row++)
        {
            for (var f = 0; f < fields.Length; f++) parts[f] = columns[f] is { } column ? column[row] : KeyPart.Missing;
            request.AddRow(parts);
        }
    }

    static KeyPart[] ReadColumn(Utf8JsonReader reader, KeyField field, Utf8Buffer parts, int count)
    {
        var values = new KeyPart[count];
        for (var row = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; row++) values[row] = JsonKeys.Read(ref reader, field, KeyConversion.Feast, parts, row);
        return values;
    }

    static void ReadRequestField(Utf8JsonReader reader, ReadOnlySpan<byte> body, ServingRequest request, int field, int count)
    {
        var (to, about) = (request.Requests![field], request.Plan.OnDemand!.RequestFields[field]);
        if (to.Count > 0) throw new LockstepException(ErrorKind.BadArguments, $"The request field '{about.Name}' is given twice.");
        for (var row = 0; row < count; row++)
        {
            reader.Read();
            JsonRequestFields.Read(ref reader, body, about, KeyConversion.Feast, to, row, "entities");
        }
    }

    static void CheckRequestFields(ServingRequest request)
    {
        if (request.Requests is not { } found) return;
        var missing = request.Plan.OnDemand!.RequestFields.Where((f, i) => found[i].Count == 0).Select(f => $"'{f.Name}'").ToList();
        if (missing.Count > 0) throw new FeastException(404, FeastException.RequestDataNotFound, $"Required request data source features [{string.Join(", ", missing)}] not found in the entity rows, but required by feature views");
    }

    /// <summary>The value under the reader as it stands in the body.</summary>
    static byte[] Raw(ref Utf8JsonReader reader, ReadOnlySpan<byte> body)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return body[start..(int)reader.BytesConsumed].ToArray();
    }
}
