using Lockstep.Core.Definitions;
using Lockstep.Core.Definitions.Yaml;
using Lockstep.Core.Rows;

namespace Lockstep.Core.FeatureTests;

/// <summary>The tests of a project, and everything that is wrong with their files.</summary>
public sealed record FeatureTestReadResult(IReadOnlyList<FeatureTest> Tests, IReadOnlyList<Problem> Problems);

/// <summary>Reads test files: a document a test. What depends on definitions is found when a test runs.</summary>
public static class FeatureTestReader
{
    public static FeatureTestReadResult Read(IEnumerable<(string File, string Text)> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        ProblemList problems = new();
        List<string> order = [];
        List<FeatureTest> tests = [];
        foreach (var (file, text) in files)
        {
            order.Add(file);
            HashSet<string> names = new(StringComparer.Ordinal);
            foreach (var document in YamlTree.Read(file, text, problems))
                if (Test(document, problems) is { } test)
                {
                    if (!names.Add(test.Name)) problems.Error(test.Location, $"There are two tests '{test.Name}' in this file. Name them apart.");
                    tests.Add(test);
                }
        }
        return new(tests, problems.InOrder(order));
    }

    static FeatureTest? Test(YamlNode node, ProblemList problems)
    {
        if (node is YamlScalar { IsNull: true }) return null; // an empty document
        if (node is not YamlMap map)
        {
            problems.Error(node.Location, $"A test is {node.What}. It must be {FeatureTestKeys.Test.Expected}.");
            return null;
        }
        var before = problems.Errors;
        var name = (map.Find("test") as YamlScalar)?.Text.Trim() ?? "";
        MapReader reader = new(map, FeatureTestKeys.Test, name.Length == 0 ? "a test" : $"test '{name}'", problems);
        reader.Words("test");
        var shared = Case(reader, map, null);
        List<FeatureCase> cases = [];
        if (reader.Find("cases") is YamlList list)
        {
            if (map.Find("expect") is not null) problems.Error(reader.At("expect"), $"{MapReader.Upper(reader.What)} has both 'expect' and 'cases'. Write the expectations into the cases.");
            foreach (var item in list.Items)
                if (item is not YamlMap inner) problems.Error(item.Location, $"An item of 'cases' of {reader.What} is {item.What}. It must be {FeatureTestKeys.Case.Expected}.");
                else cases.Add(Case(new(inner, FeatureTestKeys.Case, $"a case of {reader.What}", problems), inner, shared));
            if (list.Items.Count == 0) problems.Error(list.Location, $"'cases' of {reader.What} has none.");
        }
        else if (reader.Find("cases") is { } other) reader.Wrong("cases", other);
        else cases.Add(shared);
        foreach (var one in cases)
        {
            if (one.At == Missing) problems.Error(one.Location, $"{MapReader.Upper(reader.What)} lacks 'at', the instant it asks for.");
            if (one.Expect.Count == 0 && one.Service is null) problems.Error(one.Location, $"{MapReader.Upper(reader.What)} lacks 'expect', the right values by view:feature. (A case with a 'service' may go without: it then compares training with serving only.)");
        }
        var given = Tables(reader, "given");
        var views = Tables(reader, "given_views");
        return problems.Errors > before ? null : new() { Name = name, Location = map.Location, Given = given, GivenViews = views, Cases = cases };
    }

    const long Missing = long.MinValue;

    static readonly long s_first = Instant.Parse("0002-01-01T00:00:00Z"), s_last = Instant.Parse("9998-12-31T00:00:00Z");

    static FeatureCase Case(MapReader reader, YamlMap map, FeatureCase? shared)
    {
        var at = shared?.At ?? Missing;
        if (reader.Text("at") is { } text)
        {
            if (!Instant.TryParse(text, out at)) reader.Wrong("at", reader.Find("at")!);
            else if (at < s_first || at > s_last) reader.Wrong("at", reader.Find("at")!, $"an instant from {Instant.Format(s_first)} to {Instant.Format(s_last)}, where a clock can stand");
        }
        return new()
        {
            Name = map.Find("case") is not null && shared is not null ? reader.Words("case") ?? "" : "",
            Location = map.Location,
            At = at,
            Keys = Merge(shared?.Keys, Values(reader, "keys")),
            Request = Merge(shared?.Request, Values(reader, "request")),
            Service = reader.Words("service") ?? shared?.Service,
            Expect = Expectations(reader),
        };
    }

    static List<NamedValue> Merge(IReadOnlyList<NamedValue>? shared, IReadOnlyList<NamedValue> own)
        => [.. (shared ?? []).Where(s => own.All(o => o.Name != s.Name)), .. own];

    static List<NamedValue> Values(MapReader reader, string key)
    {
        List<NamedValue> values = [];
        foreach (var (name, value) in reader.Map(key)) Add(values, name, value, $"'{key}' of {reader.What}", reader.Problems);
        return values;
    }

    static void Add(List<NamedValue> to, YamlScalar name, YamlNode value, string where, ProblemList problems)
    {
        if (value is YamlMap) problems.Error(value.Location, $"'{name.Text}' in {where} is a mapping. It must be a value, or a list of values.");
        else to.Add(new(name.Text, name.Location, new(value)));
    }

    static List<ExpectedFeature> Expectations(MapReader reader)
    {
        List<ExpectedFeature> expected = [];
        foreach (var (name, node) in reader.Map("expect"))
            if (node is not YamlMap map) expected.Add(new(name.Text, name.Location, new(node), null));
            else
            {
                // Not by a MapReader: "value: null" expects null here, and is not an empty key.
                foreach (var (key, _) in map.Entries.Where(e => !FeatureTestKeys.Expected.Knows(e.Key.Text)))
                    reader.Problems.Error(key.Location, $"The expectation of '{name.Text}' has no key '{key.Text}'.{NearestName.Hint(key.Text, FeatureTestKeys.Expected.Names, "Keys")}");
                var (value, status) = (map.Find("value"), (map.Find("status") as YamlScalar)?.Text);
                if (map.Find("status") is { } said && !FeatureTestKeys.Statuses.Contains(status))
                    reader.Problems.Error(said.Location, $"'status' of the expectation of '{name.Text}' is {said.What}. It must be one of {string.Join(", ", FeatureTestKeys.Statuses)}.");
                if (value is null && status is null) reader.Problems.Error(map.Location, $"The expectation of '{name.Text}' says nothing. Write a value, or a mapping with value and status.");
                expected.Add(new(name.Text, name.Location, value is null ? null : new(value), status));
            }
        return expected;
    }

    static List<GivenTable> Tables(MapReader reader, string key)
    {
        List<GivenTable> tables = [];
        foreach (var (name, node) in reader.Map(key))
        {
            if (node is not YamlList list)
            {
                reader.Problems.Error(node.Location, $"'{name.Text}' in '{key}' of {reader.What} is {node.What}. It must be a list of rows, each like {{ airport: JFK, temp: 40 }}.");
                continue;
            }
            List<GivenRow> rows = [];
            foreach (var item in list.Items)
            {
                if (item is not YamlMap map)
                {
                    reader.Problems.Error(item.Location, $"A row of '{name.Text}' in {reader.What} is {item.What}. It must be a mapping like {{ airport: JFK, temp: 40 }}.");
                    continue;
                }
                List<NamedValue> values = [];
                foreach (var (column, value) in map.Entries) Add(values, column, value, $"a row of '{name.Text}'", reader.Problems);
                rows.Add(new(map.Location, values));
            }
            tables.Add(new(name.Text, name.Location, rows));
        }
        return tables;
    }
}
