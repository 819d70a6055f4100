using System.Text.Json;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Server.Tests;

/// <summary>The same expressions computed per request and when rows are written, through files, runs, requests and training sets.</summary>
public sealed class WrittenViewTests
{
    const string Features = """
          chill: weather:temp - weather:wind * 0.7
          calm: { expression: "weather:wind < 5", default: false }
          label: "upper(weather:name) || cast(weather:n as string)"
        """;

    static TestProject Project() => TestProject.Create("2026-11-01T12:00:00Z",
        ("lockstep.yaml", "project: p"),
        ("features/all.yaml", $$"""
            kind: entity
            name: airport
            join_keys: { airport: string }
            ---
            kind: source
            name: weather
            table: { path: weather.csv, timestamp: at }
            columns: { airport: string, at: timestamp, temp: float64, wind: float64, name: string, n: int64 }
            ---
            kind: value_view
            name: weather
            entity: airport
            source: weather
            ttl: 3h
            features: { temp: float64, wind: { type: float64, default: 2 }, name: string, n: int64 }
            ---
            kind: on_demand_view
            name: asked
            features:
            {{Features}}
            ---
            kind: on_demand_view
            name: written
            write: true
            features:
            {{Features}}
            ---
            kind: on_demand_view
            name: over
            features: { both: "written:calm or asked:calm" }
            """),
        ("weather.csv", """
            airport,at,temp,wind,name,n
            JFK,2026-11-01T11:00:00Z,20.5,7.25,Kennedy,1
            JFK,2026-11-01T11:30:00Z,21.5,3.25,Kennedy,2
            MIA,2026-11-01T11:00:00Z,30,,Miami,
            OLD,2026-11-01T08:00:00Z,1,1,Old,1

            """),
        ("spine.csv", "airport,event_timestamp\nJFK,2026-11-01T12:00:00Z\nJFK,2026-11-01T11:10:00Z\nMIA,2026-11-01T12:00:00Z\n"));

    [Fact]
    public async Task S16_S22_what_is_written_is_what_would_be_computed_at_serving_and_in_training_sets()
    {
        await using var project = Project();
        await project.ApplyAsync();
        await project.MaterializeAsync();
        await project.ServeAsync();
        var (status, body) = await project.PostAsync("/api/v1/features/online", """{"features":["written:*","asked:*","over:both"],"full_names":true,"entities":[{"airport":"JFK"},{"airport":"MIA"},{"airport":"OLD"},{"airport":null}]}""");
        Assert.True(status == 200, body);
        using var json = JsonDocument.Parse(body);
        Assert.Equal("""
            {"values":[19.225,true,"KENNEDY2",19.225,true,"KENNEDY2",true],"statuses":["PRESENT","PRESENT","PRESENT","PRESENT","PRESENT","PRESENT","PRESENT"],"event_timestamps":["2026-11-01T11:30:00Z","2026-11-01T11:30:00Z","2026-11-01T11:30:00Z",null,null,null,null]}
            {"values":[28.6,true,null,28.6,true,null,true],"statuses":["PRESENT","PRESENT","NULL_VALUE","PRESENT","PRESENT","NULL_VALUE","PRESENT"],"event_timestamps":["2026-11-01T11:00:00Z","2026-11-01T11:00:00Z","2026-11-01T11:00:00Z",null,null,null,null]}
            {"values":[null,false,null,null,true,null,true],"statuses":["OUTSIDE_MAX_AGE","OUTSIDE_MAX_AGE","OUTSIDE_MAX_AGE","NULL_VALUE","PRESENT","NULL_VALUE","PRESENT"],"event_timestamps":["2026-11-01T08:00:00Z","2026-11-01T08:00:00Z","2026-11-01T08:00:00Z",null,null,null,null]}
            {"values":[null,false,null,null,true,null,true],"statuses":["NOT_FOUND","NOT_FOUND","NOT_FOUND","NOT_FOUND","NOT_FOUND","NOT_FOUND","NOT_FOUND"],"event_timestamps":[null,null,null,null,null,null,null]}
            """.ReplaceLineEndings("\n"), string.Join("\n", json.RootElement.GetProperty("rows").EnumerateArray().Select(r => r.GetRawText())));

        var catalog = await project.Host.LoadCatalogAsync(CancellationToken.None);
        var request = new TrainingSetRequest { Catalog = catalog, Spine = Spine.File(Path.Combine(project.Folder, "spine.csv")), Features = [FeatureQuery.ParseReference("written:*"), FeatureQuery.ParseReference("asked:*")], FullNames = true };
        var output = Path.Combine(project.Folder, "out.csv");
        project.Host.TrainingSets.Run(request with { Output = new(output, TableFormat.Csv) }, null, CancellationToken.None);
        Assert.Equal(["19.225,true,KENNEDY2,19.225,true,KENNEDY2", "15.425,false,KENNEDY1,15.425,false,KENNEDY1", "28.6,true,,28.6,true,"], File.ReadAllLines(output).Skip(1).Select(l => string.Join(',', l.Split(',').Skip(2))));
    }

    [Fact]
    public async Task S23_applied_again_nothing_changes_and_what_it_reads_is_told()
    {
        await using var project = Project();
        await project.ApplyAsync();
        var read = project.Host.Folder.ReadDefinitions();
        var plan = await project.Host.RegistryService.PlanAsync(read.Definitions, read.Problems, project.Host.Schemas(CancellationToken.None), CancellationToken.None);
        Assert.Empty(plan.Changes);
        Assert.Empty(plan.Refusals);
        var described = Assert.Single(await project.Host.RegistryService.DescribeAsync("written", CancellationToken.None));
        Assert.Equal((ValueView.KindName, "weather@1.0.0"), (described.Object.Kind, string.Join(",", described.Reads)));
        Assert.Equal(["on_demand_view over@1.0.0"], described.UsedBy);
    }
}
