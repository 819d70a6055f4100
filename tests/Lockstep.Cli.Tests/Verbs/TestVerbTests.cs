using System.Xml.Linq;
using Lockstep.Runtime.FeatureTests;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Server;

namespace Lockstep.Cli.Tests.Verbs;

public sealed class TestVerbTests
{
    const string Definitions = """
        kind: entity
        name: shop
        join_keys: { shop: int64 }
        ---
        kind: source
        name: sales
        table: { path: data/sales.csv, timestamp: at, created: loaded }
        columns: { shop: int64, at: timestamp, loaded: timestamp, amount: float64, units: int32, tags: list<string>, worth: { expression: amount * 2 } }
        where: amount > 0
        expect: [ { that: amount > 1000, on_failure: block } ]        # of real data: the rows of a test need not hold it
        ---
        kind: value_view
        name: sale
        version: 1.0.0
        entity: shop
        source: sales
        ttl: 1h
        expect: [ { that: amount > 1000, on_failure: block } ]
        features: { amount: float64, units: { type: int32, default: 1 }, tags: list<string>, seen: { column: at, type: timestamp } }
        ---
        kind: value_view
        name: day
        version: 1.0.0
        entity: shop
        sql: select shop, date_trunc('day', "at") + interval 1 day as known_at, sum(worth) as total from sales group by all
        timestamp: known_at
        features: { total: float64 }
        ---
        kind: on_demand_view
        name: offer
        version: 1.0.0
        request: { price: float64 }
        features:
          unit_price: sale:amount / sale:units
          is_cheap: price < day:total
          hours: time_since(sale:seen) / 3600
        ---
        kind: feature_service
        name: all
        version: 1
        features: [ "sale:*", "day:total", "offer:*", { view: sale, as: other, keys: { shop: rival }, features: [amount] } ]
        """;

    const string Right = """
        test: sales
        given:
          sales:
            - { shop: 1, at: 2026-01-05T09:00:00Z, loaded: 2026-01-05T09:01:00Z, amount: 10, units: 4, tags: [a, b] }
            - { shop: 1, at: 2026-01-05T09:00:00Z, loaded: 2026-01-05T09:02:00Z, amount: 12, units: null, tags: null }
            - { shop: 1, at: 2026-01-06T09:30:00Z, loaded: 2026-01-06T09:30:00Z, amount: 99.5, units: 2, tags: [] }
            - { shop: 2, at: 2026-01-05T09:10:00Z, loaded: 2026-01-05T09:10:00Z, amount: 7, units: 7 }
            - { shop: 1, at: 2026-01-05T09:20:00Z, loaded: 2026-01-05T09:20:00Z, amount: -5, units: 1 }
        cases:
          - case: of equal times the row that was written last
            at: 2026-01-05T09:30:00Z
            keys: { shop: 1 }
            expect: { "sale:amount": 12, "sale:units": { value: 1, status: NULL_VALUE }, "sale:tags": null, "sale:seen": 2026-01-05T09:00:00Z, "day:total": null }
          - case: by sql, the day after
            at: 2026-01-06T00:00:00Z
            keys: { shop: 1 }
            expect: { "day:total": 44, "sale:amount": { value: null, status: OUTSIDE_MAX_AGE } }
          - case: the vector, by two shops
            at: 2026-01-05T10:00:00Z
            keys: { shop: 1, rival: 2 }
            request: { price: 3 }
            service: all
            expect: { amount: 12, unit_price: 12, is_cheap: null, hours: 1, other__amount: 7 }
          - case: a null in the key
            at: 2026-01-05T10:00:00Z
            keys: { shop: null }
            expect: { "sale:units": { value: 1, status: NOT_FOUND } }
        """;

    static TempFolder Project(params string[] tests)
    {
        TempFolder temp = TempFolder.OfProject("p", "tests");
        File.WriteAllText(temp["features/shops.yaml"], Definitions);
        for (var i = 0; i < tests.Length; i++) File.WriteAllText(temp[$"tests/{(char)('a' + i)}.yaml"], tests[i]);
        return temp;
    }

