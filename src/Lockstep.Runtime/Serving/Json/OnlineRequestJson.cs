using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Definitions;

namespace Lockstep.Runtime.Serving.Json;

// The body of POST /api/v1/features/online, read in place:
//   { "service": "name[@version]", "service_version": 1, "features": [ "view:feature", { "view": …, "as": …, "keys": {…}, "features": […] } ],
//     "full_names": false, "as_of": "2026-11-01T12:00:00Z", "entities": [ { "key": value, … }, … ], "request": [ {…}, … ] }
//  1. The members that say which features are meant, as they stand in the body, are the request's shape; it finds the plan.
//  2. Entity rows become keys as they are read. Members usually come in the order above: then the rows are read on the way, once.
//     Where the shape is not complete, or not known yet, when the rows come, they are skipped and read afterwards.
//     An answer of an earlier instant is not one that a cache may give: rows that were read before "as_of" are read again without it.
//  3. Request fields, which on-demand features read, are read last: whoever needs no keys gives them alone, without entities.

/// <summary>Reads the body of an online request into a <see cref="ServingRequest"/>. Mistakes are <see cref="LockstepException"/>s, or a <see cref="JsonException"/> where it is no JSON.</summary>
public ref struct OnlineRequestJson
{
    static readonly string[] Members = ["service", "service_version", "features", "full_names", "entities", "request", "as_of"];
    static readonly byte[][] Utf8Members = [.. Members.Select(System.Text.Encoding.UTF8.GetBytes)];

    readonly ReadOnlySpan<byte> _body;
    readonly ServingCatalog _catalog;
    readonly ServingRequest _request;
    readonly int _maxEntities;
    readonly long _asOf;
    long? _history;
    ReadOnlySpan<byte> _service, _version, _features;
    bool _fullNames;
    int _entities, _requestsAt, _requests; // where they begin; how many rows of request fields, 1 for an object
    bool _oneForAll;
    ServingPlan? _plan; // of the rows that were read on the way
    int _seen;

    OnlineRequestJson(ReadOnlySpan<byte> body, ServingCatalog catalog, ServingRequest request, int maxEntities, long asOf)
    {
        _body = body;
        (_catalog, _request, _maxEntities, _asOf, _entities, _requests) = (catalog, request, maxEntities, asOf, -1, -1);
        _requestsAt = -1;
    }

    /// <summary>Begins <paramref name="request"/> by the body and adds its rows.</summary>
    public static void Read(ReadOnlySpan<byte> body, ServingCatalog catalog, ServingRequest request, int maxEntities, long asOf)
        => new OnlineRequestJson(body, catalog, request, maxEntities, asOf).Read();

    void Read()
    {
        if (!System.Text.Unicode.Utf8.IsValid(_body)) throw Bad("The body is not UTF-8.");
        var reader = new Utf8JsonReader(_body);
        if (_body.IsEmpty || !reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw Bad($"The body is {(_body.IsEmpty ? "empty" : JsonKeys.Found(ref reader))}; it has to be an object like {{\"service\": \"name\", \"entities\": [{{\"key\": 1}}]}}.");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName) ReadMember(ref reader);
        reader.Read(); // throws if anything follows
        var plan = FindPlan();
        if (_entities < 0 && (plan.Fields.Length > 0 || _requestsAt < 0))
            throw Bad("The body has no \"entities\": an array of objects, one a row, each with the join keys of what is asked for.");
        if (!ReferenceEquals(plan, _plan))
        {
            Begin(plan);
            if (_entities >= 0)
            {
                var rows = new Utf8JsonReader(_body[_entities..]);
                rows.Read();
                ReadRows(ref rows);
            }
        }
        if (_entities < 0) AddRowsWithoutKeys();
        if (_requests >= 0 && !_oneForAll && _requests != _request.Rows) throw RequestRows.Count(_requests, _request.Rows);
        if (_request.Requests is { } fields) ReadRequests(plan.OnDemand!, fields);
    }

    readonly void Begin(ServingPlan plan)
    {
        if (_history is { } at) _request.BeginHistory(plan, at);
        else _request.Begin(plan, _asOf, _catalog.Answers);
    }

    // What needs no key is asked for as often as there are request rows.
    readonly void AddRowsWithoutKeys()
    {
        if (_requests > _maxEntities) throw new LimitException(Limits.MaxEntities, _maxEntities, $"The request has {_requests} rows");
        for (var row = 0; row < _requests; row++) _request.AddRow([]);
    }

    readonly void ReadRequests(ServedOnDemand served, Core.Rows.ColumnBatch to)
    {
        if (served.RequestFields.Length == 0) return;
        if (_requestsAt >= 0)
        {
            var json = _body[_requestsAt..];
            var reader = new Utf8JsonReader(json);
            reader.Read();
            if (_oneForAll) JsonRequestFields.ReadRow(ref reader, json, served, to, 0);
            else
                for (var row = 0; reader.Read() && reader.TokenType == JsonTokenType.StartObject; row++) JsonRequestFields.ReadRow(ref reader, json, served, to, row);
        }
        RequestRows.Check(served, to.Count, _request.Rows);
    }

    void ReadMember(scoped ref Utf8JsonReader reader)
    {
        var member = 0;
        for (; member < Members.Length; member++)
            if (JsonKeys.IsText(ref reader, Utf8Members[member])) break;
        if (member == Members.Length)
        {
            var name = JsonKeys.TryUnescape(ref reader, out var utf8) ? System.Text.Encoding.UTF8.GetString(utf8) : "";
            throw Bad($"The body has a member \"{name}\", which means nothing.{NearestName.Hint(name, Members, "Members")}");
        }
        if ((_seen & 1 << member) != 0) throw Bad($"\"{Members[member]}\" occurs twice.");
        _seen |= 1 << member;
        reader.Read();
        switch (member)
        {
            case 0: _service = Token(ref reader, JsonTokenType.String, "a text, the name of a feature service"); break;
            case 1: _version = Token(ref reader, JsonTokenType.Number, "a whole number"); break;
            case 2: _features = Token(ref reader, JsonTokenType.StartArray, "an array of texts like \"view:feature\""); break;
            case 3:
                if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False)) throw Bad($"\"full_names\" is {JsonKeys.Found(ref reader)}; it is true or false.");
                _fullNames = reader.GetBoolean();
                break;
            case 4:
                Expect(ref reader, JsonTokenType.StartArray, "an array of objects, one a row");
                _entities = (int)reader.TokenStartIndex;
                if (_service.IsEmpty == _features.IsEmpty || !_catalog.TryGetPlan(Shape(), out _plan)) { reader.Skip(); break; }
                Begin(_plan);
                ReadRows(ref reader);
                break;
            case 6:
                if (reader.TokenType == JsonTokenType.Null) break;
                _history = Text(ref reader, "as_of") is var text && Core.Rows.Instant.TryParse(text, out var instant) ? instant : throw Bad($"\"as_of\" is \"{text}\"; it has to be an instant like \"2026-11-01T12:00:00Z\".");
                _plan = null;
                break;
            default:
                _requestsAt = (int)reader.TokenStartIndex;
                _oneForAll = reader.TokenType == JsonTokenType.StartObject;
                if (!_oneForAll) { _requests = CountRows(ref reader); break; }
                _requests = 1;
                reader.Skip();
                break;
        }
    }

    static int CountRows(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartArray, "an array of objects, one a row, or one object for all rows", "request");
        var count = 0;
        for (; reader.Read() && reader.TokenType != JsonTokenType.EndArray; count++)
        {
            if (reader.TokenType != JsonTokenType.StartObject) throw Bad($"request[{count}] is {JsonKeys.Found(ref reader)}; it has to be an object.");
            reader.Skip();
        }
        return count;
    }

    ReadOnlySpan<byte> Token(scoped ref Utf8JsonReader reader, JsonTokenType type, string expected)
    {
        Expect(ref reader, type, expected, type == JsonTokenType.String ? "service" : type == JsonTokenType.Number ? "service_version" : "features");
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return _body[start..(int)reader.BytesConsumed];
    }

    static void Expect(ref Utf8JsonReader reader, JsonTokenType type, string expected, string member = "entities")
    {
        if (reader.TokenType != type) throw Bad($"\"{member}\" is {JsonKeys.Found(ref reader)}; it has to be {expected}.");
    }

    ReadOnlySpan<byte> Shape()
    {
        var shape = _request.Scratch;
        shape.Clear();
        shape.Write(_fullNames ? (byte)1 : (byte)0);
        shape.Write(_service);
        shape.Write(_version);
        shape.Write(_features);
        return shape.Written;
    }

    ServingPlan FindPlan()
    {
        if (!_service.IsEmpty && !_features.IsEmpty) throw Bad("The body has both \"service\" and \"features\"; give one of them.");
        if (_service.IsEmpty && _features.IsEmpty) throw Bad("The body asks for nothing: give \"service\", or \"features\" like [\"view:feature\"].");
        if (_service.IsEmpty && !_version.IsEmpty) throw Bad("The body has \"service_version\" but no \"service\".");
        var shape = Shape();
        return _catalog.TryGetPlan(shape, out var plan) ? plan : _catalog.Compile(shape, _service.IsEmpty ? FeatureList() : Service());
    }

    readonly FeatureQuery Service()
    {
        var reader = new Utf8JsonReader(_service);
        reader.Read();
        var query = FeatureQuery.OfService(Text(ref reader, "service"), _fullNames);
        if (_version.IsEmpty) return query;
        if (query.ServiceVersion is not null) throw Bad("The version of the service is given twice: behind its name and as \"service_version\".");
        var number = new Utf8JsonReader(_version);
        number.Read();
        return number.TryGetInt32(out var version) ? query with { ServiceVersion = version } : throw Bad($"\"service_version\" is {JsonKeys.Found(ref number)}; it has to be a whole number.");
    }

    readonly FeatureQuery FeatureList()
    {
        List<FeatureSelection> selections = [];
        var reader = new Utf8JsonReader(_features);
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            selections.Add(reader.TokenType == JsonTokenType.StartObject
                ? SelectionJson.Read(ref reader, $"features[{selections.Count}]")
                : FeatureQuery.ParseReference(Text(ref reader, $"features[{selections.Count}]")));
        return new() { Features = selections, FullNames = _fullNames };
    }

    internal static string Text(ref Utf8JsonReader reader, string where, JsonTokenType type = JsonTokenType.String)
        => reader.TokenType == type && JsonKeys.TryUnescape(ref reader, out var utf8)
            ? System.Text.Encoding.UTF8.GetString(utf8)
            : throw Bad($"{where} is {JsonKeys.Found(ref reader)}; it has to be a text.");

    void ReadRows(ref Utf8JsonReader reader)
    {
        var fields = _request.Plan.Fields;
        var next = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject) throw Bad($"entities[{_request.Rows}] is {JsonKeys.Found(ref reader)}; it has to be an object of join keys.");
            if (_request.Rows == _maxEntities) throw new LimitException(Limits.MaxEntities, _maxEntities, "The request has more entity rows");
            var parts = _request.RowParts;
            parts.Fill(KeyPart.Missing);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var field = Match(ref reader, fields, ref next);
                reader.Read();
                if (field < 0) { reader.Skip(); continue; }
                if (!parts[field].IsMissing) throw Bad($"entities[{_request.Rows}] has '{fields[field].Name}' twice.");
                parts[field] = JsonKeys.Read(ref reader, fields[field], KeyConversion.Strict, _request.Parts, _request.Rows);
                // The same name as a key of another type: views whose entities disagree.
                for (var other = 0; other < fields.Length; other++)
                    if (other != field && fields[other].Name == fields[field].Name)
                        parts[other] = JsonKeys.Read(ref reader, fields[other], KeyConversion.Strict, _request.Parts, _request.Rows);
            }
            _request.AddRow(parts);
            _request.Parts.Clear();
        }
    }

    // Rows name their fields in the same order, nearly always: the one after the last is tried first.
    static int Match(ref Utf8JsonReader reader, KeyField[] fields, ref int next)
    {
        for (var tried = 0; tried < fields.Length; tried++)
        {
            var field = next;
            next = next + 1 == fields.Length ? 0 : next + 1;
            if (JsonKeys.IsText(ref reader, fields[field].Utf8Name)) return field;
        }
        return -1;
    }

    static LockstepException Bad(string message) => new(ErrorKind.BadArguments, message);
}
