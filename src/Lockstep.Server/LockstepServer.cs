using Lockstep.Runtime.Registry;
using Lockstep.Runtime.Serving;
using Lockstep.Server.Api;
using Lockstep.Server.Feast;
using Lockstep.Server.Http;
using Lockstep.Server.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lockstep.Server;

/// <summary>Puts the parts together to one process that answers over HTTP.</summary>
public static class LockstepServer
{
    /// <summary>
    /// The server, not started yet. Stopping it finishes the requests under way. <paramref name="configure"/> comes last and can
    /// change anything: tests take another port, programs other loggers.
    /// </summary>
    public static WebApplication Build(ServerParts parts, Action<WebApplicationBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(parts);
        // SQLite and DuckDB work on the pool's threads. With 2 cores it has 2, and adds one only when nothing has moved for half a second:
        // requests would wait for the writing of the online store.
        ThreadPool.GetMinThreads(out var workers, out var ports);
        ThreadPool.SetMinThreads(Math.Max(workers, Environment.ProcessorCount + 6), ports);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = typeof(LockstepServer).Assembly.GetName().Name });
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace); // stdout is for data
        builder.WebHost.UseUrls(new UriBuilder("http", parts.Settings.Host, parts.Settings.Port).Uri.ToString());
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;          // each endpoint has its own limit, and names it
            kestrel.Limits.MaxResponseBufferSize = 4 << 20;    // a large answer does not wait for a slow reader in the middle
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = parts.Drain);
        builder.Services.AddSingleton(parts.Clock);
        builder.Services.AddSingleton(new FeatureServer(parts.OnlineStore, parts.Clock, parts.Settings, parts.Catalog));
        builder.Services.AddSingleton<ServerMetrics>();
        builder.Services.AddSingleton<ParityMetrics>();
        builder.Services.AddSingleton<Guard>();
        builder.Services.AddSingleton<Health>();
        builder.Services.AddSingleton<OfflineTurns>();
        builder.Services.AddSingleton(services => new CatalogPoller(
            services.GetRequiredService<FeatureServer>(), parts.Registry, parts.Clock, services.GetRequiredService<ILogger<CatalogPoller>>()));
        builder.Services.AddHostedService(services => services.GetRequiredService<CatalogPoller>());
        builder.Services.AddHostedService(services => new UpkeepService(
            services.GetRequiredService<FeatureServer>(), parts.OnlineStore, parts.Clock, services.GetRequiredService<ILogger<UpkeepService>>()));
        if (parts.Parity is not null && parts.Settings.VerifyEvery > 0)
            builder.Services.AddHostedService(services => new ParityService(services.GetRequiredService<FeatureServer>(), parts.Parity,
                services.GetRequiredService<ParityMetrics>(), parts.Settings, parts.Clock, services.GetRequiredService<ILogger<ParityService>>()));
        if (parts.TrainingSets is not null) builder.Services.AddSingleton(services => new HistoricalFeatures(services.GetRequiredService<FeatureServer>(), parts.TrainingSets, services.GetRequiredService<OfflineTurns>(), parts.TemporaryFolder));
        if (parts.Materializer is not null)
        {
            builder.Services.AddSingleton(new MaterializationJobs(parts.Materializer, parts.Clock));
            builder.Services.AddHostedService(services => services.GetRequiredService<MaterializationJobs>());
        }
        if (parts.Streams is not null)
        {
            builder.Services.AddSingleton(services => new StreamService(parts.Streams, services.GetRequiredService<FeatureServer>(), services.GetRequiredService<CatalogPoller>(), parts.Clock, services.GetRequiredService<ILogger<StreamService>>()));
            builder.Services.AddHostedService(services => services.GetRequiredService<StreamService>());
        }
        builder.Services.AddOpenApi("v1", openApi =>
        {
            openApi.ShouldInclude = static _ => false; // the file has all of it
            openApi.AddDocumentTransformer<OpenApiFile>();
        });
        configure?.Invoke(builder);
        var app = builder.Build();
        Map(app, parts);
        return app;
    }

    static void Map(WebApplication app, ServerParts parts)
    {
        var services = app.Services;
        var guard = services.GetRequiredService<Guard>();
        var server = services.GetRequiredService<FeatureServer>();
        var health = services.GetRequiredService<Health>();
        app.MapOnly("POST", "/api/v1/features/online", guard.Native("features_online", health.WhenLoaded(new OnlineFeatures(server, parts.TrainingSets, services.GetRequiredService<OfflineTurns>(), services.GetRequiredService<ServerMetrics>()).Handle)));
        app.MapOnly("GET", "/health/live", Health.Live);
        app.MapOnly("GET", "/health/ready", health.Ready);
        var streams = services.GetService<StreamService>();
        app.MapOnly("GET", "/metrics", context =>
        {
            context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
            return context.Response.WriteAsync(services.GetRequiredService<ServerMetrics>().ToText() + streams?.MetricsText(), context.RequestAborted);
        });
        if (parts.Registry is not null) RegistryEndpoints.Map(app, guard, new RegistryService(parts.Registry, parts.Clock));
        if (parts.TrainingSets is not null) app.MapOnly("POST", "/api/v1/features/historical", guard.Native("features_historical", health.WhenLoaded(services.GetRequiredService<HistoricalFeatures>().Handle)));
        if (parts.Materializer is not null) MaterializationEndpoints.Map(app, guard, services.GetRequiredService<MaterializationJobs>(), server);
        if (streams is not null) app.MapOnly("POST", "/api/v1/sources/{name}/events", guard.Native("source_events", health.WhenLoaded(new SourceEvents(streams, server.Settings).Handle)));
        app.MapOpenApi();
        FeastEndpoints.Map(app, guard, server, health, streams, services.GetService<MaterializationJobs>());
        app.MapUnknown();
    }
}
