using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Verification;
using Lockstep.Server.Api;
using Lockstep.Server.Metrics;
using Microsoft.Extensions.Logging;

namespace Lockstep.Server;

/// <summary>
/// Holds a sample of what is served against the offline data, again and again (S22), other entities each time. What it finds is in the
/// metrics; differences that neither a run nor a stream would heal are logged besides.
/// </summary>
sealed class ParityService(FeatureServer server, Func<ParityCheck> check, ParityMetrics metrics, ServerSettings settings, TimeProvider clock, ILogger<ParityService> log)
    : PeriodicService("The comparison of online with offline", TimeSpan.FromMicroseconds(Math.Max(settings.VerifyEvery, Instant.Second)), clock, log)
{
    ulong _round;

    internal override async Task RunAsync(CancellationToken token)
    {
        var report = await check().RunAsync(new() { Catalog = server.Current.Catalog, Sample = settings.VerifySample, Seed = _round++ }, null, token);
        metrics.Add(report);
        foreach (var view in report.Views)
            foreach (var example in view.Examples.Where(e => e.Cause is DifferenceCause.MissingRow or DifferenceCause.Unexplained or DifferenceCause.NotInLog or DifferenceCause.Ttl))
                Log.LogWarning("{View} {Key}: {Feature} is {Online} online and {Offline} offline as of {AsOf} ({Cause})",
                    view.View, string.Join(" ", example.Key.Select(k => $"{k.Key}={k.Value}")), example.Feature, example.Online, example.Offline, Instant.Format(report.AsOf), RegistryJson.Word(example.Cause));
    }
}
