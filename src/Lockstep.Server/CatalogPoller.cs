using Lockstep.Core.Definitions;
using Lockstep.Runtime.Registry;
using Lockstep.Runtime.Serving;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lockstep.Server;

/// <summary>
/// Looks once a second whether something was applied, by this process or another, and then puts the new catalog into the slot.
/// While the registry cannot be read, the last catalog goes on serving (S21).
/// </summary>
sealed class CatalogPoller(FeatureServer server, IRegistry? registry, TimeProvider clock, ILogger<CatalogPoller> log) : BackgroundService
{
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    readonly SemaphoreSlim _one = new(1, 1);
    volatile bool _loaded = registry is null;
    volatile string? _lastError;

    public bool IsLoaded => _loaded;

    /// <summary>Follows each new catalog before it is told that it is served.</summary>
    public Func<Catalog, CancellationToken, Task>? Follow { get; set; }

    /// <summary>What the registry said when it was last asked in vain; null after a success.</summary>
    public string? LastError => _lastError;

    /// <summary>Looks now: for whoever has applied something and wants it served when its call returns.</summary>
    public async Task RefreshAsync(CancellationToken token)
    {
        if (registry is null) return;
        await _one.WaitAsync(token);
        try
        {
            if (_loaded && await registry.NumberAsync(token) == server.Current.Catalog.Number) return;
            var catalog = (await registry.LoadAsync(token)).Catalog;
            if (server.Replace(catalog)) log.LogInformation("Serving apply {Number}: {Views} view versions, {Services} services", catalog.Number, catalog.Views.Count, catalog.Services.Count);
            if (Follow is { } follow) await follow(catalog, token);
            _loaded = true;
            _lastError = null;
        }
        finally
        {
            _one.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (registry is null) return;
        using PeriodicTimer timer = new(Interval, clock);
        try
        {
            do await LookAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the server stops
        }
    }

    async Task LookAsync(CancellationToken token)
    {
        try
        {
            await RefreshAsync(token);
        }
        catch (Exception failed) when (!token.IsCancellationRequested) // whatever it is: serving goes on, and the next look may succeed
        {
            if (_lastError != failed.Message) log.LogError("The registry cannot be read; the last catalog goes on serving. {Message}", failed.Message);
            _lastError = failed.Message;
        }
    }

    public override void Dispose()
    {
        _one.Dispose();
        base.Dispose();
    }
}
