using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.RegularExpressions;
using Lockstep.Compliance;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.OnDemand;
using Lockstep.Runtime.Projects;
using Lockstep.Runtime.TrainingSets;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Lockstep.Server.Tests.Transformations;

/// <summary>The view of the guide, and an exception where the price is negative.</summary>
sealed class ThrowingBasket : CSharpView<BasketInput, BasketOutput>
{
    readonly BasketScore _score = new();

    public override string Name => nameof(BasketScore);

    public override void Compute(in BasketInput input, ref BasketOutput output)
    {
        if (input.Price < 0) throw new ArgumentOutOfRangeException(nameof(input), "a price is not negative");
        _score.Compute(in input, ref output);
    }
}

/// <summary>A C# view through training sets and over HTTP.</summary>
public sealed class CSharpViewTests
{
    static readonly string s_guide = File.ReadAllText(Path.Combine(TestProject.Data("definitions"), "..", "..", "..", "docs", "guide", "csharp-views.md"));

    static string Block(string language) => Regex.Match(s_guide, $"^```{language}\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline).Groups[1].Value;

    const string Stored = """
        kind: entity
        name: user
        join_keys: { user: string }
        ---
        kind: source
        name: accounts
        table: { path: data/accounts.csv, timestamp: changed_at }
        columns: { user: string, changed_at: timestamp, bought: int32 }
        ---
        kind: value_view
        name: account
        entity: user
        source: accounts
        features: { bought: int32 }
        ---

        """;

    static async Task<(TestProject Project, ProjectHost Host)> Project(string spine)
    {
        var project = TestProject.Create("2026-02-01T00:00:00Z", ("lockstep.yaml", "project: p\n"), ("features/all.yaml", Stored + Block("yaml")),
            ("data/accounts.csv", "user,changed_at,bought\na,2026-01-01T00:00:00Z,4\nb,2026-01-01T00:00:00Z,0\n"), ("spine.csv", spine));
        ProjectHost host = new(ProjectFolder.Open(project.Folder, null, _ => null), project.Clock, new(new ThrowingBasket()));
        var read = host.Folder.ReadDefinitions();
        await host.RegistryService.ApplyAsync(await host.RegistryService.PlanAsync(read.Definitions, read.Problems, host.Schemas(CancellationToken.None), CancellationToken.None), "test", "", CancellationToken.None);
        await host.Materializer.RunAsync(new() { Catalog = await host.LoadCatalogAsync(CancellationToken.None) }, null, CancellationToken.None);
        return (project, host);
    }

    static async Task<string> Train(ProjectHost host, string folder)
    {
        var path = Path.Combine(folder, "out.csv");
        host.TrainingSets.Run(new() { Catalog = await host.LoadCatalogAsync(CancellationToken.None), Spine = Spine.File(Path.Combine(folder, "spine.csv")), Features = [new() { View = "basket" }], Output = new(path, TableFormat.Csv) }, null, CancellationToken.None);
        return await File.ReadAllTextAsync(path);
    }

    [Fact]
    public void The_code_of_the_guide_is_what_is_tested_here()
    {
        var source = File.ReadAllText(Path.Combine(TestProject.Data("definitions"), "..", "..", "Lockstep.Server.Tests", "Transformations", "BasketScore.cs"));
        Assert.Contains(Block("csharp"), source, StringComparison.Ordinal);
    }

    [Fact]
    public async Task S16_a_csharp_view_is_trained_on_and_served_by_one_method()
    {
        var (project, host) = await Project("user,event_timestamp,price\na,2026-01-05T00:00:00Z,10\nb,2026-01-05T00:00:00Z,200\nc,2026-01-05T00:00:00Z,1\na,2026-01-05T00:00:00Z,\n");
        await using var _ = project;
        await using var __ = host;
        Assert.Equal("user,event_timestamp,price,per_piece,size\na,2026-01-05T00:00:00Z,10,2.5,small\nb,2026-01-05T00:00:00Z,200,,large\nc,2026-01-05T00:00:00Z,1,,small\na,2026-01-05T00:00:00Z,,,none\n", await Train(host, project.Folder));

        await using var server = LockstepServer.Build(host.ServerParts(new()), builder =>
        {
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Logging.SetMinimumLevel(LogLevel.None);
        });
        await server.StartAsync();
        using HttpClient http = new() { BaseAddress = new(server.Urls.First()) };
        await Poll.ReadyAsync(http);
        using var answer = await http.PostAsync("/api/v1/features/online", new StringContent("""{"features":["basket:*"],"entities":[{"user":"a"},{"user":"b"},{"user":"c"},{"user":"a"}],"request":[{"price":10},{"price":200},{"price":1},{"price":null}]}""", Encoding.UTF8, "application/json"));
        var body = await answer.Content.ReadAsStringAsync();
        Assert.Contains("""[2.5,"small"]""", body, StringComparison.Ordinal);
        Assert.Contains("""[null,"large"]""", body, StringComparison.Ordinal);
        Assert.Contains("""[null,"none"]""", body, StringComparison.Ordinal);

        // An exception fails the request, by view and row, and nothing else.
        using var failed = await http.PostAsync("/api/v1/features/online", new StringContent("""{"features":["basket:*"],"entities":[{"user":"a"},{"user":"b"}],"request":[{"price":10},{"price":-1}]}""", Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
        Assert.StartsWith("entities[1]: View 'basket@1.0.0' is written in C#, and threw ArgumentOutOfRangeException: a price is not negative", (await failed.Content.ReadFromJsonAsync<System.Text.Json.JsonElement>()).GetProperty("detail").GetString(), StringComparison.Ordinal);
        using var again = await http.PostAsync("/api/v1/features/online", new StringContent("""{"features":["basket:*"],"entities":[{"user":"a"}],"request":[{"price":10}]}""", Encoding.UTF8, "application/json"));
        Assert.Contains("""[2.5,"small"]""", await again.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exception_in_a_training_set_names_the_row_of_the_spine_and_leaves_no_file()
    {
        var (project, host) = await Project("user,event_timestamp,price\na,2026-01-05T00:00:00Z,10\nb,2026-01-05T00:00:00Z,-2\n");
        await using var _ = project;
        await using var __ = host;
        var thrown = await Assert.ThrowsAsync<LockstepException>(() => Train(host, project.Folder));
        Assert.StartsWith($"spine '{Path.Combine(project.Folder, "spine.csv")}', row 2: View 'basket@1.0.0' is written in C#, and threw ArgumentOutOfRangeException: a price is not negative", thrown.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(project.Folder, "out.csv")));
    }

    [Fact]
    public async Task A_program_without_the_view_serves_the_rest_and_says_what_is_missing()
    {
        var (project, host) = await Project("user,event_timestamp,price\n");
        await using var _ = project;
        await using var __ = host;
        var read = project.Host.Folder.ReadDefinitions();
        var validated = await project.Host.RegistryService.ValidateAsync(read.Definitions, read.Problems, project.Host.Schemas(CancellationToken.None), CancellationToken.None);
        Assert.Contains(validated.Problems, p => p.Message.StartsWith("View 'basket' is written in C#: 'BasketScore', which this program does not have.", StringComparison.Ordinal));
        var catalog = await project.Host.LoadCatalogAsync(CancellationToken.None);
        var server = project.Host.CreateFeatureServer(catalog);
        var served = await server.GetAsync(Runtime.Serving.FeatureQuery.OfFeatures(["account:bought"]), [new Dictionary<string, Core.Rows.Value> { ["user"] = Core.Rows.Value.Of("a") }], CancellationToken.None);
        Assert.Equal(Core.Rows.Value.Of(4), served.Rows[0][0].Value);
        var refused = await Assert.ThrowsAsync<LockstepException>(async () => await server.GetAsync(Runtime.Serving.FeatureQuery.OfFeatures(["basket:size"]), [new Dictionary<string, Core.Rows.Value>()], CancellationToken.None));
        Assert.StartsWith("View 'basket@1.0.0' is written in C#: 'BasketScore', which this program does not have.", refused.Message, StringComparison.Ordinal);
        Assert.Equal("csharp", Assert.Single((await project.Host.RegistryService.DescribeAsync("basket", CancellationToken.None))[0].Facts).Name);
    }
}
