using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Sqlite.OnlineStore;
using Lockstep.Sqlite.Registry;
using Lockstep.Sqlite.Runs;

namespace Lockstep.Sqlite.Tests;

/// <summary>Several processes that open new files at once: each must find it made, whole, whoever was first.</summary>
public sealed class OpeningTests : IDisposable
{
    const int Processes = 3, Rounds = 12;

    readonly string _folder = Directory.CreateTempSubdirectory("lockstep-opening-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Processes_that_make_the_same_file_at_once_all_find_it_theirs()
    {
        var children = Enumerable.Range(0, Processes).Select(i => OpeningChild.Start(_folder, i)).ToList();
        try
        {
            foreach (var child in children) Assert.Equal("ready", await NextAsync(child));
            List<string> wrong = [];
            for (var round = 0; round < Rounds; round++)
            {
                foreach (var child in children) await child.StandardInput.WriteLineAsync(round.ToString(CultureInfo.InvariantCulture));
                foreach (var child in children)
                    if (await NextAsync(child) is var said && said != "done") wrong.Add(said);
                Assert.True(wrong.Count == 0, string.Join("\n", wrong));
                await using SqliteOnlineStore store = new(new() { Path = OpeningChild.Online(_folder, round) }, TimeProvider.System);
                Assert.Equal(Processes, (await store.ListAsync(CancellationToken.None)).Single(t => t.Name == "t").Cells);
                await using SqliteRunStore runs = new(OpeningChild.Runs(_folder, round));
                Assert.Equal(Processes, (await runs.ListAsync(null, 10, CancellationToken.None)).Count);
            }
        }
        finally
        {
            foreach (var child in children)
            {
                child.StandardInput.Close(); // which ends it
                await child.WaitForExitAsync(CancellationToken.None);
                child.Dispose();
            }
        }
    }

    static async Task<string> NextAsync(Process child)
    {
        while (await child.StandardOutput.ReadLineAsync(CancellationToken.None) is { } line)
            if (line.StartsWith(OpeningChild.Mark, StringComparison.Ordinal)) return line[OpeningChild.Mark.Length..];
        return "it ended: " + await child.StandardError.ReadToEndAsync(CancellationToken.None);
    }
}

/// <summary>What each of the processes does: an explicit test that only <see cref="Start"/> runs, in this very program.</summary>
public sealed class OpeningChild
{
    public const string Mark = "child: ";
    const string Variable = "LOCKSTEP_OPENING_CHILD";

    public static string Online(string folder, int round) => Path.Combine(folder, $"round {round}", "online.db");
    public static string Runs(string folder, int round) => Path.Combine(folder, $"round {round}", "runs.db");

    [Fact(Explicit = true)]
    public async Task Opens_what_it_is_told_to()
    {
        var parts = (Environment.GetEnvironmentVariable(Variable) ?? throw new InvalidOperationException($"{Variable} is not set.")).Split('|');
        var (folder, number) = (parts[0], parts[1]);
        using var output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        using var input = new StreamReader(Console.OpenStandardInput());
        await output.WriteLineAsync($"\n{Mark}ready");
        while (await input.ReadLineAsync(CancellationToken.None) is { } line)
        {
            var round = int.Parse(line, CultureInfo.InvariantCulture);
            try
            {
                await using (SqliteOnlineStore store = new(new() { Path = Online(folder, round) }, TimeProvider.System))
                {
                    CellUpdates updates = new();
                    updates.Add(Encoding.UTF8.GetBytes(number), "1"u8);
                    Assert.True(await store.WriteAsync("t", updates, new TakeIt(), Fence.None, CancellationToken.None));
                }
                await using (SqliteRunStore runs = new(Runs(folder, round)))
                    await runs.BeginAsync(new() { View = number, Fingerprint = "", Store = "s", Token = Guid.NewGuid(), Lease = 1, Owner = "o", StartedAt = 1, Horizon = 1 }, CancellationToken.None);
                using (SqliteRegistry registry = new(Path.Combine(folder, $"round {round}", "registry.db"))) Assert.Equal(0, await registry.NumberAsync(CancellationToken.None));
                await output.WriteLineAsync($"{Mark}done");
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                await output.WriteLineAsync($"{Mark}{number} in round {round}: {e.Message.ReplaceLineEndings(" ")} {e.StackTrace?.ReplaceLineEndings(" ")}");
            }
        }
    }

    public static Process Start(string folder, int number)
    {
        ProcessStartInfo info = new("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in new[] { typeof(OpeningChild).Assembly.Location, "-method", $"{typeof(OpeningChild).FullName}.{nameof(Opens_what_it_is_told_to)}", "-explicit", "only" }) info.ArgumentList.Add(argument);
        info.Environment[Variable] = string.Create(CultureInfo.InvariantCulture, $"{folder}|{number}");
        return Process.Start(info)!;
    }

    sealed class TakeIt : ICellMerge
    {
        public bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
        {
            merged.Write(update);
            return true;
        }
    }
}
