using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Lockstep.Core.Definitions;
using Lockstep.Core.Definitions.Builder;
using Lockstep.Core.Definitions.Yaml;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Definitions;

/// <summary>docs/reference/definitions.md and lockstep.schema.json say what the readers do.</summary>
public sealed class DocumentTests
{
    const string Page = "docs/reference/definitions.md", SchemaFile = "docs/reference/lockstep.schema.json";

    static string Text => File.ReadAllText(GoldenFile.Path(Page));

    static IEnumerable<string> Blocks(string language)
        => Regex.Matches(Text, $@"^```{language}\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline).Select(m => m.Groups[1].Value);

    [Fact]
    public void The_schema_is_the_one_that_the_key_tables_make() => GoldenFile.AssertMatches(SchemaFile, DefinitionSchema.Json());

    [Fact]
    public void The_tables_of_keys_are_the_ones_that_the_readers_use()
    {
        Dictionary<string, KeyTable> tables = new(DefinitionKeys.Kinds)
        {
            ["table"] = DefinitionKeys.Table,
            ["stream"] = DefinitionKeys.Stream,
            ["files"] = DefinitionKeys.FilesKeys,
            ["kafka"] = DefinitionKeys.KafkaKeys,
            ["expectation"] = DefinitionKeys.Expectation,
            ["value_feature"] = DefinitionKeys.ValueFeature,
            ["aggregate_feature"] = DefinitionKeys.AggregateFeature,
            ["expression_feature"] = DefinitionKeys.ExpressionFeature,
            ["lookup_column"] = DefinitionKeys.LookupColumn,
            ["selection"] = DefinitionKeys.Selection,
            ["settings"] = SettingsKeys.Project,
            ["server"] = SettingsKeys.Server,
        };
        var seen = 0;
        GoldenFile.AssertMatches(Page, Regex.Replace(Text, @"<!-- keys (\w+) -->\n.*?<!-- /keys -->", m =>
        {
            seen++;
            return $"<!-- keys {m.Groups[1].Value} -->\n{Table(tables[m.Groups[1].Value])}<!-- /keys -->";
        }, RegexOptions.Singleline));
        Assert.Equal(tables.Count, seen);
    }

    static readonly string[] Common = ["kind", "name", "description", "owner", "domain", "freshness_sla", "tags"];

    static string Table(KeyTable table)
    {
        StringBuilder text = new("| key | value | meaning |\n|---|---|---|\n");
        foreach (var key in table.Keys.Where(k => !Common.Contains(k.Name) || !table.Knows("kind")))
            text.Append(CultureInfo.InvariantCulture, $"| `{key.Name}` | {Cell(key.Shape.Expected)}{(key.Required ? ", required" : "")} | {Cell(key.Doc)} |\n");
        return text.ToString();
    }

    // What would be markup is escaped.
    static string Cell(string text) => Regex.Replace(text, @"[|*_]", @"\$&").Replace("<", "&lt;", StringComparison.Ordinal);

    [Fact]
    public void Every_example_is_read_without_a_problem_and_every_kind_has_one()
    {
        List<(string, string)> files = [];
        foreach (var block in Blocks("yaml"))
            if (block.StartsWith("project:", StringComparison.Ordinal))
            {
                var settings = ProjectSettingsReader.Read(block, "lockstep.yaml", "prod", _ => "x");
                Assert.Empty(settings.Problems);
            }
            else files.Add(($"block {files.Count + 1}", block));
        var (definitions, problems) = DefinitionReader.Read(files);
        Assert.Empty(problems);
        Assert.Equal(DefinitionKeys.Kinds.Keys.Order(StringComparer.Ordinal), definitions.All.Select(d => d.Kind).Distinct().Order(StringComparer.Ordinal));
        var known = DefinitionBinder.Bind(definitions, null, InterfaceExampleTests.DataOf, (_, _) => null).Problems.Where(p => p.Severity == Severity.Error);
        Assert.All(known, p => Assert.EndsWith("by this version.", p.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void The_schema_accepts_every_example_and_refuses_mistakes()
    {
        const string Windows = "kind: aggregation_view\nname: v\nentity: e\nsource: s\nfeatures:\n  f: ";
        JsonSchemaCheck schema = new((JsonObject)JsonNode.Parse(DefinitionSchema.Json())!);
        foreach (var document in Blocks("yaml").Append(InterfaceExampleTests.Yaml).SelectMany(Documents))
            Assert.True(schema.Check(document) is { Count: 0 }, string.Join("\n", schema.Check(document)) + "\n" + document);
        // A program can register functions of its own: an editor cannot know their names.
        Assert.Empty(schema.Check(Assert.Single(Documents($"{Windows}{{ spread: x, windows: [1h], where: x > 0, default: 0 }}"))));
        foreach (var wrong in (string[])[
            "kind: entitty\nname: x", "name: x", "kind: entity\nname: x", "kind: entity\nname: x\njoin_keys: { a: float64 }", "kind: entity\nname: a__b\njoin_keys: { a: string }",
            "kind: source\nname: x\ntabel: {}", "kind: value_view\nname: v\nentity: e\nfeatures: { x: flaot }", "kind: value_view\nname: v\nentity: e\nttl: soon\nfeatures: { x: int64 }",
            "kind: feature_service\nname: s\nfeatures: [{ veiw: x }]",
            $"{Windows}{{ avg: x, windws: [1h] }}", $"{Windows}{{ avg: x, windows: [1h], wher: x > 0 }}", $"{Windows}{{ avg: x, spread: x, windows: [1h] }}", $"{Windows}{{ spread: 5, windows: [1h] }}", $"{Windows}{{ spread: x }}",
            "project: p\nserver: { port: many }", "project: p\nregistri: x"])
            Assert.True(schema.Check(Assert.Single(Documents(wrong))).Count > 0, wrong);
    }

    // As editors see YAML: plain scalars are numbers and flags where they look like them.
    static IEnumerable<JsonNode?> Documents(string yaml)
    {
        ProblemList problems = new();
        foreach (var document in YamlTree.Read("x.yaml", yaml, problems)) yield return Node(document);
        Assert.Equal(0, problems.Errors);

        static JsonNode? Node(YamlNode node) => node switch
        {
            YamlMap map => new JsonObject(map.Entries.Select(e => KeyValuePair.Create(e.Key.Text, Node(e.Value)))),
            YamlList list => new JsonArray([.. list.Items.Select(Node)]),
            YamlScalar { IsNull: true } => null,
            YamlScalar { Plain: true, Text: "true" or "false" } flag => flag.Text == "true",
            YamlScalar { Plain: true } scalar when double.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
            YamlScalar scalar => scalar.Text,
            _ => throw new NotSupportedException(),
        };
    }

    [Fact]
    public void The_table_of_conversions_is_the_one_that_the_binder_uses()
    {
        FeatureType[] types = [.. FeatureType.SimpleNames.Take(5).Select(FeatureType.Parse), FeatureType.Decimal(10, 2), .. FeatureType.SimpleNames.Skip(5).Select(FeatureType.Parse)];
        StringBuilder text = new($"| from \\ to | {string.Join(" | ", types.Select(Name))} |\n|---|{string.Concat(types.Select(_ => "---|"))}\n");
        foreach (var from in types)
            text.Append(CultureInfo.InvariantCulture, $"| {Name(from)} | {string.Join(" | ", types.Select(to => TypeConversions.Find(from, to, TableFormat.Parquet) switch { TypeConversion.Exact => "yes", TypeConversion.Checked => "checked", TypeConversion.Rounded => "rounded", _ => "" }))} |\n");
        GoldenFile.AssertSection(Page, "conversions", text.ToString());

        static string Name(FeatureType type) => type.Kind == TypeKind.Decimal ? "decimal" : type.ToString();
    }

    [Fact]
    public void The_example_in_csharp_is_this_code()
    {
        // example
        ProjectBuilder project = new();
        var airport = project.Entity("airport").StringKey("airport");
        var observations = project.Source("weather").Table("data/weather.parquet", timestamp: "observed_at");
        var weather = project.ValueView("weather", "1.0.0").Of(airport).From(observations)
            .Ttl(TimeSpan.FromHours(3))
            .Float64("wind_speed")
            .Float64("temperature", column: "temp", orElse: 50);
        project.FeatureService("late_flight", 1)
            .All(weather)
            .As("dest_weather", weather, [("airport", "dest")], "wind_speed");
        ProjectDefinitions definitions = project.Build();
        // end
        Assert.Equal("late_flight", Assert.Single(definitions.Services).Name);
        var source = File.ReadAllText(GoldenFile.Path("tests/Lockstep.Core.Tests/Definitions/DocumentTests.cs"));
        var code = Regex.Match(source, @"^        // example\n(.*?)^        // end", RegexOptions.Singleline | RegexOptions.Multiline).Groups[1].Value;
        Assert.Equal(Regex.Replace(code, "^        ", "", RegexOptions.Multiline), Assert.Single(Blocks("csharp")));
    }
}
