using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.FeatureTests;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving;

namespace Lockstep.Runtime.FeatureTests;

/// <summary>A case whose words mean something: which features it asks for, with which keys, and what they have to be.</summary>
sealed class PlannedCase
{
    readonly Dictionary<int, (ExpectedFeature Written, ExpectedValue? Value)> _expected = [];

    PlannedCase(FeatureCase written, FeatureQuery query, FeatureSet set) => (Case, Query, Set) = (written, query, set);

    public FeatureCase Case { get; }
    public FeatureQuery Query { get; }
    public FeatureSet Set { get; }
    public Dictionary<string, Value> Keys { get; } = new(StringComparer.Ordinal);
    public Dictionary<string, Value> Request { get; } = new(StringComparer.Ordinal);

    /// <summary>Cases with equal ones ask for the same and are answered together.</summary>
    public string Group => Query.Service is { } service ? $"service {service}@{Query.ServiceVersion}" : string.Join(' ', Case.Expect.Select(e => e.Name));

    /// <summary>The features that values or statuses are expected of.</summary>
    public IEnumerable<FeatureOutput> Expected => _expected.Keys.Select(i => Set.Outputs[i]);

    public static PlannedCase Of(FeatureCase written, Catalog catalog)
    {
        List<Problem> problems = [];
        var query = Ask(written, problems);
        if (problems.Count > 0) throw new LockstepException(ErrorKind.BadArguments, problems);
        FeatureSet set;
        try
        {
            set = query.Resolve(catalog);
        }
        catch (LockstepException wrong)
        {
            throw new LockstepException(wrong.Kind, [.. (wrong.Problems.Count > 0 ? wrong.Problems.Select(p => p.Message) : [wrong.Message]).Select(m => new Problem(Severity.Error, written.Location, m))]);
        }
        PlannedCase planned = new(written, query, set);
        planned.Expect(problems);
        planned.Fill(catalog, problems);
        return problems.Count == 0 ? planned : throw new LockstepException(ErrorKind.BadArguments, problems);
    }

    static FeatureQuery Ask(FeatureCase written, List<Problem> problems)
    {
        if (written.Service is { } service)
            try
            {
                return FeatureQuery.OfService(service, fullNames: true);
            }
            catch (LockstepException wrong)
            {
                problems.Add(new(Severity.Error, written.Location, wrong.Message));
                return new();
            }
        List<FeatureSelection> features = [];
        foreach (var expected in written.Expect)
            if (FeatureSelection.TryParse(expected.Name, out var selection) && selection.Features.Count == 1) features.Add(selection);
            else problems.Add(new(Severity.Error, expected.Location, $"'{expected.Name}' names no feature. Write view:feature, or name the service whose vector has it: service: …"));
        return new() { Features = features, FullNames = true };
    }

    void Expect(List<Problem> problems)
    {
        for (var i = 0; i < Case.Expect.Count; i++)
        {
            var expected = Case.Expect[i];
            var places = Query.Service is null ? [i] : Enumerable.Range(0, Set.Outputs.Count).Where(o => Names(o).Contains(expected.Name)).ToList();
            if (places.Count != 1)
            {
                problems.Add(new(Severity.Error, expected.Location, places.Count > 1
                    ? $"'{expected.Name}' is the name of {places.Count} features of service '{Query.Service}'. Write one of {string.Join(", ", places.Select(p => Names(p).Last()))}."
                    : $"Service '{Query.Service}' has no feature '{expected.Name}'.{NearestName.Hint(expected.Name, Enumerable.Range(0, Set.Outputs.Count).Select(o => Names(o).First()), "Features")}"));
                continue;
            }
            var type = Set.Outputs[places[0]].Type;
            ExpectedValue? value = null;
            if (expected.Value is { } text && !ExpectedValue.TryRead(text, type, out value, out var right))
                problems.Add(new(Severity.Error, text.Location, $"'{text}' is no value for '{expected.Name}': it is {right}."));
            else if (!_expected.TryAdd(places[0], (expected, value)))
                problems.Add(new(Severity.Error, expected.Location, $"'{expected.Name}' is expected twice, as '{_expected[places[0]].Written.Name}' too."));
        }
    }

    /// <summary>What an output may be called: as the service names it, and in full.</summary>
    IEnumerable<string> Names(int output)
    {
        var found = Set.Outputs[output];
        var isAlias = found.Name != $"{found.View.Name}__{found.Feature}";
        return isAlias ? [found.Name] : [found.Feature, found.Name, $"{found.View.Name}:{found.Feature}"];
    }

    string NameOf(int output) => _expected.TryGetValue(output, out var expected) ? expected.Written.Name : Names(output).Last();

    void Fill(Catalog catalog, List<Problem> problems)
    {
        var keys = Set.Lookups.SelectMany(l => l.KeyColumns.Zip(l.View.Keys.Fields, (column, key) => new Field(column, key.Type))).DistinctBy(f => f.Name).ToList();
        var request = Set.OnDemand?.RequestFields ?? [];
        var given = Case.Keys.Concat(Case.Request).ToList();
        var asked = keys.Concat(request).Select(f => f.Name).ToHashSet(StringComparer.Ordinal);
        // What another view would ask for does no harm: cases share their keys.
        foreach (var (name, location, _) in given.Where(g => !asked.Contains(g.Name) && !IsAskedFor(g.Name, catalog)))
            problems.Add(new(Severity.Error, location, $"Nothing that is asked for has a key or request field '{name}'.{NearestName.Hint(name, asked, "Keys and request fields")}"));
        foreach (var key in keys) Take(Keys, key, Case.Keys.Concat(Case.Request), "keys", "join key");
        foreach (var field in request) Take(Request, field, Case.Request.Concat(Case.Keys), "request", "request field");

        void Take(Dictionary<string, Value> to, Field field, IEnumerable<NamedValue> from, string where, string what)
        {
            if (from.FirstOrDefault(v => v.Name == field.Name) is not { } found)
                problems.Add(new(Severity.Error, Case.Location, $"The {what} '{field.Name}' is missing. Write it into '{where}'; it is {field.Type}, {ValueText.Expected(field.Type)}."));
            else if (found.Value.TryRead(field.Type, out var value)) to[field.Name] = value;
            else problems.Add(new(Severity.Error, found.Value.Location, $"'{found.Value}' is no value for {what} '{field.Name}': it is {field.Type}, {ValueText.Expected(field.Type)}."));
        }
    }

    static bool IsAskedFor(string name, Catalog catalog)
        => catalog.Views.Any(v => v.Keys.IndexOf(name) >= 0 || v.View is OnDemandView { Request: var fields } && fields.Any(f => f.Name == name));

    public IReadOnlyList<FeatureComparison> Compare(ReadOnlySpan<Value> trained, IReadOnlyList<ServedValue>? served)
    {
        var compared = new FeatureComparison[Set.Outputs.Count];
        for (var i = 0; i < compared.Length; i++)
            compared[i] = new()
            {
                Name = NameOf(i),
                Expected = _expected.GetValueOrDefault(i).Value,
                ExpectedStatus = _expected.GetValueOrDefault(i).Written?.Status,
                Trained = trained[i],
                Served = served?[i],
            };
        return compared;
    }
}
