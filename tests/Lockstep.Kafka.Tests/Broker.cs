using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Lockstep.Compliance;

namespace Lockstep.Kafka.Tests;

/// <summary>A real broker in a process of its own, with a folder of its own.</summary>
public sealed class Broker : IAsyncDisposable
{
    readonly string _start;
    readonly string _data = Directory.CreateTempSubdirectory("lockstep-broker-").FullName;
    Process? _process;

    Broker(string start, int port) => (_start, Port) = (start, port);

    int Port { get; }
    public string Servers => $"127.0.0.1:{Port}";
    public IAdminClient Admin { get; private set; } = null!;

    /// <summary>Skips the test where there is no broker to start, with the reason.</summary>
    public static async Task<Broker> StartAsync()
    {
        NeedLibrary();
        var start = new[] { Environment.GetEnvironmentVariable("LOCKSTEP_SHARED"), Path.Combine(Root(), "..", "shared") }
            .Where(f => f is not null).Select(f => Path.Combine(f!, "kafka", "start")).FirstOrDefault(File.Exists);
        if (start is null) Assert.Skip("There is no Kafka broker here: set LOCKSTEP_SHARED to the folder that holds kafka/start, or put it beside the clone as shared.");
        if (!OnPath("java") && Environment.GetEnvironmentVariable("JAVA_HOME") is null) Assert.Skip("The Kafka broker needs Java: install openjdk-17-jre-headless.");
        var broker = new Broker(start, FreePort());
        await broker.RunAsync();
        broker.Admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = broker.Servers }).SetLogHandler((_, _) => { }).Build();
        return broker;
    }

    /// <summary>Skips the test where the client library is missing.</summary>
    public static void NeedLibrary()
    {
        try
        {
            KafkaLibrary.Load();
        }
        catch (Core.LockstepException e)
        {
            Assert.Skip(e.Message);
        }
    }

    /// <summary>Starts it, again after a kill, and returns when it answers.</summary>
    public async Task RunAsync()
    {
        _process = Process.Start(new ProcessStartInfo(_start, ["--port", $"{Port}", "--data", _data, "--set", "group.min.session.timeout.ms=1000"]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
            if (line == "ready") return;
        throw new InvalidOperationException($"The broker ended before it was ready, with {_process.ExitCode}.");
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Made anew right after it was deleted, a topic may still be there for a while: the broker tells of it by refusing.</summary>
    public Task CreateAsync(string topic, int partitions = 4) => Poll.UntilAsync($"the old topic '{topic}' to be gone", async () =>
    {
        try
        {
            await Admin.CreateTopicsAsync([new() { Name = topic, NumPartitions = partitions, ReplicationFactor = 1 }]);
            return "";
        }
        catch (CreateTopicsException e) when (e.Results.Any(r => r.Error.Code == ErrorCode.TopicAlreadyExists))
        {
            return e.Message;
        }
    }, refused => refused.Length == 0);

    public Task DeleteAsync(string topic) => Admin.DeleteTopicsAsync([topic]);

    public Task RemoveBeforeAsync(string topic, int partition, long offset) => Admin.DeleteRecordsAsync([new(topic, partition, offset)]);

    public static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Lockstep.slnx"))) return folder.FullName;
        throw new InvalidOperationException($"No Lockstep.slnx above {AppContext.BaseDirectory}.");
    }

    static bool OnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(f => File.Exists(Path.Combine(f, program)));

    // The broker takes another port 1,000 above.
    static int FreePort()
    {
        while (true)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var port = ((IPEndPoint)listener.LocalEndpoint).Port;
            if (port >= 64_000) continue;
            try
            {
                using var second = new TcpListener(IPAddress.Loopback, port + 1000);
                second.Start();
                return port;
            }
            catch (SocketException)
            {
                // taken
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Admin?.Dispose();
        if (_process is not null) await KillAsync();
        Directory.Delete(_data, recursive: true);
    }
}

/// <summary>One broker for the tests of a class that do it no harm; started by the first.</summary>
public sealed class SharedBroker : IAsyncDisposable
{
    Task<Broker>? _broker;

    public Task<Broker> GetAsync() => _broker ??= Broker.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_broker is { IsCompletedSuccessfully: true }) await _broker.Result.DisposeAsync();
    }
}