    [Fact]
    public async Task S22_views_of_all_kinds_are_tested_by_training_and_by_serving_without_any_data()
    {
        using var temp = Project(Right);
        var run = (await new Run { Folder = temp.Path }.VerbAsync("test")).Ok();
        Assert.Equal("""
            tests/a.yaml
              ok      sales: of equal times the row that was written last
              ok      sales: by sql, the day after
              ok      sales: the vector, by two shops
              ok      sales: a null in the key

            """.ReplaceLineEndings("\n"), run.Out);
        Assert.Contains("8 of 8 features have a test (100%).", run.Error, StringComparison.Ordinal);
        Assert.Contains("Passed: 4 cases in ", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(temp["data"]), "the project's own stores were touched");
    }

    [Fact]
    public async Task A_failure_shows_what_was_expected_and_what_both_ways_gave()
    {
        using var temp = Project(Right.Replace("amount\": 12,", "amount\": 13,", StringComparison.Ordinal).Replace("value: 1, status: NULL_VALUE", "value: 1, status: PRESENT", StringComparison.Ordinal));
        var run = await new Run { Folder = temp.Path }.VerbAsync("test");
        Assert.Equal(ExitCode.Failed, run.Code);
        Assert.Contains("""
              failed  sales: of equal times the row that was written last (tests/a.yaml:10:5)
                      feature      expected   training  serving
                      sale:amount  13         12        12 PRESENT
                      sale:units   1 PRESENT  1         1 NULL_VALUE
                      and 3 features as expected
            """.ReplaceLineEndings("\n"), run.Out, StringComparison.Ordinal);
        Assert.Contains("Failed: 1 of 4 cases in ", run.Error, StringComparison.Ordinal);

        var json = (await new Run { Folder = temp.Path }.VerbAsync("test --json")).Json;
        Assert.Equal((3, 1), ((int)json["passed"]!, (int)json["failed"]!));
        var first = json["tests"]![0]!;
        Assert.Equal("13 12 12 PRESENT False", string.Join(' ', first["features"]![0]!["expected"], first["features"]![0]!["training"], first["features"]![0]!["serving"], first["features"]![0]!["status"], (bool)first["features"]![0]!["passed"]!));

        await new Run { Folder = temp.Path }.VerbAsync("test --junit out.xml");
        var suites = XDocument.Load(temp["out.xml"]).Root!;
        Assert.Equal("4 1 0", $"{suites.Attribute("tests")!.Value} {suites.Attribute("failures")!.Value} {suites.Attribute("errors")!.Value}");
        var failure = Assert.Single(suites.Descendants("failure"));
        Assert.Equal("2 features not as expected", failure.Attribute("message")!.Value);
        Assert.Equal("sale:amount: expected 13, training 12, serving 12 PRESENT\nsale:units: expected 1 PRESENT, training 1, serving 1 NULL_VALUE", failure.Value);
        Assert.Equal("10", failure.Parent!.Attribute("line")!.Value);
    }

