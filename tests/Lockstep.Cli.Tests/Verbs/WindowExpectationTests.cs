namespace Lockstep.Cli.Tests.Verbs;

/// <summary>What is expected of windows, by runs.</summary>
public sealed class WindowExpectationTests : IDisposable
{
    readonly TempFolder _temp = TempFolder.OfProject("shop", "sales");
    readonly Run _run;
    readonly DateTime _now = DateTime.UtcNow;

    public WindowExpectationTests()
    {
        _run = new Run { Folder = _temp.Path };
    }

    void Define(string expect) => File.WriteAllText(_temp["features/all.yaml"], $$"""
        kind: entity
        name: shop
        join_keys: { shop: string }
        ---
        kind: source
        name: sales
        table: { path: sales/*.csv, timestamp: at }
        columns: { shop: string, at: timestamp, amount: float64 }
        ---
        kind: aggregation_view
        name: sold
        entity: shop
        source: sales
        features: { n: { count: "*", windows: [24h] }, total: { sum: amount, windows: [24h], default: 0 } }
        expect: [ {{expect}} ]
        """);

    void Sell(string file, params (string Shop, int HoursAgo, double Amount)[] sales)
        => File.WriteAllText(_temp[$"sales/{file}.csv"], "shop,at,amount\n" + string.Concat(sales.Select(s => FormattableString.Invariant($"{s.Shop},{_now.AddHours(-s.HoursAgo):yyyy-MM-ddTHH:mm:ssZ},{s.Amount}\n"))));

    async Task<string> ServedAsync(string shop) => (await _run.VerbAsync($"get --features sold:* shop={shop} --json")).Ok().Json["rows"]![0]!["values"]!.ToJsonString();

    [Fact]
    public async Task S21_a_run_that_an_expectation_of_windows_blocks_leaves_what_is_online_as_it_was()
    {
        Define("{ that: n_24h between 0 and 2, on_failure: block }");
        Sell("a", ("x", 1, 1), ("y", 2, 2));
        (await _run.VerbAsync("apply --yes")).Ok();
        (await _run.VerbAsync("materialize")).Ok();
        Assert.Equal(("[1,1]", "[1,2]"), (await ServedAsync("x"), await ServedAsync("y")));

        // Two more of x alone: with what is there it has three.
        Sell("b", ("x", 3, 5), ("x", 4, 6), ("z", 1, 1));
        var blocked = await _run.VerbAsync("materialize");
        Assert.Equal(4, blocked.Code);
        Assert.Contains("n_24h between 0 and 2", blocked.Error, StringComparison.Ordinal);
        Assert.Contains("shop=x", blocked.Error, StringComparison.Ordinal);
        Assert.Contains("n_24h=3", blocked.Error, StringComparison.Ordinal);
        Assert.Equal(("[1,1]", "[1,2]", "[0,0]"), (await ServedAsync("x"), await ServedAsync("y"), await ServedAsync("z")));

        Sell("b", ("x", 3, 5), ("z", 1, 1));
        (await _run.VerbAsync("materialize")).Ok();
        Assert.Equal(("[2,6]", "[1,2]", "[1,1]"), (await ServedAsync("x"), await ServedAsync("y"), await ServedAsync("z")));
    }

    [Fact]
    public async Task S25_a_run_that_is_blocked_has_not_moved_the_end()
    {
        Define("{ that: n_72h between 0 and 2, on_failure: block }");
        File.WriteAllText(_temp["features/all.yaml"], File.ReadAllText(_temp["features/all.yaml"]).Replace("24h", "72h", StringComparison.Ordinal).Replace("columns:", "stream: { push: {} }\ncolumns:", StringComparison.Ordinal));
        Sell("a", ("x", 50, 1));
        (await _run.VerbAsync("apply --yes")).Ok();
        (await _run.VerbAsync("materialize")).Ok();

        Sell("b", ("x", 26, 1), ("x", 27, 2), ("x", 28, 3), ("x", 0, 4)); // with one of today the end would move past yesterday
        Assert.Equal(4, (await _run.VerbAsync("materialize")).Code);
        File.WriteAllText(_temp["pushed.csv"], FormattableString.Invariant($"shop,at,amount\nz,{_now.AddHours(-25):yyyy-MM-ddTHH:mm:ssZ},7\n"));
        (await _run.VerbAsync("push sales pushed.csv")).Ok();
        Assert.Equal("[1,7]", await ServedAsync("z"));
        (await _run.VerbAsync("verify")).Ok();

        Sell("b", ("x", 26, 1), ("x", 0, 4)); // now it moves: of yesterday the table counts, which has nothing of z
        (await _run.VerbAsync("materialize")).Ok();
        Assert.Equal(("[2,2]", "[0,0]"), (await ServedAsync("x"), await ServedAsync("z")));
        (await _run.VerbAsync("verify")).Ok();
    }

    [Fact]
    public async Task One_that_warns_is_told_with_the_run_and_a_default_does_not_count_as_a_value()
    {
        Define("total_24h is not null, total_24h > 0 mostly 0.5");
        Sell("a", ("x", 1, 1), ("y", 1, 2), ("v", 2, -1));
        File.AppendAllText(_temp["sales/a.csv"], FormattableString.Invariant($"w,{_now.AddHours(-1):yyyy-MM-ddTHH:mm:ssZ},\n"));
        (await _run.VerbAsync("apply --yes")).Ok();
        var told = (await _run.VerbAsync("materialize --json")).Ok().Json["views"]![0]!["expectations"]!.AsArray();
        Assert.Equal([(3, 1, 0, false), (2, 1, 1, true)], told.Select(t => ((int)t!["passed"]!, (int)t["failed"]!, (int)t["nulls"]!, (bool)t["holds"]!)));
        var run = (await _run.VerbAsync("materialize --full")).Ok();
        Assert.Contains("sold@1.0.0: 1 of 4 rows fail 'total_24h is not null'", run.Error, StringComparison.Ordinal);
        Assert.Equal("[1,0]", await ServedAsync("w"));
    }

    public void Dispose() => _temp.Dispose();
}
