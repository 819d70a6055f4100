using System.Globalization;

namespace Lockstep.Cli.Tests.Verbs;

/// <summary>A next version of windows over a table and a stream, by the command line.</summary>
public sealed class WindowVersionTests : IDisposable
{
    readonly TempFolder _temp = TempFolder.OfProject("shop");
    readonly Run _run;
    readonly DateTime _now = DateTime.UtcNow;

    public WindowVersionTests()
    {
        _run = new Run { Folder = _temp.Path };
        File.WriteAllText(_temp["sales.csv"], "shop,at,amount\n" + string.Concat(Enumerable.Range(0, 60).Select(i => Row($"s{i % 3}", _now.AddHours(-7 * i - 30), i * 0.1))));
    }

    static string Row(string shop, DateTime at, double amount) => string.Create(CultureInfo.InvariantCulture, $"{shop},{at:yyyy-MM-ddTHH:mm:ssZ},{amount}\n");

    async Task<RunResult> ApplyAsync(string version, string windows)
    {
        File.WriteAllText(_temp["features/shop.yaml"], $$"""
            kind: entity
            name: shop
            join_keys: { shop: string }
            ---
            kind: source
            name: sales
            table: { path: sales.csv, timestamp: at }
            stream: { push: {} }
            columns: { shop: string, at: timestamp, amount: float64 }
            ---
            kind: aggregation_view
            name: sold
            version: {{version}}
            entity: shop
            source: sales
            features:
              n: { count: "*", windows: [{{windows}}] }
              spent: { stddev_pop: amount, windows: [60d] }
              total: { sum: amount, windows: [60d] }
            """);
        return (await _run.VerbAsync("apply --yes")).Ok();
    }

    async Task PushAsync(int hours, double amount)
    {
        File.WriteAllText(_temp["new.csv"], "shop,at,amount\n" + Row("s1", _now.AddHours(-hours), amount) + Row("s9", _now.AddMinutes(-hours), amount));
        (await _run.VerbAsync("push sales new.csv")).Ok();
    }

    async Task<string> ValuesAsync(string version, string names = "n_60d,spent_60d,total_60d")
    {
        List<string> all = [];
        foreach (var shop in new[] { "s0", "s1", "s2", "s9", "never" })
            all.Add((await _run.VerbAsync($"get --features {string.Join(',', names.Split(',').Select(n => $"sold@{version}:{n}"))} shop={shop} --json")).Ok().Json["rows"]![0]!["values"]!.ToJsonString());
        return string.Join(' ', all);
    }

    [Fact]
    public async Task S15_S24_S25_a_version_over_the_same_tiles_takes_them_over_with_what_the_log_has_brought()
    {
        await ApplyAsync("1.0.0", "60d, 7d");
        (await _run.VerbAsync("materialize")).Ok();
        await PushAsync(1, 1.7);
        var before = await ValuesAsync("1.0.0");
        var planned = await ApplyAsync("1.1.0", "60d, 3d, 5d");
        Assert.Contains("recompute: no backfill, tiles are taken over from sold@1.0.0", planned.Out, StringComparison.Ordinal);

        // The table has grown meanwhile, and so has the log; both versions get the events from now on.
        File.AppendAllText(_temp["sales.csv"], Row("s2", _now.AddHours(-28), 4.25) + Row("new", _now.AddHours(-27), 1));
        await PushAsync(2, 0.3);
        var run = (await _run.VerbAsync("materialize --view sold@1.1.0")).Ok();
        Assert.Contains("taken over from sold@1.0.0", run.Out + run.Error, StringComparison.Ordinal);
        (await _run.VerbAsync("materialize --view sold@1.0.0")).Ok();
        await PushAsync(3, 0.9);

        var taken = await ValuesAsync("1.1.0");
        Assert.NotEqual(before, taken);
        Assert.Equal(await ValuesAsync("1.0.0"), taken);
        var more = await ValuesAsync("1.1.0", "n_3d,n_5d");
        (await _run.VerbAsync("materialize --view sold@1.1.0 --full")).Ok();
        Assert.Equal((taken, more), (await ValuesAsync("1.1.0"), await ValuesAsync("1.1.0", "n_3d,n_5d"))); // as a backfill has it
        (await _run.VerbAsync("verify")).Ok();
    }

    [Fact]
    public async Task S24_what_is_not_there_is_backfilled_and_plan_says_why()
    {
        await ApplyAsync("1.0.0", "60d");
        (await _run.VerbAsync("materialize")).Ok();
        var planned = await ApplyAsync("1.1.0", "60d, 7d");
        Assert.Contains("No tiles can be taken over: sold@1.0.0 keeps no tiles of 1h", planned.Out, StringComparison.Ordinal);
        var run = (await _run.VerbAsync("materialize --view sold@1.1.0")).Ok();
        Assert.DoesNotContain("taken over", run.Out + run.Error, StringComparison.Ordinal);
        Assert.Equal(await ValuesAsync("1.0.0"), await ValuesAsync("1.1.0"));
    }

    public void Dispose() => _temp.Dispose();
}