    [Fact]
    public async Task Mistakes_in_a_test_name_their_place_and_stop_no_other_test()
    {
        using var temp = Project("""
            test: names
            given: { sale: [], salse: [] }
            given_views: { offer: [] }
            at: 2026-01-05
            expect: { "sale:amount": 1 }
            ---
            test: rows
            given:
              sales:
                - { shop: one, at: 2026-01-05T09:00:00Z, amuont: 3 }
                - { shop: 1, amount: 3 }
            at: 2026-01-05
            keys: { shop: 1 }
            expect: { "sale:amount": 1 }
            ---
            test: asked
            at: 2026-01-05
            cases:
              - { case: no view, keys: { shop: 1 }, expect: { "sael:amount": 1 } }
              - { case: no feature, keys: { shop: 1 }, expect: { "sale:amuont": 1 } }
              - { case: no name, keys: { shop: 1 }, expect: { amount: 1 } }
              - { case: no service, service: al, keys: { shop: 1 }, expect: { amount: 1 } }
              - { case: wrong type, keys: { shop: x, shoop: 2 }, expect: { "sale:units": much } }
              - { case: missing, expect: { "offer:is_cheap": true } }
              - { case: right, at: 2026-01-07, keys: { shop: 1 }, expect: { "sale:amount": null } }
            """);
        var run = await new Run { Folder = temp.Path }.VerbAsync("test");
        Assert.Equal(ExitCode.Failed, run.Code);
        var at = Lines(run.Out);
        Assert.Equal(
        [
            "tests/a.yaml:2:10: There is no source 'sale'. It is a view: rows of views go under 'given_views'.",
            "tests/a.yaml:2:20: There is no source 'salse'. Did you mean 'sales'?",
            "tests/a.yaml:3:16: View 'offer' is computed from requests; give rows of what it reads.",
            "tests/a.yaml:10:15: 'one' is no value for column 'shop' of source 'sales': it is int64, a whole number from -9223372036854775808 to 9223372036854775807.",
            "tests/a.yaml:11:7: A row of source 'sales' lacks 'at', the instant at which it was known. (Write null for a row without one.)",
            "tests/a.yaml:19:5: There is no view 'sael' (asked for by the request). Did you mean 'sale'?",
            "tests/a.yaml:20:5: View 'sale@1.0.0' has no feature 'amuont' (asked for by the request). Did you mean 'amount'?",
            "tests/a.yaml:21:51: 'amount' names no feature. Write view:feature, or name the service whose vector has it: service: …",
            "tests/a.yaml:22:5: There is no service 'al'. Did you mean 'all'?",
            "tests/a.yaml:23:78: 'much' is no value for 'sale:units': it is int32, a whole number from -2147483648 to 2147483647.",
            "tests/a.yaml:23:42: Nothing that is asked for has a key or request field 'shoop'. Did you mean 'shop'?",
            "tests/a.yaml:23:39: 'x' is no value for join key 'shop': it is int64, a whole number from -9223372036854775808 to 9223372036854775807.",
            "tests/a.yaml:24:5: The join key 'shop' is missing. Write it into 'keys'; it is int64, a whole number from -9223372036854775808 to 9223372036854775807.",
            "tests/a.yaml:24:5: The request field 'price' is missing. Write it into 'request'; it is float64, a finite number.",
        ], at.Order(StringComparer.Ordinal).OrderBy(l => int.Parse(l.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture)).ThenBy(l => at.IndexOf(l)));
        Assert.Contains("  ok      asked: right", run.Out, StringComparison.Ordinal);
    }

    static List<string> Lines(string output) => [.. output.Split('\n').Select(l => l.Trim()).Where(l => l.StartsWith("tests/a.yaml:", StringComparison.Ordinal))];

