using System.Globalization;
using System.Text.RegularExpressions;
using Lockstep.Core.Aggregation;

namespace Lockstep.Cli.Tests.Verbs;

/// <summary>The YAML of docs/reference/aggregates.md, which has every function, by the command line.</summary>
public sealed partial class EveryFunctionTests : IDisposable
{
    readonly TempFolder _temp = TempFolder.OfProject("shop");

    [Fact]
    public async Task S13_S22_every_function_is_written_trained_and_served_as_the_reference_says()
    {
        var run = new Run { Folder = _temp.Path };
        var yaml = Yaml().Match(File.ReadAllText(Path.Combine(Repository.Root, "docs/reference/aggregates.md"))).Groups[1].Value;
        foreach (var function in AggregateCatalog.BuiltIn.All) Assert.Contains($"{{ {function.Name}: ", yaml, StringComparison.Ordinal);
        File.WriteAllText(_temp["features/all.yaml"], "kind: entity\nname: user\njoin_keys: { user: string }\n---\n" + yaml);
        var now = DateTime.UtcNow;
        File.WriteAllLines(_temp["orders.jsonl"], Enumerable.Range(0, 30).Select(i => string.Create(CultureInfo.InvariantCulture,
            $$"""{"user":"u{{i % 2}}","at":"{{now.AddHours(-3 * i - 1):yyyy-MM-ddTHH:mm:ssZ}}","amount":{{i * 0.75}},"items":{{i}},"price":{{i * 1.25m}},"shop":"s{{i % 4}}","paid":{{(i % 3 == 0 ? "true" : "false")}},"taste":[{{i * 0.5}},null,1]}""")));
        (await run.VerbAsync("validate")).Ok();
        (await run.VerbAsync("apply --yes")).Ok();
        (await run.VerbAsync("materialize")).Ok();
        var served = (await run.VerbAsync("get --features every:* user=u0 --json")).Ok().Json;
        var names = served["metadata"]!["features"]!.AsArray().Select(n => (string)n!).ToList();
        var values = names.Zip(served["rows"]![0]!["values"]!.AsArray()).ToDictionary(p => p.First, p => p.Second);

        // u0's orders are those of even i: amounts 0, 1.5, 3, …, 21 from the newest to the oldest.
        Assert.Equal(("4", "15", "2", "2"), (Text("orders_1d"), Text("orders_lifetime"), Text("paid_1d"), Text("with_amount_1d")));
        Assert.Equal(("9", "157.5", "210", "\"262.50\""), (Text("spent_1d"), Text("spent_7d"), Text("items_7d"), Text("price_7d")));
        Assert.Equal(("[105,null,15]", "[7,null,1]"), (Text("taste_sum_7d"), Text("taste_7d")));
        Assert.Equal(("0", "[0,1.5,3]", "1.5", "\"s0\"", "[\"s0\",\"s2\"]"), (Text("last_amount_7d"), Text("last_amounts_7d"), Text("before_last_7d"), Text("usual_shop_7d"), Text("top_shops_7d")));
        Assert.Equal("-0.25", Text("growth_7d")); // 1.5 less every six hours
        Assert.Equal(4 / 15d, (double)values["today_count_1d"]!);
        (await run.VerbAsync("verify")).Ok();

        string Text(string name) => values[name]?.ToJsonString() ?? "null";
    }

    public void Dispose() => _temp.Dispose();

    [GeneratedRegex("## In YAML.*?```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Yaml();
}
