using System.Text;
using System.Text.Json;
using Lockstep.Core.Definitions;
using Lockstep.Core.Definitions.Avro;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Streaming.Intake;
using Lockstep.Runtime.Streaming.Intake.Avro;
using Lockstep.Runtime.Tests.TrainingSets;

namespace Lockstep.Runtime.Tests.Streaming;

/// <summary>Messages that another program wrote (tests/data/avro), and bytes that nobody should have written.</summary>
public sealed class AvroTests
{
    static readonly JsonElement Cases = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TestData.Folder, "avro", "messages.json"))).RootElement;

    public static TheoryData<string> Names() => [.. Cases.EnumerateArray().Select(c => c.GetProperty("name").GetString()!)];

    static JsonElement Case(string name) => Cases.EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);

    [Theory, MemberData(nameof(Names))]
    public void S2_messages_of_another_program_are_read_as_what_they_say(string name)
    {
        var one = Case(name);
        var written = AvroSchema.Parse(one.GetProperty("schema").GetRawText());
        var reader = one.TryGetProperty("reader_schema", out var evolved) ? AvroSchema.Parse(evolved.GetRawText()) : null;
        var columns = new Schema((reader ?? written).Fields.Select(f => new Field(f.Name, TypeOf(f.Schema))));
        var id = one.GetProperty("schema_id").GetInt32();
        var byId = new Dictionary<int, AvroSchema> { [id] = written };
        var seen = 0;
        foreach (var message in one.GetProperty("messages").EnumerateArray())
        {
            var expected = columns.Fields.Select(f => Expected(message.GetProperty("value").GetProperty(f.Name), f.Type)).ToArray();
            var (bare, confluent) = (Convert.FromHexString(message.GetProperty("avro").GetString()!), Convert.FromHexString(message.GetProperty("confluent").GetString()!));
            Assert.Equal(expected, Read(new(new AvroSchemas(null, byId, reader), columns), confluent, columns));
            Assert.NotNull(Mistake(new(new AvroSchemas(null, byId, reader), columns), bare, columns)); // no id in front
            foreach (var bytes in new[] { bare, confluent })
                Assert.Equal(expected, Read(new(new AvroSchemas(written, new Dictionary<int, AvroSchema>(), reader), columns), bytes, columns));
            if (reader is null) Assert.True(JsonElement.DeepEquals(Plain(message.GetProperty("value")), JsonDocument.Parse(AvroScalars.TryJson(bare, written)!).RootElement), $"{message.GetProperty("value")} was read as {Encoding.UTF8.GetString(AvroScalars.TryJson(bare, written)!)}");
            seen++;
        }
        Assert.True(seen > 0);
    }

    [Theory, MemberData(nameof(Names))]
    public void Bytes_that_are_no_message_are_a_mistake_and_never_a_value(string name)
    {
        var one = Case(name);
        var written = AvroSchema.Parse(one.GetProperty("schema").GetRawText());
        var columns = new Schema(written.Fields.Select(f => new Field(f.Name, TypeOf(f.Schema))));
        var decoder = new AvroDecoder(AvroSchemas.Of(written), columns);
        foreach (var bad in one.GetProperty("bad").EnumerateArray())
        {
            var mistake = Mistake(decoder, Convert.FromHexString(bad.GetProperty("avro").GetString()!), columns);
            Assert.Contains(bad.GetProperty("why").GetString() == "bytes left over" ? "bytes follow the record" : "are left", mistake!, StringComparison.Ordinal);
        }
        // Every message cut anywhere, and with any one byte behind it.
        foreach (var message in one.GetProperty("messages").EnumerateArray())
        {
            var bytes = Convert.FromHexString(message.GetProperty("avro").GetString()!);
            for (var length = 0; length < bytes.Length; length++) Assert.NotNull(Mistake(decoder, bytes[..length], columns));
            Assert.NotNull(Mistake(decoder, [.. bytes, 7], columns));
        }
    }

    [Fact]
    public void Random_bytes_end_in_a_mistake_or_in_a_value_and_nothing_else()
    {
        var random = new Random(11);
        foreach (var one in Cases.EnumerateArray())
        {
            var written = AvroSchema.Parse(one.GetProperty("schema").GetRawText());
            var columns = new Schema(written.Fields.Select(f => new Field(f.Name, TypeOf(f.Schema))));
            var decoder = new AvroDecoder(AvroSchemas.Of(written), columns);
            for (var i = 0; i < 3_000; i++)
            {
                var bytes = new byte[random.Next(40)];
                random.NextBytes(bytes);
                if (random.Next(2) == 0 && bytes.Length > 0) bytes[0] = 0;
                var to = new ColumnBatch(columns);
                if (decoder.Append(bytes, to, new long[columns.Count]) is null) Assert.All(to.Columns, c => Assert.Equal(1, c.Count));
            }
        }
    }

    [Fact]
    public void A_message_that_can_be_read_bare_and_behind_an_id_is_refused_unless_ids_are_given()
    {
        var written = AvroSchema.Parse("""{"type":"record","name":"r","fields":[{"name":"a","type":"bytes"},{"name":"b","type":["null","bytes"]}]}""");
        // Bare: no bytes, then 4 bytes of b. Behind the id 0x02080000: no bytes, then null.
        byte[] both = [0, 2, 8, 0, 0, 0, 0];
        var columns = new Schema([new("a", FeatureType.Bytes), new("b", FeatureType.Bytes)]);
        Assert.Equal("it can be read as a bare record and as one behind a schema id: give 'schemas' by id", Mistake(new(AvroSchemas.Of(written), columns), both, columns));
        Assert.Equal([Value.Of(Array.Empty<byte>()), Value.Null], Read(new(new AvroSchemas(null, new Dictionary<int, AvroSchema> { [0x02080000] = written }, null), columns), both, columns));
        Assert.Equal("it was written with schema 34078720, which is not given. Given: 5", Mistake(new(new AvroSchemas(null, new Dictionary<int, AvroSchema> { [5] = written }, null), columns), both, columns));
    }

    [Theory]
    [InlineData("\"long\"", "feffffffffffffffff01", "int32", "column 'x': 9223372036854775807 does not convert to int32 without loss")]
    [InlineData("\"long\"", "8280808080808020", "float64", "column 'x': 9007199254740993 does not convert to float64 without loss")]
    [InlineData("\"double\"", "9a9999999999b93f", "int64", "column 'x': 0.1 does not convert to int64 without loss")]
    [InlineData("\"string\"", "0278", "int64", "column 'x': 'x' does not convert to int64 without loss")]
    [InlineData("\"bytes\"", "02ff", "string", "column 'x': 0xFF does not convert to string without loss")]
    [InlineData("\"boolean\"", "01", "float64", "column 'x': true does not convert to float64 without loss")]
    [InlineData("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":4,\"scale\":3}", "0204", "decimal(4,2)", "column 'x': 0.004 does not convert to decimal(4,2) without loss")]
    [InlineData("{\"type\":\"map\",\"values\":\"int\"}", "00", "int64", "column 'x': a map does not convert to int64 without loss")]
    [InlineData("{\"type\":\"array\",\"items\":\"int\"}", "00", "int64", "column 'x': an array does not convert to int64 without loss")]
    [InlineData("{\"type\":\"array\",\"items\":\"double\"}", "029a9999999999b93f00", "list<int64>", "column 'x': 0.1 does not convert to list<int64> without loss")]
    [InlineData("{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}", "feffffffffffffffff01", "timestamp", "not Avro of the schema 'r': the instant 9223372036854775807 ms does not fit into microseconds")]
    [InlineData("\"string\"", "02ff", "string", "not Avro of the schema 'r': a string is not UTF-8")]
    [InlineData("\"boolean\"", "02", "bool", "not Avro of the schema 'r': a boolean is 2")]
    [InlineData("\"int\"", "8080808010", "int32", "not Avro of the schema 'r': 2147483648 is no int")]
    [InlineData("\"long\"", "ffffffffffffffffff02", "int64", "not Avro of the schema 'r': the number before byte 10 has more than 64 bits")]
    [InlineData("[\"null\",\"int\"]", "04", "int32", "not Avro of the schema 'r': branch 2 of 2")]
    [InlineData("{\"type\":\"array\",\"items\":\"null\"}", "feffffffffffffffff01", "list<int64>", "not Avro of the schema 'r': more than 1048576 elements")]
    [InlineData("\"string\"", "01", "string", "not Avro of the schema 'r': -1 bytes are announced at byte 1, and 0 are left")]
    public void S2_what_would_lose_something_is_refused_with_its_column(string type, string hex, string column, string mistake)
    {
        var columns = new Schema([new("x", FeatureType.Parse(column))]);
        var decoder = new AvroDecoder(AvroSchemas.Of(AvroSchema.Parse($$"""{"type":"record","name":"r","fields":[{"name":"x","type":{{type}}}]}""")), columns);
        Assert.Equal(mistake, Mistake(decoder, Convert.FromHexString(hex), columns));
    }

    [Theory]
    [InlineData("{\"type\":\"long\",\"logicalType\":\"timestamp-nanos\"}", "01", "timestamp", "1969-12-31T23:59:59.999999Z")] // -1 ns, rounded down (S1)
    [InlineData("{\"type\":\"long\",\"logicalType\":\"timestamp-nanos\"}", "d00f", "timestamp", "1970-01-01T00:00:00.000001Z")]
    [InlineData("{\"type\":\"fixed\",\"name\":\"u\",\"size\":16,\"logicalType\":\"uuid\"}", "00112233445566778899aabbccddeeff", "string", "00112233-4455-6677-8899-aabbccddeeff")]
    [InlineData("\"double\"", "000000000000f87f", "float64", null)] // S3: not finite is null
    [InlineData("\"double\"", "0000000000000080", "float64", "0")] // S3: -0 is zero
    [InlineData("{\"type\":\"record\",\"name\":\"p\",\"fields\":[{\"name\":\"n\",\"type\":\"int\"},{\"name\":\"d\",\"type\":{\"type\":\"int\",\"logicalType\":\"date\"}}]}", "0202", "string", "{\"n\":1,\"d\":\"1970-01-02\"}")]
    [InlineData("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":50,\"scale\":1}", "24ffffffffffffffffffffffffffffffffffff", "decimal(4,2)", "-0.10")]
    [InlineData("{\"type\":\"long\",\"logicalType\":\"time-micros\"}", "04", "int64", "2")]
    [InlineData("{\"type\":\"int\",\"logicalType\":\"date\"}", "04", "timestamp", "1970-01-03T00:00:00Z")]
    public void Logical_types_are_read_as_what_they_mean(string type, string hex, string column, string? value)
    {
        var columns = new Schema([new("x", FeatureType.Parse(column))]);
        var read = Read(new(AvroSchemas.Of(AvroSchema.Parse($$"""{"type":"record","name":"r","fields":[{"name":"x","type":{{type}}}]}""")), columns), Convert.FromHexString(hex), columns);
        Assert.Equal(value, read[0].IsNull ? null : read[0].ToString());
    }

    [Theory]
    [InlineData("{\"type\":\"array\",\"items\":\"int\"}", "0304020402" + "0600", "[1,2,3]")] // a block of 2 in 2 bytes, then one without its size
    [InlineData("{\"type\":\"map\",\"values\":\"int\"}", "0106026b0200", "{\"k\":1}")]
    public void Blocks_that_tell_their_size_are_read_like_others(string type, string hex, string json)
    {
        var schema = AvroSchema.Parse($$"""{"type":"record","name":"r","fields":[{"name":"x","type":{{type}}},{"name":"y","type":"int"}]}""");
        var message = Convert.FromHexString(hex + "0a");
        var both = new Schema([new("x", FeatureType.String), new("y", FeatureType.Int32)]);
        Assert.Equal([Value.Of(json), Value.Of(5)], Read(new(AvroSchemas.Of(schema), both), message, both));
        var other = new Schema([new("y", FeatureType.Int32)]);
        Assert.Equal([Value.Of(5)], Read(new(AvroSchemas.Of(schema), other), message, other)); // x is passed over
        if (json[0] != '[') return;
        var list = new Schema([new("x", FeatureType.List(FeatureType.Int64)), new("y", FeatureType.Int32)]);
        Assert.Equal([Value.List(Value.Of(1L), Value.Of(2L), Value.Of(3L)), Value.Of(5)], Read(new(AvroSchemas.Of(schema), list), message, list));
    }

    [Fact]
    public void A_schema_that_contains_itself_goes_so_deep_and_no_deeper()
    {
        var schema = AvroSchema.Parse("""{"type":"record","name":"Node","fields":[{"name":"v","type":"int"},{"name":"next","type":["null","Node"]}]}""");
        var columns = new Schema([new("v", FeatureType.Int32), new("next", FeatureType.String)]);
        var decoder = new AvroDecoder(AvroSchemas.Of(schema), columns);
        Assert.Equal("""{"v":2,"next":null}""", Read(decoder, Convert.FromHexString("02020400"), columns)[1].AsString);
        byte[] deep = [.. Enumerable.Repeat<byte[]>([2, 2], 100_000).SelectMany(b => b), 0];
        Assert.Equal("not Avro of the schema 'Node': values stand in each other more than 64 deep", Mistake(decoder, deep, columns));
    }

    [Fact]
    public void A_refused_message_is_kept_as_JSON_where_it_is_one()
    {
        var source = new Source
        {
            Name = "s",
            Stream = new KafkaStreamSource("t", "avro") { Timestamp = "at", Schema = """{"type":"record","name":"r","fields":[{"name":"at","type":["null",{"type":"long","logicalType":"timestamp-micros"}]},{"name":"x","type":"double"}]}""" },
            Columns = [new("at", FeatureType.Timestamp), new("x", FeatureType.Int64)],
        };
        var decoder = new EventDecoder(source, EventChecks.None);
        var rows = decoder.Begin("topic");
        Assert.True(decoder.Avro(Convert.FromHexString("02020000000000000840"), rows, 10));
        Assert.False(decoder.Avro(Convert.FromHexString("02020000000000000440"), rows, 10));
        Assert.False(decoder.Avro(Convert.FromHexString("000000000000000840"), rows, 10));
        Assert.False(decoder.Avro(Convert.FromHexString("02ff"), rows, 10));
        Assert.Equal(1, rows.Accepted.Count);
        Assert.Equal(Value.Of(3L), rows.Accepted[1].GetValue(0));
        Assert.Equal(["column 'x': 2.5 does not convert to int64 without loss", "there is no 'at': an event needs its timestamp", "not Avro of the schema 'r': 1 bytes are announced at byte 2, and 0 are left"], rows.Reasons.Select(r => r.Reason));
        Assert.Equal(["""{"at":"1970-01-01T00:00:00.000001Z","x":2.5}""", """{"at":null,"x":3}""", "base64:Av8="], Enumerable.Range(0, 3).Select(i => rows.Refused![1].GetValue(i).AsString));
    }

    static Value[] Read(AvroDecoder decoder, byte[] message, Schema columns)
    {
        var to = new ColumnBatch(columns);
        Assert.Null(decoder.Append(message, to, new long[columns.Count]));
        Assert.All(to.Columns, c => Assert.Equal(1, c.Count));
        return [.. to.Columns.Select(c => c.GetValue(0))];
    }

    static string? Mistake(AvroDecoder decoder, byte[] message, Schema columns) => decoder.Append(message, new ColumnBatch(columns), new long[columns.Count]);

    static FeatureType TypeOf(AvroSchema schema) => (schema.Kind, schema.Logical) switch
    {
        (_, AvroLogical.Decimal) => FeatureType.Decimal(38, schema.Scale),
        (AvroKind.Union, _) when schema.Branches.Count(b => b.Kind != AvroKind.Null) == 1 => TypeOf(schema.Branches.Single(b => b.Kind != AvroKind.Null)),
        (AvroKind.Boolean, _) => FeatureType.Bool,
        (AvroKind.Int, AvroLogical.Date) => FeatureType.Date,
        (AvroKind.Int, _) => FeatureType.Int32,
        (AvroKind.Long, AvroLogical.None) => FeatureType.Int64,
        (AvroKind.Long, _) => FeatureType.Timestamp,
        (AvroKind.Float, _) => FeatureType.Float32,
        (AvroKind.Double, _) => FeatureType.Float64,
        (AvroKind.Bytes or AvroKind.Fixed, AvroLogical.None) => FeatureType.Bytes,
        (AvroKind.Array, _) when schema.Items!.Kind == AvroKind.Float => FeatureType.List(FeatureType.Float32),
        _ => FeatureType.String,
    };

    /// <summary>The value of the case, as a value of a column.</summary>
    static Value Expected(JsonElement value, FeatureType type)
    {
        value = Plain(value);
        if (value.ValueKind == JsonValueKind.Null) return Value.Null;
        return type.Kind switch
        {
            TypeKind.Bool => Value.Of(value.GetBoolean()),
            TypeKind.Int32 => Value.Of(value.GetInt32()),
            TypeKind.Int64 => Value.Of(value.GetInt64()),
            TypeKind.Float32 => Value.Of(value.GetSingle()),
            TypeKind.Float64 => Value.Of(value.GetDouble()),
            TypeKind.Timestamp => Instant.TryParse(value.GetString(), out var micros) ? Value.Timestamp(micros) : throw new FormatException(value.GetString()),
            TypeKind.Date => Instant.TryParseDate(value.GetString(), out var days) ? Value.Date(days) : throw new FormatException(value.GetString()),
            TypeKind.Decimal => Value.TryParseDecimal(value.GetString()!, type.Precision, type.Scale, out var number) ? Value.Decimal(number, type.Scale) : throw new FormatException(value.GetString()),
            TypeKind.Bytes => Value.Of(value.GetBytesFromBase64()),
            TypeKind.List => Value.List([.. value.EnumerateArray().Select(e => Value.Of(e.GetSingle()))]),
            _ => Value.Of(value.ValueKind == JsonValueKind.String ? value.GetString()! : JsonSerializer.Serialize(value, Relaxed)),
        };
    }

    static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Without the marks of types that JSON lacks; instants as we write them.</summary>
    static JsonElement Plain(JsonElement value) => JsonSerializer.SerializeToElement(PlainNode(value));

    static object? PlainNode(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Array) return value.EnumerateArray().Select(PlainNode).ToArray();
        if (value.ValueKind != JsonValueKind.Object) return value;
        var entries = value.EnumerateObject().ToList();
        if (entries.Count == 1 && entries[0].Name is "decimal" or "base64" or "uuid" or "date") return entries[0].Value.GetString();
        if (entries.Count != 1 || entries[0].Name != "timestamp") return entries.ToDictionary(e => e.Name, e => PlainNode(e.Value));
        // "1-01-01" is how the file writes the year 1
        var text = entries[0].Value.GetString()!;
        var year = text[..text.IndexOf('-', StringComparison.Ordinal)];
        Assert.True(Instant.TryParse(year.PadLeft(4, '0') + text[year.Length..], out var micros), text);
        return Instant.Format(micros);
    }
}
