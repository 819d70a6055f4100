using System.Text;

namespace Lockstep.Server.Tests.Feast;

/// <summary>The library of the recordings in our definitions, served as of the instant that they suggest; with its ttls and without.</summary>
public sealed class LibraryServers : IAsyncLifetime
{
    static readonly string[] Loaded = ["reader_profile", "reader_lists", "branch_hours", "kiosk_state", "shelf_stock", "town_weather", "reader_pace"];

    internal TestProject AsDefined { get; private set; } = null!;
    internal TestProject WithoutTtl { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        AsDefined = await Start(line => line);
        WithoutTtl = await Start(line => line.StartsWith("ttl:", StringComparison.Ordinal) ? "" : line);
    }

    internal static async Task<TestProject> Start(Func<string, string> line)
    {
        var data = TestProject.Data("feast-http");
        List<(string, byte[])> files = [];
        foreach (var file in Directory.EnumerateFiles(Path.Combine(data, "lockstep"), "*.yaml", SearchOption.AllDirectories))
            files.Add((Path.GetRelativePath(data, file), Encoding.UTF8.GetBytes(string.Join('\n', File.ReadAllLines(file).Select(line)))));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(data, "project", "data"))) files.Add((Path.GetRelativePath(data, file), File.ReadAllBytes(file)));
        var project = TestProject.Create(files, "lockstep", "2026-02-12T12:00:00Z");
        await project.ApplyAsync();
        await project.MaterializeAsync(Loaded);
        return await project.ServeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (AsDefined is not null) await AsDefined.DisposeAsync();
        if (WithoutTtl is not null) await WithoutTtl.DisposeAsync();
    }
}

/// <summary>What a real Feast was asked, and what it answered or, where it is wrong, what is right.</summary>
public sealed class ReplayTests(LibraryServers servers) : IClassFixture<LibraryServers>
{
    public static TheoryData<string> Replayed => [.. Recording.All.Where(r => !r.IsWrite).Select(r => r.Name)];

    [Theory, MemberData(nameof(Replayed))]
    public async Task A_recorded_request_is_answered_like_by_feast_or_as_the_rules_say(string name)
        => await Check(servers.AsDefined, Find(name), Difference.All.Where(d => d.Case == name).ToList());

    [Theory, MemberData(nameof(Replayed))]
    public async Task Without_a_ttl_a_recorded_request_is_answered_like_by_feast_or_as_the_other_rules_say(string name)
        => await Check(servers.WithoutTtl, Find(name), Difference.All.Where(d => d.Case == name && !d.IsTtl).ToList());

    /// <summary>Where Feast over Redis says something else: PRESENT for what was never written (S20), which is NOT_FOUND, and fractions of seconds (S1).</summary>
    public static TheoryData<string> OtherwiseByRedis => [.. Recording.Redis.Where(r => !r.IsWrite && (r.Status, r.Answer) != (Find(r.Name).Status, Find(r.Name).Answer)).Select(r => r.Name)];

    [Theory, MemberData(nameof(OtherwiseByRedis))]
    public async Task What_feast_answers_otherwise_over_redis_is_answered_as_the_rules_say(string name)
        => await Check(servers.AsDefined, Recording.Redis.Single(r => r.Name == name), Difference.All.Where(d => d.Case == name).Prepend(Difference.NeverWritten(name)).ToList());

    /// <summary>In their order, against what Feast said over Redis, which keeps the newer row.</summary>
    [Fact]
    public async Task Recorded_writes_are_answered_and_read_like_by_feast_or_as_the_rules_say()
    {
        await using var project = await LibraryServers.Start(line => line);
        List<string> wrong = [];
        foreach (var recording in Recording.Redis.Where(r => r.IsWrite))
            try
            {
                await Check(project, recording, Difference.Writes.Where(d => d.Case == recording.Name).Prepend(Difference.NeverWritten(recording.Name)).ToList());
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                wrong.Add($"{recording.Name}: {e.Message}");
            }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
    }

