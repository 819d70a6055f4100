using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Serving;

namespace Lockstep.Cli;

/// <summary>Join keys and request fields that a user types, one word each: <c>airport=JFK distance=2475</c>.</summary>
internal static class KeyWords
{
    /// <summary>Words in the types of the keys and request fields that they name, which may be both; all mistakes at once.</summary>
    /// <param name="fields">The keys.</param>
    /// <param name="requestFields">The request fields that are read.</param>
    /// <param name="set">What is asked for: request fields that its views name may be given, whether or not they are read.</param>
    /// <param name="words">As they were typed.</param>
    public static (Dictionary<string, Value> Keys, Dictionary<string, Value> Request) Read(IReadOnlyList<KeyField> fields, IReadOnlyList<Field> requestFields, FeatureSet set, IReadOnlyList<string> words)
    {
        var declared = set.Outputs.Where(o => o.IsOnDemand).SelectMany(o => ((OnDemandView)o.View.View).Request).DistinctBy(f => f.Name).ToList();
        List<Problem> problems = [];
        Dictionary<string, Value> keys = new(StringComparer.Ordinal), request = new(StringComparer.Ordinal);
        var names = fields.Select(f => f.Name).Concat(requestFields.Select(f => f.Name)).Concat(declared.Select(f => f.Name)).Distinct().ToList();
        HashSet<string> given = new(StringComparer.Ordinal);
        foreach (var word in words)
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? word : word[..equals];
            if (equals <= 0) Wrong($"'{word}' is no key and no request field. Write name=value{(names.Count == 0 ? "" : $", such as {names[0]}=…")}");
            else if (!names.Contains(name)) Wrong($"There is no key or request field '{name}' here.{NearestName.Hint(name, names, "Names")}");
            else if (!given.Add(name)) Wrong($"'{name}' is given twice.");
            else Take(name, word[(equals + 1)..]);
        }
        if (problems.Count == 0)
        {
            foreach (var field in fields.Where(f => !keys.ContainsKey(f.Name))) Wrong($"The key '{field.Name}' is missing. Write {field.Name}=…; {field.Expected}.");
            foreach (var field in requestFields.Where(f => !request.ContainsKey(f.Name))) Wrong($"The request field '{field.Name}' is missing. Write {field.Name}=…; it is {field.Type}, {ValueText.Expected(field.Type)}.");
        }
        return problems.Count == 0 ? (keys, request) : throw new LockstepException(ErrorKind.BadArguments, problems);

        void Take(string name, string text)
        {
            try
            {
                if (fields.FirstOrDefault(f => f.Name == name) is { } key) keys.Add(name, key.Parse(text));
            }
            catch (LockstepException e)
            {
                Wrong(e.Message);
                return;
            }
            if (requestFields.Concat(declared).FirstOrDefault(f => f.Name == name) is not { } field) return;
            if (TryParse(text, field.Type, out var value)) request.Add(name, value);
            else Wrong($"'{text}' is no value for request field '{name}': it is {field.Type}, {ValueText.Expected(field.Type)}.");
        }

        void Wrong(string message) => problems.Add(new(Severity.Error, null, message));
    }

    // As a spine of text would have it; a list is written as JSON.
    static bool TryParse(string text, FeatureType type, out Value value)
    {
        var column = Column.Create(type);
        var nonFinite = 0L;
        var fits = Conversion.Append(Scalar.Text(System.Text.Encoding.UTF8.GetBytes(text)), column, ref nonFinite);
        value = fits ? column.GetValue(0) : Value.Null;
        return fits;
    }
}
