using System.Text;

namespace Lockstep.Server.Tests.Api;

public sealed class HistoricalTests(WeatherProject weather) : IClassFixture<WeatherProject>
{
    const string Path = "/api/v1/features/historical";
    const string Csv = "flight,airport,dest,event_timestamp\n1,JFK,MIA,2026-11-01T11:00:00Z\n2,JFK,LGA,2026-11-01T14:00:01Z\n1,JFK,MIA,2026-11-01T11:00:00Z\n";

    TestProject Project => weather.Project;

    async Task<(int Status, string Type, string Body, IEnumerable<string> Rows)> Post(string path, string body, string contentType, string? accept = null)
    {
        using HttpRequestMessage message = new(HttpMethod.Post, path) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        message.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        if (accept is not null) message.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await Project.Http.SendAsync(message);
        return ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType ?? "", await response.Content.ReadAsStringAsync(), response.Headers.TryGetValues("Lockstep-Rows", out var rows) ? rows : []);
    }

    [Theory, InlineData("?service=trip&format=csv", null), InlineData("?service=trip@1", "text/csv"), InlineData("?service=trip", "image/png, text/*;q=0.5")]
    public async Task S18_every_row_of_the_spine_comes_back_in_order_with_the_values_as_of_its_instant(string query, string? accept)
    {
        var (status, type, body, rows) = await Post(Path + query, Csv, "text/csv", accept);
        Assert.True(status == 200, body);
        Assert.Equal("text/csv", type);
        Assert.Equal(["3"], rows);
        Assert.Equal("flight,airport,dest,event_timestamp,temp,dest__visib\n1,JFK,MIA,2026-11-01T11:00:00Z,11.5,9.5\n2,JFK,LGA,2026-11-01T14:00:01Z,99,\n1,JFK,MIA,2026-11-01T11:00:00Z,11.5,9.5\n".Replace("99,\n", "99,\n", StringComparison.Ordinal), body.Replace("99.0,", "99,", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Json_in_and_json_out()
    {
        var (status, type, body, _) = await Post(Path + "?features=weather:temp,weather:n&full_names=true", """[{"airport":"JFK","event_timestamp":"2026-11-01T11:30:00Z"}]""", "application/json", "application/json");
        Assert.True(status == 200, body);
        Assert.Equal("application/json", type);
        using var json = System.Text.Json.JsonDocument.Parse(body);
        Assert.Equal((11.5, 9007199254740993), (json.RootElement[0].GetProperty("weather__temp").GetDouble(), json.RootElement[0].GetProperty("weather__n").GetInt64()));
    }

    [Fact]
    public async Task Parquet_comes_back_by_default_and_goes_in_again()
    {
        using HttpRequestMessage message = new(HttpMethod.Post, Path + "?service=trip") { Content = new StringContent(Csv, Encoding.UTF8, "text/csv") };
        using var response = await Project.Http.SendAsync(message);
        var parquet = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal("PAR1", Encoding.ASCII.GetString(parquet, 0, 4));
        using HttpRequestMessage again = new(HttpMethod.Post, Path + "?features=weather:visib&format=jsonl") { Content = new ByteArrayContent(parquet) };
        again.Content.Headers.TryAddWithoutValidation("Content-Type", "application/vnd.apache.parquet");
        using var second = await Project.Http.SendAsync(again);
        var lines = await second.Content.ReadAsStringAsync();
        Assert.True(second.IsSuccessStatusCode, lines);
        Assert.Equal(3, lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("\"dest__visib\":9.5", lines, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?service=trip", Csv, "text/plain", 400, "does not say what the spine is")]
    [InlineData("?service=trip&format=xml", Csv, "text/csv", 400, "'format=xml' is no format. Formats: parquet, csv, jsonl, json.")]
    [InlineData("?service=tripp", Csv, "text/csv", 404, "Did you mean 'trip'?")]
    [InlineData("", Csv, "text/csv", 400, "by 'service' or by 'features', one of them")]
    [InlineData("?service=trip&fullnames=true", Csv, "text/csv", 400, "Did you mean 'full_names'?")]
    [InlineData("?service=trip&full_names=yes", Csv, "text/csv", 400, "'full_names=yes' is neither true nor false")]
    [InlineData("?service=trip", "", "text/csv", 400, "The body is empty")]
    [InlineData("?service=trip", "airport,dest\nJFK,MIA\n", "text/csv", 400, "event_timestamp")]
    [InlineData("?service=trip", "airport,dest,event_timestamp\nJFK,MIA,soon\n", "text/csv", 400, "the spine in the body: spine.csv, row 1 (line 2): column 'event_timestamp': 'soon'")]
    [InlineData("?service=trip", "PAR1", "application/vnd.apache.parquet", 400, "spine.parquet is not Parquet: it is too short")]
    public async Task A_mistake_is_a_problem_that_says_what_would_be_right(string query, string body, string contentType, int status, string says)
    {
        var (code, type, answer, _) = await Post(Path + query, body, contentType);
        Assert.True(code == status, answer);
        Assert.Equal("application/problem+json", type);
        using var json = System.Text.Json.JsonDocument.Parse(answer);
        Assert.Contains(says, json.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_no_format_is_taken_of_is_not_acceptable_and_a_spine_over_the_limit_is_too_large()
    {
        Assert.Equal(406, (await Post(Path + "?service=trip", Csv, "text/csv", "image/png")).Status);
        var (status, _, answer, _) = await Post(Path + "?service=trip", Csv + new string('\n', 5_000), "text/csv");
        Assert.Equal(413, status);
        Assert.Contains("max_spine_bytes", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_left_of_spines_and_answers()
    {
        await Post(Path + "?service=trip", Csv, "text/csv");
        await Post(Path + "?service=trip", "x", "text/csv");
        Assert.Empty(Directory.EnumerateFileSystemEntries(Project.TemporaryFolder));
    }
}
