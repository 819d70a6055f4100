using System.Text;
using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Serving.Json;

namespace Lockstep.Runtime.Tests.Serving;

public sealed class KeyTests
{
    static Value? Convert(string type, string json, KeyConversion conversion)
    {
        Utf8Buffer to = new();
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        reader.Read();
        try
        {
            var part = JsonKeys.Read(ref reader, new("k", FeatureType.Parse(type)), conversion, to, 3);
            if (part.IsNull) return Value.Null;
            byte[] key = [EntityKey.FormatVersion, .. to.Written.Slice(part.Start, part.Length)];
            return Assert.Single(EntityKey.Read(key));
        }
        catch (LockstepException error)
        {
            Assert.StartsWith("entities[3].k is ", error.Message, StringComparison.Ordinal);
            Assert.Equal(0, to.Count);
            return null;
        }
    }

    // type, JSON, what the native format takes it for, what Feast's does; "-" refuses
    [Theory]
    [InlineData("int64", "1", "1", "1")]
    [InlineData("int64", "-9223372036854775808", "-9223372036854775808", "-9223372036854775808")]
    [InlineData("int64", "9223372036854775807", "9223372036854775807", "9223372036854775807")]
    [InlineData("int64", "9223372036854775808", "-", "-")]
    [InlineData("int64", "9007199254740993", "9007199254740993", "9007199254740993")]
    [InlineData("int64", "9007199254740993.0", "9007199254740993", "9007199254740993")]
    [InlineData("int64", "1.0", "1", "1")]
    [InlineData("int64", "1e3", "1000", "1000")]
    [InlineData("int64", "1.5", "-", "-")]
    [InlineData("int64", "1e-30", "-", "-")]
    [InlineData("int64", "0e-30", "0", "0")]
    [InlineData("int64", "1e30", "-", "-")]
    [InlineData("int64", "1.00000000000000000000000000000001", "-", "-")]
    [InlineData("int64", "true", "-", "-")]
    [InlineData("int64", "\"1\"", "-", "1")]
    [InlineData("int64", "\"1x\"", "-", "-")]
    [InlineData("int64", "\"\"", "-", "-")]
    [InlineData("int64", "[1]", "-", "-")]
    [InlineData("int64", "{}", "-", "-")]
    [InlineData("int64", "null", "null", "null")]
    [InlineData("int32", "2147483647", "2147483647", "2147483647")]
    [InlineData("int32", "2147483648", "-", "-")]
    [InlineData("int32", "-2147483649", "-", "-")]
    [InlineData("string", "\"a\"", "a", "a")]
    [InlineData("string", "\"\"", "", "")]
    [InlineData("string", "\"\\u0000\\\"\\ud83d\\ude00\"", "\0\"\U0001F600", "\0\"\U0001F600")]
    [InlineData("string", "\"\\ud83d\"", "-", "-")]
    [InlineData("string", "1", "-", "1")]
    [InlineData("string", "true", "-", "-")]
    [InlineData("bool", "true", "true", "true")]
    [InlineData("bool", "false", "false", "false")]
    [InlineData("bool", "1", "-", "-")]
    [InlineData("bool", "\"true\"", "-", "-")]
    [InlineData("bytes", "\"AQI=\"", "AQI=", "AQI=")]
    [InlineData("bytes", "\"A\"", "-", "-")]
    [InlineData("bytes", "\"\"", "", "")]
    public void S4_a_key_is_converted_to_the_type_of_the_entity_without_loss_or_refused(string type, string json, string native, string feast)
    {
        Assert.Equal(native, Convert(type, json, KeyConversion.Strict) is { } value ? value.ToString() : "-");
        Assert.Equal(feast, Convert(type, json, KeyConversion.Feast) is { } other ? other.ToString() : "-");
    }

    [Fact]
    public void S4_composite_keys_never_meet()
    {
        ServingWorld world = new();
        var view = world.View("shelf", [ServingWorld.F("aisle", "string"), ServingWorld.F("slot", "string")], [ServingWorld.F("n", "int64")]);
        world.Put(view, [Value.Of("1"), Value.Of("23")], (world.Now, [Value.Of(123L)]));
        world.Put(view, [Value.Of("12"), Value.Of("3")], (world.Now, [Value.Of(1203L)]));
        const string body = """{"features":["shelf:n"],"entities":[{"aisle":"12","slot":"3"},{"slot":"23","aisle":"1"},{"aisle":"","slot":"123"},{"aisle":"1","slot":null}]}""";
        Assert.Equal(["1203", "123", "null", "null"], Enumerable.Range(0, 4).Select(row => world.Cell(body, row).Value));
    }

    [Fact]
    public void S4_names_are_case_sensitive_and_a_missing_key_is_named_with_its_row()
    {
        ServingWorld world = new();
        world.View("weather", [ServingWorld.F("airport", "string")], [ServingWorld.F("temp", "float64")]);
        Assert.Equal("entities[1] lacks 'airport' (string), a join key of 'weather@1.0.0'. Give a value, or null for none.",
            world.Fails("""{"features":["weather:temp"],"entities":[{"airport":"JFK"},{"Airport":"JFK"}]}"""));
    }

    [Fact]
    public void S4_one_field_can_be_the_key_of_entities_of_different_types()
    {
        ServingWorld world = new();
        var small = world.View("small", [ServingWorld.F("id", "int32")], [ServingWorld.F("a", "int64")]);
        var large = world.View("large", [ServingWorld.F("id", "int64")], [ServingWorld.F("b", "int64")]);
        world.Put(small, [Value.Of(1)], (world.Now, [Value.Of(10L)]));
        world.Put(large, [Value.Of(1L)], (world.Now, [Value.Of(20L)]));
        const string body = """{"features":["small:a","large:b"],"entities":[{"id":1}]}""";
        Assert.Equal(("10", "20"), (world.Cell(body).Value, world.Cell(body, 0, 1).Value));
        Assert.Contains("entities[0].id is the number 4294967296; it is int32", world.Fails(body.Replace(":1}", ":4294967296}", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("int64", "1", "1"), InlineData("int64", "1.0", "-"), InlineData("int32", "3000000000", "-"), InlineData("bool", "true", "true"), InlineData("bool", "1", "-")]
    [InlineData("string", "", ""), InlineData("bytes", "AQI=", "AQI="), InlineData("bytes", "?", "-")]
    public void S4_key_texts_of_a_command_line(string type, string text, string expected)
    {
        KeyField field = new("k", FeatureType.Parse(type));
        if (expected == "-") Assert.Contains($"'{text}' is no value for join key 'k'", Assert.Throws<LockstepException>(() => field.Parse(text)).Message, StringComparison.Ordinal);
        else Assert.Equal(expected, field.Parse(text).ToString());
    }
}
