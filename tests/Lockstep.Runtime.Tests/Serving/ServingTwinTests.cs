using System.Text;
using System.Text.Json;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Core.Tests.Rows;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Serving.Json;

namespace Lockstep.Runtime.Tests.Serving;

/// <summary>Random views, rows, requests, writes and steps of the clock, against what the rules say of the rows themselves.</summary>
public sealed class ServingTwinTests
{
    sealed record Stored(ViewVersion View, Dictionary<string, SortedDictionary<long, Value[]>> Keys);

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(8)]
    public void S5_S20_S21_an_answer_is_what_the_rows_say_as_of_its_instant(int seed)
    {
        RandomValues values = new(seed);
        var random = values.Random;
        ServingWorld world = new();
        FeatureType[] keyTypes = [FeatureType.String, FeatureType.Int64, FeatureType.Int32, FeatureType.Bool, FeatureType.Bytes];
        var keys = Enumerable.Range(0, random.Next(1, 4)).Select(i => new Field($"key{i}", values.Pick(keyTypes))).ToArray();
        List<Stored> views = [];
        for (var v = 0; v < random.Next(1, 5); v++)
        {
            var own = keys.Where(_ => random.Next(3) > 0).DefaultIfEmpty(keys[0]).ToArray();
            var features = Enumerable.Range(0, random.Next(1, 7)).Select(i => new Field($"v{v}f{i}", values.Type())).ToArray();
            views.Add(new(world.View($"view{v}", own, features, values.Pick(0L, 0, 2, 5), defaults: [.. features.Select(f => random.Next(3) == 0 ? values.Value(f.Type) : Value.Null)]), []));
        }
        var selections = views.SelectMany(v => v.View.Features.Fields.Where(_ => random.Next(3) > 0).DefaultIfEmpty(v.View.Features[0]).Select(f => (View: v, Feature: f.Name))).OrderBy(_ => random.Next()).ToList();
        var shape = $"\"features\":[{string.Join(",", selections.Select(s => $"\"{s.View.View.Name}:{s.Feature}\""))}]";
        // Few keys, so that a request asks for some twice and the next asks again.
        var pool = Enumerable.Range(0, 5).Select(_ => keys.Select(k => KeyValue(values, k.Type)).ToArray()).ToList();
        var hits = 0;
        for (var step = 0; step < 120; step++)
        {
            if (random.Next(4) == 0) world.Clock.Advance(TimeSpan.FromMicroseconds(random.Next(1, 4)));
            if (random.Next(5) == 0) Write(world, values, views[random.Next(views.Count)], keys, pool[random.Next(pool.Count)]);
            var rows = Enumerable.Range(0, random.Next(0, 6)).Select(_ => pool[random.Next(pool.Count)]).ToList();
            var body = $"{{{shape},\"entities\":[{string.Join(",", rows.Select(r => Entity(keys, r, random)))}]}}";
            hits += Check(world, views, selections, keys, rows, body, $"seed {seed}, step {step}: {body}");
        }
        Assert.True(hits > 20, $"seed {seed}: only {hits} rows came from the cache: it was hardly tried");
    }

    static Value KeyValue(RandomValues values, FeatureType type) => values.Random.Next(8) == 0 ? Value.Null : type.Kind switch
    {
        TypeKind.String => Value.Of(values.Pick("", "a", "1", "é\"\\", "\0")),
        TypeKind.Bytes => Value.Of(values.Pick<byte[]>([], [1], [1, 2])),
        TypeKind.Int64 => Value.Of(values.Pick(0L, 1, -1, long.MaxValue, 9007199254740993)),
        TypeKind.Int32 => Value.Of(values.Pick(0, 1, int.MinValue)),
        _ => Value.Of(values.Random.Next(2) == 0),
    };

    static string KeyId(Schema keys, Field[] fields, Value[] row) => string.Join("|", keys.Fields.Select(k => row[Array.IndexOf(fields, k)]).Select(v => v.Kind == TypeKind.String ? $"'{v}'" : v.ToString()));

    static void Write(ServingWorld world, RandomValues values, Stored stored, Field[] fields, Value[] entity)
    {
        var key = stored.View.Keys.Fields.Select(k => entity[Array.IndexOf(fields, k)]).ToArray();
        if (key.Any(k => k.IsNull)) return;
        var id = KeyId(stored.View.Keys, fields, entity);
        if (!stored.Keys.TryGetValue(id, out var rows)) stored.Keys[id] = rows = [];
        rows[world.Now + values.Random.Next(-8, 4)] = values.Row(stored.View.Features);
        world.Put(stored.View, key, [.. rows.Reverse().Select(r => (r.Key, r.Value))]);
    }

    static string Entity(Field[] fields, Value[] row, Random random)
        => $"{{{string.Join(",", fields.Select((f, i) => $"\"{f.Name}\":{Json(row[i])}").OrderBy(_ => random.Next(4) == 0 ? random.Next() : 0))}}}";

    static string Json(Value value) => value.IsNull ? "null" : value.Kind switch
    {
        TypeKind.String => JsonSerializer.Serialize(value.AsString),
        TypeKind.Bytes => $"\"{value}\"",
        _ => value.ToString(),
    };

    static int Check(ServingWorld world, List<Stored> views, List<(Stored View, string Feature)> selections, Field[] fields, List<Value[]> rows, string body, string what)
    {
        var request = world.Server.Rent();
        OnlineRequestJson.Read(Encoding.UTF8.GetBytes(body), world.Server.Current, request, 100, world.Now);
        request.ReadAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
        var hits = Enumerable.Range(0, request.Rows).Count(row => request.Answer(row) is not null);
        using var answer = JsonDocument.Parse(OnlineResponseJson.ToArray(request));
        world.Server.Return(request);
        var found = answer.RootElement.GetProperty("rows");
        Assert.Equal(rows.Count, found.GetArrayLength());
        for (var r = 0; r < rows.Count; r++)
            for (var s = 0; s < selections.Count; s++)
            {
                var (value, status, time) = Expected(selections[s].View, selections[s].Feature, fields, rows[r], world.Now);
                var where = $"{what} row {r} {selections[s].Feature}";
                Assert.True(status.ToText() == found[r].GetProperty("statuses")[s].GetString(), where);
                Assert.True((time is null ? "null" : $"\"{Instant.Format(time.Value)}\"") == found[r].GetProperty("event_timestamps")[s].GetRawText(), where);
                var type = selections[s].View.View.Features[selections[s].View.View.Features.IndexOf(selections[s].Feature)].Type;
                Assert.True(value == Parse(found[r].GetProperty("values")[s], type), $"{where}: expected {value}, found {found[r].GetProperty("values")[s]}");
            }
        return hits;
    }

    // Written from S5 and S20, not from the cell.
    static (Value Value, FeatureStatus Status, long? Time) Expected(Stored stored, string feature, Field[] fields, Value[] entity, long now)
    {
        var ordinal = stored.View.Features.IndexOf(feature);
        var ttl = ((ValueView)stored.View.View).Ttl;
        var isNull = stored.View.Keys.Fields.Any(k => entity[Array.IndexOf(fields, k)].IsNull);
        var seen = isNull || !stored.Keys.TryGetValue(KeyId(stored.View.Keys, fields, entity), out var all) ? [] : all.Where(r => r.Key <= now).ToList();
        var valid = seen.Where(r => ttl == 0 || now - ttl <= r.Key).ToList();
        var @default = stored.View.Defaults[ordinal];
        if (seen.Count == 0) return (@default, FeatureStatus.NotFound, null);
        if (valid.Count == 0) return (@default, FeatureStatus.OutsideMaxAge, seen.Max(r => r.Key));
        var newest = valid.MaxBy(r => r.Key);
        return newest.Value[ordinal].IsNull ? (@default, FeatureStatus.NullValue, newest.Key) : (newest.Value[ordinal], FeatureStatus.Present, newest.Key);
    }

    const int FarDate = int.MinValue / 2; // of RandomValues; its year has more digits than are read

    // Written from the text formats of the interfaces.
    static Value Parse(JsonElement json, FeatureType type) => json.ValueKind == JsonValueKind.Null ? Value.Null : type.Kind switch
    {
        TypeKind.Bool => Value.Of(json.GetBoolean()),
        TypeKind.Int32 => Value.Of(json.GetInt32()),
        TypeKind.Int64 => Value.Of(json.GetInt64()),
        TypeKind.Float32 => Value.Of(json.GetSingle()),
        TypeKind.Float64 => Value.Of(json.GetDouble()),
        TypeKind.Decimal => Value.TryParseDecimal(json.GetString(), type.Precision, type.Scale, out var unscaled) && Value.FormatDecimal(unscaled, type.Scale) == json.GetString() ? Value.Decimal(unscaled, type.Scale) : Value.Null,
        TypeKind.String => Value.Of(json.GetString()!),
        TypeKind.Bytes => Value.Of(json.GetBytesFromBase64()),
        TypeKind.Timestamp => Value.Timestamp(Instant.Parse(json.GetString()!)),
        TypeKind.Date => Instant.TryParseDate(json.GetString(), out var days) ? Value.Date(days) : json.GetString() == Instant.FormatDate(FarDate) ? Value.Date(FarDate) : Value.Null,
        _ => Value.List([.. json.EnumerateArray().Select(e => Parse(e, type.Element!))]),
    };
}
