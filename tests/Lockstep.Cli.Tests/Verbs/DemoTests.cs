using Lockstep.Cli.Demo;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving;

namespace Lockstep.Cli.Tests.Verbs;

public sealed class DemoTests
{
    sealed class StoppedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }

    [Fact]
    public async Task S22_the_demo_runs_to_its_end_and_every_served_value_has_the_bits_of_the_training_set()
    {
        using var temp = new TempFolder();
        var run = (await new Run { Folder = temp.Path }.VerbAsync("demo", "d", "--json")).Ok();
        var json = run.Json;
        Assert.Equal(temp["d"], (string?)json["folder"]);
        Assert.Null(json["parity"]!["difference"]);
        Assert.Equal((1000, 12_000), ((int)json["parity"]!["vectors"]!, (int)json["parity"]!["values"]!));
        Assert.InRange((int)json["parity"]!["present"]!, 10_500, 11_999);
        foreach (var step in json["steps"]!.AsArray().Where(s => s!["command"] is not null)) Assert.Contains($"$ {step!["command"]}", run.Error, StringComparison.Ordinal);
        Assert.Contains("What to try next", run.Error, StringComparison.Ordinal);
        Assert.Equal(20_000 + 1, 1 + (int)(await new Run { Folder = temp["d"] }.VerbAsync("training-set --spine payments.parquet --service fraud --out again.csv --json")).Ok().Json["rows"]!);
    }

    [Fact]
    public async Task The_same_clock_gives_the_same_bytes()
    {
        using var temp = new TempFolder();
        var clock = new StoppedClock(new(2026, 5, 6, 7, 8, 9, TimeSpan.Zero));
        foreach (var name in new[] { "a", "b" })
        {
            await using var host = Host(temp[name]);
            new DemoData(host.Engine, temp[name], Instant.Now(clock)).Write(TestContext.Current.CancellationToken);
        }
        foreach (var file in new[] { "raw/customer_changes.parquet", "raw/merchant_scores.parquet", "raw/payments.parquet", "recent.jsonl", "payments.parquet", "payments_sample.parquet" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(temp["a"], file)), File.ReadAllBytes(Path.Combine(temp["b"], file)));

        static Server.ProjectHost Host(string folder)
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, "lockstep.yaml"), "project: x\n");
            return Server.ProjectHost.Open(folder, null, _ => null, TimeProvider.System);
        }
    }

    [Fact]
    public async Task A_folder_with_something_in_it_is_left_alone()
    {
        using var temp = new TempFolder();
        File.WriteAllText(temp["mine"], "");
        var run = await new Run { Folder = temp.Path }.VerbAsync("demo .");
        Assert.Equal(ExitCode.BadArguments, run.Code);
        Assert.Equal([temp["mine"]], Directory.EnumerateFileSystemEntries(temp.Path));
    }

    [Fact]
    public void The_comparison_sees_one_bit()
    {
        var value = 0.1;
        var served = new FeatureVectors(["x"], [FeatureType.Float64], [], 0, [[new(Value.Of(value), FeatureStatus.Present, null)]]);
        Assert.Null(DemoParity.Compare(served, [[Value.Of(1L), Value.Of(value)]], 1).Difference);
        Assert.Contains("x of row 1", DemoParity.Compare(served, [[Value.Of(1L), Value.Of(Math.BitIncrement(value))]], 1).Difference, StringComparison.Ordinal);
        Assert.Contains("training rows", DemoParity.Compare(served, [], 1).Difference, StringComparison.Ordinal);
    }
}
