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

    static async Task<TestProject> Start(Func<string, string> line)
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
    public static TheoryData<string> Replayed => [.. Recording.All.Where(r => r.NotReplayed is null).Select(r => r.Name)];

    [Theory, MemberData(nameof(Replayed))]
    public async Task A_recorded_request_is_answered_like_by_feast_or_as_the_rules_say(string name)
        => await Check(servers.AsDefined, name, Difference.All.Where(d => d.Case == name).ToList());

    [Theory, MemberData(nameof(Replayed))]
    public async Task Without_a_ttl_a_recorded_request_is_answered_like_by_feast_or_as_the_other_rules_say(string name)
        => await Check(servers.WithoutTtl, name, Difference.All.Where(d => d.Case == name && !d.IsTtl).ToList());

    static async Task Check(TestProject project, string name, List<Difference> differences)
    {
        var recording = Recording.All.Single(r => r.Name == name);
        var (status, answer) = await recording.SendAsync(project.Http);
        if (differences.SingleOrDefault(d => d.Change is null) is { } own)
        {
            Assert.True(own.Status == status, $"{name}: {own.Status} was right ({own.Rule}), {status} came: {answer}");
            if (status == 200) Assert.Equal(ColumnarAnswer.Parse(own.Says).ToString(), ColumnarAnswer.Parse(answer).ToString());
            else Assert.Contains(own.Says, status < 500 && answer.StartsWith('"') ? System.Text.Json.JsonSerializer.Deserialize<string>(answer)! : answer, StringComparison.Ordinal);
            return;
        }
        Assert.True(recording.Status == status, $"{name}: Feast said {recording.Status}, {status} came: {answer}");
        if (status != 200 || recording.Answer.Length == 0)
        {
            Assert.Equal(recording.Answer, answer);
            return;
        }
        var expected = ColumnarAnswer.Parse(recording.Answer);
        foreach (var difference in differences) difference.Change!(expected);
        Assert.Equal(expected.ToString(), ColumnarAnswer.Parse(answer).ToString());
    }

    [Fact]
    public void Every_recording_is_replayed_or_says_why_not()
    {
        Assert.Equal(185, Recording.All.Count);
        Assert.Equal("""
            needs an on-demand view, which this version does not compute: service, service-full-names, on-demand-pandas, on-demand-pandas-with-inputs, on-demand-pandas-nulls, on-demand-pandas-division-by-zero, on-demand-python, on-demand-python-nulls, on-demand-python-half-request-data, on-demand-singleton, on-demand-full-names, on-demand-missing-request-data, on-demand-wrong-type, on-demand-null-request-data
            push: comes with streams: push-new-key, push-newer, push-older, push-same-time-later-created, push-same-time-later-created-2, push-two-rows-one-key, push-default-to, push-naive-timestamp, push-offset-timestamp, push-micros, push-nulls, push-null-key, push-null-created, push-without-created, push-without-timestamp, push-without-feature, push-extra-column, push-without-key, push-wrong-type, push-bad-timestamp, push-ragged, push-empty-df, push-zero-rows, push-unknown-source, push-bad-to, push-offline, push-online-and-offline, push-without-df, push-without-source, push-empty-body, push-malformed, push-wrong-method
            reads what a write before it has written; writes over this format come with streams: push-new-key-read, push-newer-read, push-older-read, push-same-time-later-created-read, push-two-rows-one-key-read, push-default-to-read, push-naive-timestamp-read, push-offset-timestamp-read, push-micros-read, push-nulls-read, push-null-created-read, push-without-created-read, push-without-feature-read, push-extra-column-read, push-offline-read, push-online-and-offline-read, write-read, write-source-columns-read, write-two-rows-read, write-lists-read, materialize-read, materialize-again-read, materialize-no-rows-read, materialize-null-created-read
            write to the online store: comes with streams: write, write-source-columns, write-two-rows, write-bytes-and-lists, write-lists, write-unknown-view, write-without-view, write-empty-df, write-wrong-type, write-empty-body
            materialize over Feast's format: comes with streams; ours is POST /api/v1/materializations: materialize, materialize-again, materialize-start-after-end, materialize-start-is-end, materialize-no-rows, materialize-unknown-view, materialize-offline-view, materialize-null-created, materialize-no-end, materialize-bad-time, materialize-empty-body, materialize-empty-object, materialize-incremental, materialize-incremental-again, materialize-incremental-back, materialize-incremental-no-end, materialize-incremental-bad-time, materialize-incremental-unknown-view, materialize-async
            """, string.Join("\n", Recording.All.Where(r => r.NotReplayed is not null).GroupBy(r => r.NotReplayed).Select(g => $"{g.Key}: {string.Join(", ", g.Select(r => r.Name))}")));
    }

    [Fact]
    public void Every_difference_is_of_a_request_that_is_replayed_and_changes_its_answer()
    {
        foreach (var difference in Difference.All)
        {
            var recording = Recording.All.Single(r => r.Name == difference.Case);
            Assert.Null(recording.NotReplayed);
            if (difference.Change is null)
            {
                Assert.True(recording.Status != difference.Status || !recording.Answer.Contains(difference.Says, StringComparison.Ordinal) || difference.Rule.StartsWith("the same", StringComparison.Ordinal), difference.Case);
                continue;
            }
            var (before, after) = (ColumnarAnswer.Parse(recording.Answer), ColumnarAnswer.Parse(recording.Answer));
            if (difference.Rule.StartsWith("S20: a stored null", StringComparison.Ordinal)) // what other rules make null is null by then
                foreach (var other in Difference.All.Where(d => d.Case == difference.Case && d.Change is not null && !d.IsTtl && d != difference)) { other.Change!(before); other.Change!(after); }
            difference.Change(after);
            Assert.True(before.ToString() != after.ToString(), $"{difference.Case}: '{difference.Rule}' changes nothing");
        }
    }
}
