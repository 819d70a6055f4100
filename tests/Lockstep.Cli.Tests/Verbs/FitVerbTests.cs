namespace Lockstep.Cli.Tests.Verbs;

public sealed class FitVerbTests : IDisposable
{
    readonly TempFolder _temp = TempFolder.OfProject("p");

    public FitVerbTests()
    {
        File.WriteAllText(_temp["items.csv"], "item,weight\na,1.5\nb,\n");
        File.WriteAllText(_temp["rows.csv"], "event_timestamp,amount,tier\n2026-01-01T00:00:00Z,1,x\n2026-01-02T00:00:00Z,3,y\n2026-01-02T00:00:00Z,,y\n2026-01-05T00:00:00Z,100,z\n");
        File.WriteAllText(_temp["features/all.yaml"], """
            { kind: transformation, name: scale, fit: standard, input: amount, columns: { amount: float64 } }
            ---
            { kind: transformation, name: tier_place, fit: categories, input: tier, columns: { tier: string }, unknown: -1 }
            ---
            { kind: lookup_table, name: items, table: { path: items.csv }, key: { item: string }, columns: { weight: { type: float64, default: 9 } } }
            """);
    }

    Task<RunResult> Verb(params string[] args) => new Run { Folder = _temp.Path }.VerbAsync(args);

    [Fact]
    public async Task All_that_are_defined_are_fitted_and_what_was_learned_is_printed()
    {
        var run = (await Verb("fit", "--spine", "rows.csv", "--at", "2026-01-02")).Ok();
        Assert.Equal("""
            scale@1.0.0 fit 1
              learned from  3 rows up to 2026-01-02T00:00:00Z, 1 of them null
              mean          2
              stddev        1
            tier_place@1.0.0 fit 1
              learned from  3 rows up to 2026-01-02T00:00:00Z
              categories    y = 0, x = 1
              unknown       -1

            """, run.Out);
        Assert.Equal("Registered as fit 1 of scale (apply 1). 1 row after the instant left out.\nRegistered as fit 1 of tier_place (apply 2). 1 row after the instant left out.\n", run.Error);
        var again = (await Verb("fit", "scale", "--spine", "rows.csv", "--at", "2026-01-04", "--json")).Ok();
        Assert.Equal("""{"transformation":"scale@1.0.0","fit":1,"registered":false,"at":"2026-01-02T00:00:00Z","rows":3,"nulls":1,"rows_after":1,"rows_without_time":0,"parameters":{"mean":2,"stddev":1},"use_earlier":[],"warnings":[]}""",
            again.Json["fits"]![0]!.ToJsonString());
        var described = (await Verb("describe", "fit/scale", "--json")).Ok().Json[0]!;
        Assert.Contains("""{"name":"rows","value":"3, 1 of them null"}""", described["facts"]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_learned_and_what_tables_hold_can_be_tried()
    {
        (await Verb("fit", "scale", "--spine", "rows.csv", "--at", "2026-01-02")).Ok();
        foreach (var (expression, given, value) in new[] { ("scale(5.0)", "", "3"), ("lookup(items, k, weight)", "k=a", "1.5"), ("lookup(items, k, weight) + scale(0.0)", "k=none", "7"), ("scale()", "amount:float64=4", "2") })
        {
            var run = (await Verb([.. (string[])["eval", expression], .. given.Length > 0 ? (string[])[given] : []])).Ok();
            Assert.EndsWith($"  {value}\n", run.Out, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(5, "error: There is no transformation 'scal'. Did you mean 'scale'?\n", "fit", "scal", "--spine", "rows.csv", "--at", "2026-01-02")]
    [InlineData(2, "error: 'soon' is no instant. Write it like 2013-01-03T12:00:00Z.\n", "fit", "--spine", "rows.csv", "--at", "soon")]
    [InlineData(1, "error: Transformation 'scale' cannot be fitted: there are no rows to learn from at that instant.\n", "fit", "scale", "--spine", "rows.csv", "--at", "2025-01-02")]
    public async Task What_is_wrong_is_said(int code, string message, params string[] args)
    {
        var run = await Verb(args);
        Assert.Equal((code, message), (run.Code, run.Error));
    }

    public void Dispose() => _temp.Dispose();
}
