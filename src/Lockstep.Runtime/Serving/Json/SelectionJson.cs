using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Definitions;

namespace Lockstep.Runtime.Serving.Json;

/// <summary>A selection as an object, the way a feature service writes it: <c>{"view": "weather@1", "as": "dest_weather", "keys": {"airport": "dest"}, "features": ["visib"]}</c>.</summary>
static class SelectionJson
{
    static readonly string[] Members = ["view", "as", "keys", "features"];

    public static FeatureSelection Read(ref Utf8JsonReader reader, string where)
    {
        string? view = null, alias = null;
        List<string> features = [];
        SortedDictionary<string, string> keys = new(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = OnlineRequestJson.Text(ref reader, where, JsonTokenType.PropertyName);
            reader.Read();
            switch (name)
            {
                case "view": view = OnlineRequestJson.Text(ref reader, $"{where}.view"); break;
                case "as": alias = OnlineRequestJson.Text(ref reader, $"{where}.as"); break;
                case "features":
                    Expect(ref reader, JsonTokenType.StartArray, $"{where}.features", "an array of names");
                    while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) features.Add(OnlineRequestJson.Text(ref reader, $"{where}.features[{features.Count}]"));
                    break;
                case "keys":
                    Expect(ref reader, JsonTokenType.StartObject, $"{where}.keys", "an object from join key to entity field");
                    while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                    {
                        var key = OnlineRequestJson.Text(ref reader, $"{where}.keys", JsonTokenType.PropertyName);
                        reader.Read();
                        keys[key] = OnlineRequestJson.Text(ref reader, $"{where}.keys.{key}");
                    }
                    break;
                default: throw new LockstepException(ErrorKind.BadArguments, $"{where} has a member \"{name}\", which means nothing.{NearestName.Hint(name, Members, "Members")}");
            }
        }
        if (view is null) throw new LockstepException(ErrorKind.BadArguments, $"{where} names no \"view\".");
        if (features is ["*"]) features.Clear();
        return FeatureSelection.TryParse(view + ":*", out var selection)
            ? selection with { Alias = alias, Keys = keys, Features = features }
            : throw new LockstepException(ErrorKind.BadArguments, $"{where}.view is \"{view}\"; it has to be the name of a view, or name@version.");
    }

    static void Expect(ref Utf8JsonReader reader, JsonTokenType type, string where, string expected)
    {
        if (reader.TokenType != type) throw new LockstepException(ErrorKind.BadArguments, $"{where} is {JsonKeys.Found(ref reader)}; it has to be {expected}.");
    }
}
