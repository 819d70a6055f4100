using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Lockstep.Cli.Tests.Docs;

/// <summary>Runs the commands that the documents show: every bash block after a line <c>&lt;!-- run --&gt;</c>, in order, in a fresh folder.</summary>
public sealed partial class DocumentCommandsTests
{
    [GeneratedRegex(@"<!-- run -->\n```bash\n(.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex RunBlock();

    [Fact]
    public async Task The_commands_of_the_README_work()
    {
        var output = await RunAsync("README.md");
        Assert.Contains("PRESENT", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_commands_of_the_quickstart_work()
    {
        var output = await RunAsync("docs/quickstart.md");
        Assert.Contains("OUTSIDE_MAX_AGE", output, StringComparison.Ordinal);
        Assert.Contains("Nothing after a row's own instant changed the row", output, StringComparison.Ordinal);
        Assert.Contains("\"event_timestamps\"", output, StringComparison.Ordinal);
        Assert.Contains("refused, exit code 6", output, StringComparison.Ordinal);
        Assert.Contains("weather@1.0.0 and weather@2.0.0 mean different things", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_commands_of_the_guide_to_on_demand_features_work()
    {
        var output = await RunAsync("docs/guide/on-demand.md");
        Assert.Matches("minutes_to_go +30 +PRESENT", output);
        Assert.Contains("\"features\":[\"temp\",\"wind_speed\"", output, StringComparison.Ordinal);
        Assert.Contains("Nothing after a row's own instant changed the row", output, StringComparison.Ordinal);
        Assert.Contains("Wrote score-me.parquet: 2 rows", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_commands_of_the_guide_to_streams_work()
    {
        var output = await RunAsync("docs/guide/streams.md");
        Assert.Contains("2 events logged and online, 0 refused", output, StringComparison.Ordinal);
        Assert.Contains("1,2026-01-05T10:30:00Z,true,home,1.5", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_commands_of_the_guide_to_transformations_work()
    {
        var output = await RunAsync("docs/guide/transformations.md");
        Assert.Contains("0.15211267605633802", output, StringComparison.Ordinal);
        Assert.Contains("goes on using fit 1 of wind_scale (1.0.0). Raise its version to use fit 2.", output, StringComparison.Ordinal);
        Assert.Contains("uses transformation/wind_scale: fit/wind_scale@1 -> fit/wind_scale@2", output, StringComparison.Ordinal);
        Assert.Matches(@"Changed: content \(read from the data\): [0-9a-f]{12} -> [0-9a-f]{12}; rows \(read from the data\): 87 -> 88\.", output);
        Assert.Contains("refused, exit code 6", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_commands_that_the_templates_show_work()
    {
        foreach (var template in Templates.Template.Names)
        {
            using var reader = new StreamReader(Templates.Template.Open(template, "README.md"));
            var text = (await reader.ReadToEndAsync(TestContext.Current.CancellationToken)).ReplaceLineEndings("\n");
            var block = Regex.Match(text, @"```bash\n(.*?)\n```", RegexOptions.Singleline).Groups[1].Value;
            // A server does not end by itself; that it starts is shown by the quickstart.
            var commands = string.Join('\n', block.Split('\n').Where(l => !l.StartsWith("lockstep serve", StringComparison.Ordinal)));
            var output = await RunScriptAsync($"lockstep init p --template {template} && cd p\n{commands}");
            Assert.Contains("PRESENT", output, StringComparison.Ordinal);
        }
    }

    static Task<string> RunAsync(string document)
    {
        var blocks = RunBlock().Matches(Repository.Read(document)).Select(m => m.Groups[1].Value).ToList();
        Assert.NotEmpty(blocks);
        return RunScriptAsync(string.Join('\n', blocks));
    }

    static async Task<string> RunScriptAsync(string commands)
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("the documents' commands are for bash");
        using var temp = new TempFolder();
        Directory.CreateDirectory(temp["bin"]);
        Directory.CreateDirectory(temp["work"]);
        // The command line that these tests were built with, under the name that the documents use.
        var shim = temp["bin/lockstep"];
        File.WriteAllText(shim, $"#!/usr/bin/env bash\nexec dotnet exec '{Path.Combine(AppContext.BaseDirectory, "lockstep.dll")}' \"$@\"\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(shim, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var script = temp["script"];
        File.WriteAllText(script, $"set -euo pipefail\n{commands.Replace("6566", FreePort(), StringComparison.Ordinal)}\nwait\n");
        var start = new ProcessStartInfo("bash", [script]) { WorkingDirectory = temp["work"], RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = $"{temp["bin"]}:{Environment.GetEnvironmentVariable("PATH")}";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        var all = await output + await error;
        Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}\n{all}");
        return all;
    }

    static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}
