using System.Diagnostics;
using System.Globalization;
using Lockstep.Core;
using Lockstep.Sqlite.Registry;

namespace Lockstep.Sqlite.Tests.Registry;

/// <summary>Work for a process of its own: explicit tests that only <see cref="Start"/> runs, in this very program.</summary>
public sealed class RegistryChild
{
    public const int Entities = 40;
    const string FolderVariable = "LOCKSTEP_REGISTRY_CHILD";

    static string Folder => Environment.GetEnvironmentVariable(FolderVariable) ?? throw new InvalidOperationException($"{FolderVariable} is not set.");

    [Fact(Explicit = true)]
    public async Task Applies_until_it_is_killed()
    {
        using var registry = new SqliteRegistry(Path.Combine(Folder, "registry.db"));
        using var output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        // The records are ready beforehand, so that nearly all of its life is within applies.
        var template = (await SqliteRegistryFileTests.Plan(registry, "round #", Entities)).Changes.Select(c => c.After).ToList();
        for (var snapshot = await registry.LoadAsync(CancellationToken.None); ;)
        {
            var next = snapshot.Number + 1;
            var apply = await registry.AppendAsync(new()
            {
                Base = snapshot.Number,
                RegistryId = snapshot.RegistryId,
                At = next,
                Author = "child",
                Records = [.. template.Select(r => r with { Definition = r.Definition.Replace("#", next.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal) })],
            }, CancellationToken.None);
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"applied {apply.Number}"));
            snapshot = await registry.LoadAsync(CancellationToken.None);
            Assert.True(next < 100_000);
        }
    }

    [Fact(Explicit = true)]
    public async Task Reads_and_tries_to_write()
    {
        using var registry = new SqliteRegistry(Path.Combine(Folder, "registry.db"));
        Assert.Equal(2, (await registry.LoadAsync(CancellationToken.None)).Number);
        var e = await Assert.ThrowsAsync<LockstepException>(() => SqliteRegistryFileTests.Apply(registry, "third"));
        Assert.Contains("read-only", e.Message, StringComparison.Ordinal);
        Assert.Equal(2, await registry.NumberAsync(CancellationToken.None));
    }

    public static Process Start(string test, string folder) => Process.Start(Info("dotnet", Arguments(test), folder))!;

    /// <summary>Runs a test while the folder is mounted read-only; a negative code: this machine does not let us.</summary>
    public static async Task<(int Code, string Output)> ReadOnlyMount(string folder, string test)
    {
        if (!OperatingSystem.IsLinux()) return (-1, "not on Linux");
        using (var can = Process.Start(Info("unshare", ["-rm", "sh", "-c", $"mount --bind '{folder}' '{folder}' && mount -o remount,bind,ro '{folder}'"], folder)))
        {
            if (can is null) return (-1, "no unshare");
            var why = await can.StandardError.ReadToEndAsync();
            await can.WaitForExitAsync();
            if (can.ExitCode != 0) return (-1, why);
        }
        var command = string.Join(' ', Arguments(test).Prepend("dotnet").Select(a => $"'{a}'"));
        using var child = Process.Start(Info("unshare", ["-rm", "sh", "-c", $"mount --bind '{folder}' '{folder}' && mount -o remount,bind,ro '{folder}' && {command}"], folder))!;
        var output = await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();
        return (child.ExitCode, output);
    }

    static string[] Arguments(string test) => [typeof(RegistryChild).Assembly.Location, "-method", $"{typeof(RegistryChild).FullName}.{test}", "-explicit", "only"];

    static ProcessStartInfo Info(string program, IEnumerable<string> arguments, string folder)
    {
        var info = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in arguments) info.ArgumentList.Add(argument);
        info.Environment[FolderVariable] = folder;
        return info;
    }
}
