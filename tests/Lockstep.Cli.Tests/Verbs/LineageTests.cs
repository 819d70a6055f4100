namespace Lockstep.Cli.Tests.Verbs;

/// <summary>What things are made of, by the command line.</summary>
public sealed class LineageTests : IDisposable
{
    readonly TempFolder _temp = new();
    readonly Run _run;

    public LineageTests()
    {
        _run = new Run { Folder = _temp.Path };
        _run.VerbAsync("init -t minimal").GetAwaiter().GetResult().Ok();
        _run.VerbAsync("apply --yes").GetAwaiter().GetResult().Ok();
    }

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task An_object_is_shown_between_its_tables_and_its_services()
    {
        Assert.Equal("""
            value_view reading@1.0.0
              reads
                entity machine
                source readings
                  table raw/readings.csv
              used by
                feature_service failure@1
            """.ReplaceLineEndings("\n") + "\n", (await _run.VerbAsync("lineage reading")).Ok().Out);
        var json = (await _run.VerbAsync("lineage readings --json")).Ok().Json;
        Assert.Null(json["value"]);
        Assert.Equal("""[{"kind":"value_view","name":"reading","version":"1.0.0","used_by":[{"kind":"feature_service","name":"failure","version":"1","used_by":[]}]}]""", json["objects"]![0]!["used_by"]!.ToJsonString());
        Assert.Equal(5, (await _run.VerbAsync("lineage nothing")).Code);
    }

    [Fact]
    public async Task A_value_is_shown_with_the_rows_that_made_it()
    {
        var run = (await _run.VerbAsync("lineage --value reading:temperature machine=press-1 --at 2026-01-05T09:59:59Z --limit 1")).Ok();
        Assert.StartsWith("reading@1.0.0:temperature machine=press-1 as of 2026-01-05T09:59:59Z\n", run.Out, StringComparison.Ordinal);
        Assert.Matches(@"\n  value +63.25 PRESENT, 2026-01-05T09:00:00Z\n  get --at +the same bits\n", run.Out);
        Assert.Matches(@"2026-01-05T09:00:00Z  wins +temperature=63.25 pressure=2.2 +table  raw/readings.csv +2\n", run.Out);
        Assert.Matches(@"2026-01-05T10:00:00Z  after_instant +temperature=70 pressure=2.9 +table  raw/readings.csv +3\n", run.Out);
        Assert.Contains("more event", run.Error, StringComparison.Ordinal);
        var value = (await _run.VerbAsync("lineage --value reading:temperature machine=press-2 --at 2026-01-05T09:30:00Z --json")).Ok().Json["value"]!;
        Assert.Equal((true, "NULL_VALUE", 5), ((bool)value["equal"]!, (string)value["status"]!, (int)value["events"]!.AsArray().Single(e => (string)e!["fate"]! == "wins")!["row"]!));
        Assert.Equal("""{"temperature":null,"pressure":2}""", value["events"]![0]!["values"]!.ToJsonString());
    }

    [Theory]
    [InlineData("lineage", 2, "Name an object")]
    [InlineData("lineage reading failure", 2, "is more than one object")]
    [InlineData("lineage --value reading:temperature", 2, "The key 'machine' is missing")]
    [InlineData("lineage --value reading:warmth machine=press-1", 5, "has no feature 'warmth'")]
    [InlineData("lineage --value reading:* machine=press-1", 2, "a value has one")]
    [InlineData("lineage --value reading:temperature machine=press-1 --at 2126-01-01T00:00:00Z", 2, "is still to come")]
    [InlineData("lineage --value reading:temperature machine=press-1 --limit -1", 2, "Ask for 0 or more")]
    public async Task A_mistake_is_said(string line, int code, string says)
    {
        var run = await _run.VerbAsync(line);
        Assert.Equal(code, run.Code);
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
    }
}
