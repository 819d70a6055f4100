using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Lockstep.Server.Metrics;

/// <summary>Counts of requests and how long they took, by endpoint, as Prometheus reads them.</summary>
sealed class ServerMetrics(ParityMetrics parity)
{
    readonly ConcurrentDictionary<string, EndpointMetrics> _endpoints = new(StringComparer.Ordinal);

    public EndpointMetrics Endpoint(string name) => _endpoints.GetOrAdd(name, static _ => new());

    public string ToText()
    {
        StringBuilder text = new();
        text.Append("# HELP lockstep_http_requests_total Requests answered.\n# TYPE lockstep_http_requests_total counter\n");
        foreach (var (name, endpoint) in _endpoints.OrderBy(e => e.Key, StringComparer.Ordinal))
            for (var i = 1; i <= 5; i++)
                if (endpoint.Count(i) is > 0 and var count)
                    text.Append(CultureInfo.InvariantCulture, $"lockstep_http_requests_total{{endpoint=\"{name}\",status=\"{i}xx\"}} {count}\n");
        text.Append("# HELP lockstep_http_request_duration_seconds Time from the request's headers to the end of the answer.\n# TYPE lockstep_http_request_duration_seconds histogram\n");
        foreach (var (name, endpoint) in _endpoints.OrderBy(e => e.Key, StringComparer.Ordinal)) endpoint.WriteHistogram(text, name);
        parity.Write(text);
        return text.ToString();
    }
}

/// <summary>One endpoint's numbers. Adding takes no lock.</summary>
sealed class EndpointMetrics
{
    static readonly double[] Bounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    readonly long[] _statuses = new long[6];
    readonly long[] _buckets = new long[Bounds.Length + 1];
    long _ticks;

    public void Add(int status, TimeSpan elapsed)
    {
        Interlocked.Increment(ref _statuses[Math.Clamp(status / 100, 0, 5)]);
        var bucket = 0;
        while (bucket < Bounds.Length && elapsed.TotalSeconds > Bounds[bucket]) bucket++;
        Interlocked.Increment(ref _buckets[bucket]);
        Interlocked.Add(ref _ticks, elapsed.Ticks);
    }

    public long Count(int statusClass) => Interlocked.Read(ref _statuses[statusClass]);

    public void WriteHistogram(StringBuilder text, string name)
    {
        var (sum, total) = (0L, _buckets.Sum());
        if (total == 0) return;
        for (var i = 0; i < Bounds.Length; i++)
        {
            sum += Interlocked.Read(ref _buckets[i]);
            text.Append(CultureInfo.InvariantCulture, $"lockstep_http_request_duration_seconds_bucket{{endpoint=\"{name}\",le=\"{Bounds[i]}\"}} {sum}\n");
        }
        sum += Interlocked.Read(ref _buckets[^1]);
        text.Append(CultureInfo.InvariantCulture, $"lockstep_http_request_duration_seconds_bucket{{endpoint=\"{name}\",le=\"+Inf\"}} {sum}\n");
        text.Append(CultureInfo.InvariantCulture, $"lockstep_http_request_duration_seconds_sum{{endpoint=\"{name}\"}} {TimeSpan.FromTicks(Interlocked.Read(ref _ticks)).TotalSeconds}\n");
        text.Append(CultureInfo.InvariantCulture, $"lockstep_http_request_duration_seconds_count{{endpoint=\"{name}\"}} {sum}\n");
    }
}
