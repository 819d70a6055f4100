using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Cli.Evaluation;

/// <summary>A value as a word of the command line: <c>x=1.5</c>, or with its type <c>x:float64=1</c>.</summary>
internal sealed record GivenField(string Name, FeatureType? Type, string Text)
{
    public static List<GivenField> Read(IEnumerable<string> words)
    {
        List<Problem> problems = [];
        List<GivenField> given = [];
        foreach (var word in words)
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? word : word[..equals];
            FeatureType? type = null;
            if (name.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon)
            {
                if (!FeatureType.TryParse(name[(colon + 1)..], out var said)) problems.Add(new(Severity.Error, null, $"'{name[(colon + 1)..]}' in '{word}' is not a type.{NearestName.Hint(name[(colon + 1)..], FeatureType.SimpleNames, "Types")}"));
                (name, type) = (name[..colon], said);
            }
            if (equals <= 0) problems.Add(new(Severity.Error, null, $"'{word}' is no value. Write name=value, or name:type=value."));
            else if (given.Exists(g => g.Name == name)) problems.Add(new(Severity.Error, null, $"'{name}' is given twice."));
            else given.Add(new(name, type, word[(equals + 1)..]));
        }
        return problems.Count == 0 ? given : throw new LockstepException(ErrorKind.BadArguments, problems);
    }

    /// <summary>The value, in the type that is known, else the one that the word names, else the one that it looks like.</summary>
    public (FeatureType Type, Value Value) As(FeatureType? known)
    {
        if ((known ?? Type) is { } type)
            return Text == "null" && type.Kind != TypeKind.String ? (type, Value.Null)
                : TryParse(Text, type, out var value) ? (type, value)
                : throw new LockstepException(ErrorKind.BadArguments, $"'{Text}' is no value for '{Name}': it is {type}, {ValueText.Expected(type)}.");
        if (Text == "null") throw new LockstepException(ErrorKind.BadArguments, $"The type of '{Name}' is not known. Write {Name}:float64=null, or what it is.");
        foreach (var candidate in Candidates())
            if (TryParse(Text, candidate, out var value)) return (candidate, value);
        return (FeatureType.String, Value.Of(Text));
    }

    // Integers first: 0 and 1 would do as bool, too.
    IEnumerable<FeatureType> Candidates()
    {
        FeatureType[] simple = [FeatureType.Int64, FeatureType.Float64, FeatureType.Bool, FeatureType.Date, FeatureType.Timestamp];
        return Text.StartsWith('[') ? [.. simple.Select(FeatureType.List), FeatureType.List(FeatureType.String)] : simple;
    }

    // As a table of text would have it; a list is written as JSON.
    static bool TryParse(string text, FeatureType type, out Value value)
    {
        value = Value.Null;
        if (type.Kind == TypeKind.Date) return ValueText.TryParse(text, type, out value);
        if (type.Kind == TypeKind.List && !IsJson(text)) return false;
        var column = Column.Create(type);
        var nonFinite = 0L;
        var fits = Conversion.Append(Scalar.Text(System.Text.Encoding.UTF8.GetBytes(text)), column, ref nonFinite);
        value = fits ? column.GetValue(0) : Value.Null;
        return fits;
    }

    static bool IsJson(string text)
    {
        try
        {
            using var _ = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
