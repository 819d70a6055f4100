using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Lockstep.Cli.Output;
using Lockstep.Compliance;

namespace Lockstep.Cli.Tests.Verbs;

public sealed class ServeTests
{
    /// <summary>Tells when something whole was printed.</summary>
    sealed class WatchedWriter : StringWriter
    {
        public TaskCompletionSource<string> Printed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            Printed.TrySetResult(ToString());
        }
    }

    [Fact]
    public async Task It_answers_what_get_answers_until_it_is_stopped()
    {
        using var temp = new TempFolder();
        var run = new Run { Folder = temp.Path };
        foreach (var line in new[] { "init -t minimal", "apply --yes", "materialize" }) (await run.VerbAsync(line)).Ok();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var (output, error) = (new WatchedWriter(), new StringWriter());
        var serving = new CommandLine().RunAsync(["serve", "--port", "0", "--json"], new CliConsole { Out = output, Error = error, Folder = temp.Path }, stop.Token);
        await Task.WhenAny(output.Printed.Task, serving);
        Assert.False(serving.IsCompleted, error.ToString());
        var started = JsonNode.Parse(await output.Printed.Task)!;
        Assert.Equal("minimal", (string?)started["project"]);

        using var client = new HttpClient { BaseAddress = new((string)started["url"]!) };
        await Poll.ReadyAsync(client);
        var response = await client.PostAsJsonAsync("/api/v1/features/online", new { service = "failure", entities = new[] { new { machine = "press-1" }, new { machine = "none" } } }, stop.Token);
        var served = (await response.Content.ReadFromJsonAsync<JsonNode>(stop.Token))!;
        var got = (await run.VerbAsync("get --service failure machine=press-1 --json")).Ok().Json;
        Assert.Equal(got["rows"]![0]!.ToJsonString(), served["rows"]![0]!.ToJsonString());
        Assert.Equal("OUTSIDE_MAX_AGE", (string?)served["rows"]![0]!["statuses"]![0]);
        Assert.Equal("NOT_FOUND", (string?)served["rows"]![1]!["statuses"]![0]);
        Assert.Equal(got["metadata"]!.AsObject().Select(p => p.Key), served["metadata"]!.AsObject().Select(p => p.Key));

        await stop.CancelAsync();
        Assert.Equal(ExitCode.Done, await serving);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        using var temp = new TempFolder();
        (await new Run { Folder = temp.Path }.VerbAsync("init -t minimal")).Ok();
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        var port = ((System.Net.IPEndPoint)taken.LocalEndpoint).Port;
        var run = await new Run { Folder = temp.Path }.VerbAsync($"serve --port {port}");
        Assert.Equal(ExitCode.Failed, run.Code);
        Assert.Contains($"{port}", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("bug", run.Error, StringComparison.Ordinal);
    }
}