    [Fact]
    public async Task Some_tests_can_be_chosen_and_too_little_coverage_fails()
    {
        using var temp = Project(Right, "test: other\nat: 2026-01-05\nkeys: { shop: 3 }\nexpect: { \"sale:amount\": null }\n");
        Assert.Equal("tests/b.yaml\n  ok      other\n", (await new Run { Folder = temp.Path }.VerbAsync("test --filter OTHER")).Ok().Out);
        Assert.Equal("tests/b.yaml\n  ok      other\n", (await new Run { Folder = temp.Path }.VerbAsync("test tests/b.yaml")).Ok().Out);
        Assert.Equal(ExitCode.NotFound, (await new Run { Folder = temp.Path }.VerbAsync("test tests/c.yaml")).Code);
        Assert.Equal(ExitCode.NotFound, (await new Run { Folder = temp.Path }.VerbAsync("test --filter nothing")).Code);
        File.Delete(temp["tests/a.yaml"]);
        var run = await new Run { Folder = temp.Path }.VerbAsync("test --coverage-min 50");
        Assert.Equal(ExitCode.Failed, run.Code);
        Assert.Contains("1 of 8 features has a test (13%).\n  Without one: sale:units, sale:tags, sale:seen, day:total, offer:unit_price, offer:is_cheap, offer:hours.\n", run.Error, StringComparison.Ordinal);
        Assert.Contains("Too few: --coverage-min 50.", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("push: {}")]
    [InlineData("files: { path: in/*.jsonl }")]
    public async Task Events_of_a_stream_are_given_like_rows(string stream)
    {
        using var temp = Project("test: pushed\ngiven: { clicks: [ { shop: 1, clicked_at: 2026-01-05T09:00:00Z, page: home } ] }\nat: 2026-01-05T09:00:00Z\nkeys: { shop: 1 }\nexpect: { \"click:page\": home }\n");
        File.WriteAllText(temp["features/clicks.yaml"], "kind: source\nname: clicks\nstream: { " + stream + ", timestamp: clicked_at }\ncolumns: { shop: int64, clicked_at: timestamp, page: string }\n---\nkind: value_view\nname: click\nentity: shop\nsource: clicks\nfeatures: { page: string }\n");
        (await new Run { Folder = temp.Path }.VerbAsync("test")).Ok();
    }

    [Fact]
    public async Task A_clock_can_stand_far_away()
    {
        using var temp = Project("""
            test: far
            given:
              sales:
                - { shop: 1, at: 0001-12-31T23:30:00Z, amount: 1 }
                - { shop: 1, at: 9998-12-30T23:30:00Z, amount: 2 }
            keys: { shop: 1 }
            cases:
              - { case: long ago, at: 0002-01-01T00:00:00Z, expect: { "sale:amount": 1 } }
              - { case: in far years, at: 9998-12-31T00:00:00Z, expect: { "sale:amount": 2 } }
            """);
        (await new Run { Folder = temp.Path }.VerbAsync("test")).Ok();
    }

    [Fact]
    public async Task Wrong_definitions_and_no_tests_are_told()
    {
        using var temp = Project();
        var none = await new Run { Folder = temp.Path }.VerbAsync("test");
        Assert.Equal(ExitCode.NotFound, none.Code);
        Assert.Contains("There are no tests in 'tests/'", none.Error, StringComparison.Ordinal);
        File.WriteAllText(temp["tests/a.yaml"], Right);
        File.WriteAllText(temp["features/more.yaml"], "kind: on_demand_view\nname: bad\nfeatures: { x: sqtr(2.0) }\n");
        var bad = await new Run { Folder = temp.Path }.VerbAsync("test");
        Assert.Equal(ExitCode.DefinitionsInvalid, bad.Code);
        Assert.Contains("features/more.yaml:3:16: error: Feature 'x' of view 'bad': There is no function 'sqtr'. Did you mean 'sqrt'?", bad.Error, StringComparison.Ordinal);
    }

    // A check that cannot fail is none: with a store that forgets, serving differs from training, and every case says so.
    [Fact]
    public async Task A_difference_between_training_and_serving_fails_even_where_nothing_is_expected()
    {
        using var temp = Project("test: parity\ngiven: { sales: [ { shop: 1, at: 2026-01-05T09:00:00Z, amount: 5 } ] }\nat: 2026-01-05T09:00:00Z\nkeys: { shop: 1, rival: 1 }\nrequest: { price: 1 }\nservice: all\n");
        await using var host = ProjectHost.Open(temp.Path, null, static _ => null, TimeProvider.System);
        var setup = host.FeatureTests(host.Folder.ReadDefinitions().Definitions, null, TestContext.Current.CancellationToken);
        var tests = host.Folder.ReadTests().Tests;
        Assert.True((await FeatureTestRunner.RunAsync(setup, tests, null, null, TestContext.Current.CancellationToken)).Results[0].Passed);

        var broken = setup with { OnlineStore = (path, clock) => new ForgetfulStore(setup.OnlineStore(path, clock)) };
        var result = (await FeatureTestRunner.RunAsync(broken, tests, null, null, TestContext.Current.CancellationToken)).Results[0];
        Assert.False(result.Passed);
        Assert.Contains("sale:amount", result.Features.Where(f => !f.Agrees).Select(f => f.Name));
    }

    sealed class ForgetfulStore(IOnlineStore store) : IOnlineStore
    {
        public ValueTask ReadAsync(OnlineReadBatch batch, CancellationToken token) => ValueTask.CompletedTask;
        public ValueTask<bool> WriteAsync(string table, CellUpdates updates, ICellMerge merge, Fence fence, CancellationToken token) => store.WriteAsync(table, updates, merge, fence, token);
        public IAsyncEnumerable<(byte[] Key, byte[] Cell)> ScanAsync(string table, CancellationToken token) => store.ScanAsync(table, token);
        public ValueTask<Lease?> TryAcquireLeaseAsync(string table, string owner, TimeSpan duration, CancellationToken token) => store.TryAcquireLeaseAsync(table, owner, duration, token);
        public ValueTask<bool> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken token) => store.RenewLeaseAsync(lease, duration, token);
        public ValueTask ReleaseLeaseAsync(Lease lease, CancellationToken token) => store.ReleaseLeaseAsync(lease, token);
        public ValueTask DropAsync(string table, CancellationToken token) => store.DropAsync(table, token);
        public ValueTask<IReadOnlyList<OnlineTable>> ListAsync(CancellationToken token) => store.ListAsync(token);
        public ValueTask DisposeAsync() => store.DisposeAsync();
    }
}
