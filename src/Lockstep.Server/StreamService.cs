using Lockstep.Core.Definitions;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Streaming;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lockstep.Server;

/// <summary>The streams of a server: begun with its first catalog, following each later one, and taking over what other processes left.</summary>
sealed class StreamService : BackgroundService, IAsyncDisposable
{
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    readonly Lazy<StreamHost> _host;
    readonly FeatureServer _server;
    readonly TimeProvider _clock;
    readonly ILogger<StreamService> _log;
    long _followed = -1;
    string? _lastError;

    public StreamService(Func<Action<string, string>?, StreamHost> host, FeatureServer server, CatalogPoller poller, TimeProvider clock, ILogger<StreamService> log)
    {
        (_host, _server, _clock, _log) = (new(() => host((source, text) => log.LogWarning("{Source}: {Text}", source, text))), server, clock, log);
        poller.Follow = FollowAsync;
    }

    public StreamHost Host => _host.Value;

    public string MetricsText() => _host.IsValueCreated ? StreamMetrics.Text(Host, _clock) : "";

    /// <summary>Sources whose events cannot be read from outside now, with the reason.</summary>
    public IEnumerable<(string Source, string Problem)> Problems => !_host.IsValueCreated ? []
        : Host.Streams.Where(s => s.ReaderStatus?.Problem is not null).Select(s => (s.Source.Name, s.ReaderStatus!.Problem!)).OrderBy(p => p.Item1, StringComparer.Ordinal);

    async Task FollowAsync(Catalog catalog, CancellationToken token)
    {
        // A project without streams opens nothing of what they need.
        if (!_host.IsValueCreated && !catalog.Sources.Values.Any(s => s.Stream is not null)) return;
        try
        {
            await Host.UpdateAsync(catalog, token);
            await Host.StartAsync(token);
            _followed = catalog.Number;
        }
        catch (Exception failed) when (!token.IsCancellationRequested) // serving goes on, and the next turn tries again
        {
            Tell(failed);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Interval, _clock);
        try
        {
            await TurnAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken)) await TurnAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the server stops
        }
    }

    async Task TurnAsync(CancellationToken token)
    {
        try
        {
            if (_followed != _server.Current.Catalog.Number) await FollowAsync(_server.Current.Catalog, token); // one that was there from the start, or could not be followed
            if (!_host.IsValueCreated) return;
            await Host.TurnAsync(token);
            _lastError = null;
        }
        catch (Exception failed) when (!token.IsCancellationRequested) // whatever it is: what is logged is safe, and the next turn may succeed
        {
            Tell(failed);
        }
    }

    void Tell(Exception failed)
    {
        if (_lastError != failed.Message) _log.LogError("Streams: {Message}", failed.Message);
        _lastError = failed.Message;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_host.IsValueCreated) await Host.DisposeAsync();
    }
}
