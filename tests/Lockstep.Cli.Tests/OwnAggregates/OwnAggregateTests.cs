using System.Text.RegularExpressions;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Cli.Tests.OwnAggregates;

/// <summary>A function of one's own, from YAML by its name to training sets, streams and served values.</summary>
public sealed partial class OwnAggregateTests : IDisposable
{
    readonly TempFolder _temp = TempFolder.OfProject("machines");
    readonly Run _run;
    readonly DateTime _now = DateTime.UtcNow;

    public OwnAggregateTests()
    {
        AggregateCatalog.Register(Own.Spread);
        _run = new Run { Folder = _temp.Path };
        File.WriteAllText(_temp["features/all.yaml"], $$"""
            kind: entity
            name: machine
            join_keys: { machine: string }
            ---
            kind: source
            name: readings
            table: { path: readings.csv, timestamp: at }
            stream: { push: {} }
            columns: { machine: string, at: timestamp, temperature: float64 }
            ---
            {{Block("yaml", 0)}}
            """);
        File.WriteAllText(_temp["readings.csv"], Rows((30, 4), (29, 9.5), (28, 7)));
    }

    public void Dispose() => _temp.Dispose();

    static string Guide => File.ReadAllText(Path.Combine(Repository.Root, "docs/guide/own-aggregates.md"));

    static string Block(string language, int index) => Regex.Matches(Guide, $"^```{language}\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)[index].Groups[1].Value;

    string Rows(params (int HoursAgo, double Temperature)[] rows)
        => "machine,at,temperature\n" + string.Concat(rows.Select(r => FormattableString.Invariant($"press,{_now.AddHours(-r.HoursAgo):yyyy-MM-ddTHH:mm:ssZ},{r.Temperature}\n")));

    [Fact]
    public void The_code_of_the_guide_is_what_is_tested_here()
    {
        var source = File.ReadAllText(Path.Combine(Repository.Root, "tests/Lockstep.Cli.Tests/OwnAggregates/Spread.cs"));
        foreach (var block in new[] { 0, 1, 2 }) Assert.Contains(Flat(Block("csharp", block)), Flat(source), StringComparison.Ordinal);

        static string Flat(string text) => Spaces().Replace(text, " ").Trim();
    }

    [Fact]
    public async Task S13_S22_an_own_function_is_used_by_its_name_in_training_streams_and_serving()
    {
        (await _run.VerbAsync("apply --yes")).Ok();
        (await _run.VerbAsync("materialize")).Ok();
        File.WriteAllText(_temp["more.csv"], Rows((1, 3.5), (2, -200), (3, 12)));
        (await _run.VerbAsync("push readings more.csv")).Ok();
        var served = (await _run.VerbAsync("get --features drift:* machine=press --json")).Ok().Json["rows"]![0]!["values"]!.ToJsonString();
        Assert.Equal("[0,8.5]", served); // nothing in the last hour: the default; -200 is filtered out

        File.WriteAllText(_temp["spine.csv"], $"machine,event_timestamp\npress,{DateTime.UtcNow.AddMinutes(1):yyyy-MM-ddTHH:mm:ssZ}\nother,{_now:yyyy-MM-ddTHH:mm:ssZ}\n");
        (await _run.VerbAsync("training-set --spine spine.csv --features drift:* --out out.csv")).Ok();
        Assert.Equal(["0,8.5", "0,0"], File.ReadLines(_temp["out.csv"]).Skip(1).Select(l => string.Join(',', l.Split(',')[^2..])));
        (await _run.VerbAsync("verify")).Ok();
        Assert.Contains("spread", (await _run.VerbAsync("describe drift")).Ok().Out, StringComparison.Ordinal);
    }

    [Fact]
    public void S23_the_version_of_an_own_function_is_part_of_what_a_view_means()
    {
        OwnAggregate<Spread, double, double> next = new("spread", "", FeatureType.Float64, FeatureType.Float64, "1.1.0");
        Assert.Equal("There is a function 'spread' already, of version 1.0.0. Give the own aggregate another name.", Assert.Throws<ArgumentException>(() => AggregateCatalog.Register(next)).Message);
        AggregateCatalog.Register(new OwnAggregate<Spread, double, double>("spread", "", FeatureType.Float64, FeatureType.Float64)); // the same again
        Assert.StartsWith("There is a function 'sum' already.", Assert.Throws<ArgumentException>(() => AggregateCatalog.Register(new OwnAggregate<Spread, double, double>("sum", "", FeatureType.Float64, FeatureType.Float64))).Message, StringComparison.Ordinal);
        Assert.Contains("it is a key of features", Assert.Throws<ArgumentException>(() => AggregateCatalog.Register(new OwnAggregate<Spread, double, double>("windows", "", FeatureType.Float64, FeatureType.Float64))).Message, StringComparison.Ordinal);
        AggregationView view = new() { Name = "v", Source = "s", Features = [new() { Name = "t", Function = "spread", Column = "x", Windows = [new("1h", Instant.Hour, Instant.Minute)] }] };
        Assert.Contains("\"spread\" \"x\" \"version=1.0.0\"", Fingerprint.Meaning(view, new([]), [new() { Name = "s" }]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_without_the_function_says_so_by_name_and_goes_on_with_the_rest()
    {
        (await _run.VerbAsync("apply --yes")).Ok();
        // As another program finds the registry: the function is of a name that this one does not know.
        Core.Definitions.Catalog catalog;
        await using (var host = Lockstep.Server.ProjectHost.Open(_temp.Path, null, static _ => null, TimeProvider.System)) catalog = await host.LoadCatalogAsync(CancellationToken.None);
        var view = catalog.Views.Single(v => v.Name == "drift");
        var unknown = view with { View = (AggregationView)view.View with { Features = [.. ((AggregationView)view.View).Features.Select(f => f with { Function = "spread_of_others" })] } };

        const string Expected = "View 'drift@1.0.0' uses the function 'spread_of_others', which this program does not have. Run it from the program that registers it (docs/guide/own-aggregates.md).";
        Assert.Equal(Expected, Assert.Throws<Core.LockstepException>(() => EventProgram.Of(unknown)).Message);
        List<string> warned = [];
        await using (var host = Lockstep.Server.ProjectHost.Open(_temp.Path, null, static _ => null, TimeProvider.System))
        {
            await using var streams = host.OpenStreams((_, message) => warned.Add(message));
            await streams.UpdateAsync(new(1, catalog.Entities.Values, catalog.Sources.Values, [unknown], []), CancellationToken.None);
            var report = await host.Materializer.RunAsync(new() { Catalog = new(1, catalog.Entities.Values, catalog.Sources.Values, [unknown], []) }, null, CancellationToken.None);
            Assert.Equal(Expected, report.Views.Single().Error!.Message);
        }
        Assert.Equal($"{Expected} Events of source 'readings' are not applied to it here.", Assert.Single(warned));
    }

    [Fact]
    public async Task A_name_that_nobody_registered_is_told_with_what_there_is()
    {
        File.WriteAllText(_temp["features/all.yaml"], File.ReadAllText(_temp["features/all.yaml"]).Replace("spread:", "sprad:", StringComparison.Ordinal));
        var refused = await _run.VerbAsync("validate");
        Assert.Contains("has no key 'sprad'. Did you mean 'spread'?", refused.Out + refused.Error, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
