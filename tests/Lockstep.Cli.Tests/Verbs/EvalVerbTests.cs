namespace Lockstep.Cli.Tests.Verbs;

public sealed class EvalVerbTests
{
    const string Definitions = """
        kind: entity
        name: shop
        join_keys: { shop: string }
        ---
        kind: source
        name: sales
        table: { path: sales.csv, timestamp: at }
        columns: { shop: string, at: timestamp, amount: float64, units: int64, net: { expression: amount / 2 } }
        where: units > 0
        ---
        kind: value_view
        name: sale
        version: 1.0.0
        entity: shop
        source: sales
        features: { amount: float64, net: float64, units: { type: int64, default: 1 } }
        ---
        kind: on_demand_view
        name: offer
        version: 1.0.0
        request: { price: float64 }
        features:
          per_unit: sale:amount / sale:units
          cheap: price < per_unit
        """;

    const string Rows = """
        shop,at,amount,units
        a,2026-01-05T09:00:00Z,10,4
        a,2026-01-05T10:00:00Z,5,0
        b,2026-01-05T11:00:00Z,20,
        b,2026-01-05T12:00:00Z,24,3

        """;

    static TempFolder Project()
    {
        TempFolder temp = TempFolder.OfProject("p");
        File.WriteAllText(temp["features/shops.yaml"], Definitions);
        File.WriteAllText(temp["sales.csv"], Rows);
        return temp;
    }

    static async Task<string> Eval(params string[] args)
    {
        using var temp = Project();
        var run = await new Run { Folder = temp.Path }.VerbAsync(["eval", .. args]);
        return run.Code == 0 ? run.Out : $"{run.Code} {run.Error}";
    }

    [Theory]
    [InlineData("3.5", "7 / 2")]
    [InlineData("6", "x * 2", "x=3")]
    [InlineData("7.5", "x * 2 + y", "x=3", "y=1.5")]
    [InlineData("1.5", "x / 2", "x:float64=3")]
    [InlineData("2", "x + 1", "x=1")]
    [InlineData("[2]", "list_transform(x, e -> e * 2)", "x=[1]")]
    [InlineData("false", "not x", "x=true")]
    [InlineData("ab", "x || 'b'", "x=a")]
    [InlineData("1.5", "x + 0.5", "x:int64=1")]
    [InlineData("5", "hour(t)", "t=2026-01-05T05:00:00Z")]
    [InlineData("1", "dayofweek(d)", "d=2026-01-05")]
    [InlineData("[2, 4]", "list_transform(x, e -> e * 2)", "x=[1, 2]")]
    [InlineData("2.5", "list_max(x)", "x=[1, 2.5]")]
    [InlineData("null", "x + 1", "x:int64=null")]
    [InlineData("2026-01-05T09:00:00Z", "now()", "--at", "2026-01-05T09:00:00Z")]
    public async Task An_expression_over_given_values_needs_no_project(string gives, params string[] args)
    {
        using var temp = new TempFolder();
        var run = (await new Run { Folder = temp.Path }.VerbAsync(["eval", .. args])).Ok();
        Assert.Equal(gives + "\n", run.Out);
    }

    [Fact]
    public async Task Features_are_those_of_the_key_as_of_the_instant()
    {
        Assert.Equal("""
            shop  event_timestamp       sale:amount  value
            a     2026-01-05T10:30:00Z  10           20

            """.ReplaceLineEndings("\n"), await Eval("sale:amount * 2", "shop=a", "--at", "2026-01-05T10:30:00Z"));
        Assert.Equal("""
            shop  price  event_timestamp       sale:amount  sale:units  value
            b     7.5    2026-01-06T00:00:00Z  24           3           true

            """.ReplaceLineEndings("\n"), await Eval("cheap and per_unit = 8", "--view", "offer", "shop=b", "price=7.5", "--at", "2026-01-06T00:00:00Z"));
        Assert.Equal("""
            shop  limit  event_timestamp       sale:amount  value
            c     3      2026-01-06T00:00:00Z  null         null

            """.ReplaceLineEndings("\n"), await Eval("amount > limit", "--view", "sale", "shop=c", "limit=3", "--at", "2026-01-06T00:00:00Z"));
    }