    [Fact]
    public async Task After_a_refused_body_the_same_connection_takes_the_next_request()
    {
        using SocketsHttpHandler one = new() { MaxConnectionsPerServer = 1 };
        using HttpClient http = new(one) { BaseAddress = servers.AsDefined.Http.BaseAddress };
        var (refused, right) = (Find("text-content-type"), Find("one-feature"));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal((refused.Status, refused.Answer), await refused.SendAsync(http));
            Assert.Equal((right.Status, right.Answer), await right.SendAsync(http));
        }
    }

    [Fact]
    public async Task After_a_body_that_is_too_long_the_same_connection_takes_the_next_request()
    {
        using SocketsHttpHandler one = new() { MaxConnectionsPerServer = 1 };
        using HttpClient http = new(one) { BaseAddress = servers.AsDefined.Http.BaseAddress };
        var right = Find("one-feature");
        for (var i = 0; i < 3; i++)
        {
            using HttpRequestMessage message = new(HttpMethod.Post, right.Path) { Content = new StreamContent(new MemoryStream(new byte[(4 << 20) + 1])) };
            message.Content.Headers.ContentType = new("application/json");
            message.Headers.TransferEncodingChunked = true; // its length is not known before it is read
            using var response = await http.SendAsync(message);
            Assert.Equal(413, (int)response.StatusCode);
            Assert.Contains("max_request_bytes", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.Equal((right.Status, right.Answer), await right.SendAsync(http));
        }
    }

    static Recording Find(string name) => Recording.All.Single(r => r.Name == name);

    static async Task Check(TestProject project, Recording recording, List<Difference> differences)
    {
        var name = recording.Name;
        var (status, answer) = await recording.SendAsync(project.Http);
        if (differences.SingleOrDefault(d => d.Change is null) is { } own)
        {
            Assert.True(own.Status == status, $"{name}: {own.Status} was right ({own.Rule}), {status} came: {answer}");
            if (own.Says == "null") Assert.Equal(own.Says, answer);
            else if (status == 200) Assert.Equal(ColumnarAnswer.Parse(own.Says).ToString(), ColumnarAnswer.Parse(answer).ToString());
            else if (recording.Path == "/get-online-features" && status != 422) Assert.Contains(own.Says, System.Text.Json.JsonSerializer.Deserialize<string>(answer)!, StringComparison.Ordinal); // a text in JSON, as its clients expect
            else Assert.Contains(own.Says, answer, StringComparison.Ordinal);
            return;
        }
        Assert.True(recording.Status == status, $"{name}: Feast said {recording.Status}, {status} came: {answer}");
        if (status != 200 || recording.Answer is "" or "null")
        {
            Assert.Equal(recording.Answer, answer);
            return;
        }
        var expected = ColumnarAnswer.Parse(recording.Answer);
        foreach (var difference in differences) difference.Change!(expected);
        Assert.Equal(expected.ToString(), ColumnarAnswer.Parse(answer).ToString());
    }

    [Fact]
    public void Every_recording_is_replayed()
    {
        Assert.Equal(185, Recording.All.Select(r => r.Name).Distinct().Count());
        Assert.Equal(Recording.All.Select(r => (r.Name, r.Method, r.Path, r.RequestBody)), Recording.Redis.Select(r => (r.Name, r.Method, r.Path, r.RequestBody)));
        var ours = Recording.All.Count(r => Difference.All.Concat(Difference.Writes).Any(d => d.Case == r.Name));
        Assert.Equal("as by Feast 94, ours by a rule 91", $"as by Feast {Recording.All.Count - ours}, ours by a rule {ours}");
    }

    [Fact]
    public void Every_difference_is_of_a_request_that_is_replayed_and_changes_its_answer()
    {
        foreach (var difference in Difference.All.Concat(Difference.Writes))
        {
            var recording = (Difference.Writes.Contains(difference) ? Recording.Redis : Recording.All).Single(r => r.Name == difference.Case);
            if (difference.Change is null)
            {
                Assert.True(recording.Status != difference.Status || !recording.Answer.Contains(difference.Says, StringComparison.Ordinal) || difference.Rule.StartsWith("the same", StringComparison.Ordinal), difference.Case);
                continue;
            }
            var (before, after) = (ColumnarAnswer.Parse(recording.Answer), ColumnarAnswer.Parse(recording.Answer));
            foreach (var earlier in Difference.All.Concat(Difference.Writes).TakeWhile(d => !ReferenceEquals(d, difference)).Where(d => d.Case == difference.Case && d.Change is not null))
            {
                earlier.Change!(before);
                earlier.Change!(after);
            }
            difference.Change(after);
            Assert.True(before.ToString() != after.ToString(), $"{difference.Case}: '{difference.Rule}' changes nothing");
        }
    }
}
