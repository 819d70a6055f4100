using System.Text.Json.Nodes;
using Lockstep.Server.Tests.Api;

namespace Lockstep.Server.Tests.Feast;

/// <summary>Runs over Feast's format do what runs do.</summary>
public sealed class MaterializeTests
{
    static async Task<string> TempAsync(TestProject project)
        => JsonNode.Parse((await project.PostAsync("/get-online-features", """{"features":["weather:temp"],"entities":{"airport":["MIA"]}}""")).Body)!["results"]![1]!.ToJsonString();

    [Fact]
    public async Task S7_rows_up_to_the_end_come_online_and_late_ones_with_the_next_run()
    {
        await using var project = await (await WeatherProject.Create().ApplyAsync()).ServeAsync();
        Assert.Contains("NOT_FOUND", await TempAsync(project), StringComparison.Ordinal);
        Assert.Equal((200, "null"), await project.PostAsync("/materialize-incremental", """{"end_ts":"2026-11-01T08:00:00"}"""));
        Assert.Contains("NOT_FOUND", await TempAsync(project), StringComparison.Ordinal); // its row is later
        Assert.Equal((200, "null"), await project.PostAsync("/materialize-incremental", """{"end_ts":"2026-11-01T12:00:00","feature_views":["weather"]}"""));
        Assert.Contains("27.25", await TempAsync(project), StringComparison.Ordinal);
        await File.AppendAllTextAsync(Path.Combine(project.Folder, "raw", "weather.csv"), "MIA,2026-11-01T11:45:00Z,28,9,,,,\n"); // before the end of the last run
        Assert.Equal((200, "null"), await project.PostAsync("/materialize-incremental", """{"end_ts":"2026-11-01T12:00:00","feature_views":null}"""));
        Assert.Contains("28.0", await TempAsync(project), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_is_not_waited_for_can_be_watched_and_one_that_fails_says_why()
    {
        await using var project = await (await WeatherProject.Create().ApplyAsync()).ServeAsync();
        Assert.Equal((202, """{"status":"accepted","feature_views":["weather"]}"""), await project.PostAsync("/materialize?async=true", """{"disable_event_timestamp":true,"feature_views":["weather"]}"""));
        await project.EndedAsync("1");
        Assert.Contains("27.25", await TempAsync(project), StringComparison.Ordinal);
        await File.AppendAllTextAsync(Path.Combine(project.Folder, "raw", "weather.csv"), "MIA,2026-11-01T11:45:00Z,hot,9,,,,\n");
        var (status, body) = await project.PostAsync("/materialize", """{"start_ts":"2026-11-01T00:00:00Z","end_ts":"2026-11-01T12:00:00Z","feature_views":["weather"]}""");
        Assert.Equal(500, status);
        Assert.Contains("hot", body, StringComparison.Ordinal);
        (status, body) = await project.PostAsync("/materialize", """{"start_ts":"2026-11-01T00:00:00Z","end_ts":"2026-11-01T12:00:00Z","feature_views":["weather",5]}""");
        Assert.Equal((422, """{"detail":[{"type":"string_type","loc":["body","feature_views",1],"msg":"Input should be a valid string","input":5}]}"""), (status, body));
    }
}