    [Fact]
    public async Task Without_keys_it_is_the_first_rows_that_the_filter_keeps()
        => Assert.Equal("""
            shop  event_timestamp       sale:net  sale:units  value
            a     2026-01-05T09:00:00Z  5         4           1.25
            b     2026-01-05T12:00:00Z  12        3           4

            """.ReplaceLineEndings("\n"), await Eval("net / units", "--view", "sale"));

    [Fact]
    public async Task Over_a_source_it_reads_columns_computed_ones_too()
        => Assert.Equal("""
            amount  value
            10      true

            """.ReplaceLineEndings("\n"), await Eval("net < 10", "--source", "sales", "--rows", "1"));

    [Theory]
    [InlineData("2 error: There is no function 'sqtr'. Did you mean 'sqrt'?\n  1 + sqtr(2.0)\n      ^^^^\n", "1 + sqtr(2.0)")]
    [InlineData("2 error: There is no 'amuont' here. Did you mean 'amount'?\n  amuont + 1\n  ^^^^^^\n", "amuont + 1", "--view", "sale", "shop=a")]
    [InlineData("5 error: There is no view 'sael'. Did you mean 'sale'?\n", "1", "--view", "sael")]
    [InlineData("5 error: There is no source 'sale'. Did you mean 'sales'?\n", "1", "--source", "sale")]
    [InlineData("2 error: 'shop' is missing. Write shop=…; it is string, a text.\n", "sale:amount")]
    [InlineData("2 error: 'price' is missing. Write price=…; it is float64, a finite number.\n", "offer:cheap", "shop=a")]
    [InlineData("2 error: 'many' is no value for 'price': it is float64, a finite number.\n", "offer:cheap", "shop=a", "price=many")]
    [InlineData("2 error: The type of 'x' is not known. Write x:float64=null, or what it is.\n", "x", "x=null")]
    [InlineData("2 error: 'flot64' in 'x:flot64=1' is not a type. Did you mean 'float64'?\n", "x", "x:flot64=1")]
    [InlineData("2 error: Name a view or a source, not both.\n", "1", "--view", "sale", "--source", "sales")]
    public async Task What_is_wrong_is_told_with_its_place(string error, params string[] args) => Assert.Equal(error, await Eval(args));

    [Fact]
    public async Task The_tree_shows_what_is_shared_and_what_was_computed_before()
        => Assert.Equal("""
            + : float64
              #1 * : float64
                6.283185307179586 : float64  (computed while binding)
                to float64 : float64
                  input x : int64
              see #1
            37.69911184307752

            """.ReplaceLineEndings("\n"), await Eval("2 * pi() * x + 2 * pi() * x", "x=3", "--explain"));

    [Fact]
    public async Task Literals_of_other_definitions_were_written_not_computed()
        => Assert.Equal("""
            + : float64
              / : float64
                input amount : float64
                2 : float64
              1 : float64
            """.ReplaceLineEndings("\n"), (await Eval("net + 1", "--source", "sales", "--rows", "1", "--explain")).Split('\n')[..5] is var lines ? string.Join('\n', lines) : "");

    [Fact]
    public async Task Explain_shows_expressions_of_on_demand_views()
    {
        using var temp = Project();
        (await new Run { Folder = temp.Path }.VerbAsync("apply --yes")).Ok();
        var run = (await new Run { Folder = temp.Path }.VerbAsync("explain --features offer:cheap")).Ok();
        Assert.StartsWith("1 feature by 1 lookup, of a row each; 1 of them computed on demand\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("""
            cheap of offer@1.0.0, on demand: bool
              expression  price < per_unit
              reads       price of the request (float64), sale@1.0.0:amount (float64), sale@1.0.0:units (int64)
                < : bool
                  input price : float64
                  / : float64
                    input sale@1.0.0:amount : float64
            """.ReplaceLineEndings("\n"), run.Out, StringComparison.Ordinal);
        var rows = (await new Run { Folder = temp.Path }.VerbAsync("explain --features sale:net")).Ok();
        Assert.Contains("  only where  units > 0\n", rows.Out, StringComparison.Ordinal);
        Assert.Contains("  net is computed of a row: amount / 2\n    / : float64\n      input amount : float64\n      2 : float64\n", rows.Out, StringComparison.Ordinal);
        var json = (await new Run { Folder = temp.Path }.VerbAsync("explain --features offer:cheap --json")).Ok().Json;
        Assert.Equal("price < per_unit", (string?)json["computed"]![0]!["expression"]);
        Assert.Equal(3, json["computed"]![0]!["reads"]!.AsArray().Count);
    }
}
