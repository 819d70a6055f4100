using System.Globalization;
using System.Text;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Streaming;

/// <summary>The streams of a process as Prometheus reads them.</summary>
public static class StreamMetrics
{
    public static string Text(StreamHost host, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(host);
        var feeds = host.Streams.OrderBy(s => s.Source.Name, StringComparer.Ordinal).ToList();
        if (feeds.Count == 0) return "";
        StringBuilder text = new();
        var now = Instant.Now(clock);
        Head("lockstep_stream_events_total", "counter", "Events that this process was sent, by what became of them.");
        foreach (var feed in feeds)
        {
            Line("lockstep_stream_events_total", $"source=\"{feed.Source.Name}\",outcome=\"accepted\"", feed.Counters.Accepted);
            Line("lockstep_stream_events_total", $"source=\"{feed.Source.Name}\",outcome=\"refused\"", feed.Counters.Refused);
        }
        Head("lockstep_stream_non_finite_total", "counter", "Values of events that were not finite and are null.");
        foreach (var feed in feeds)
            foreach (var (column, count) in feed.Counters.NonFinite) Line("lockstep_stream_non_finite_total", $"source=\"{feed.Source.Name}\",column=\"{column}\"", count);
        var followers = feeds.SelectMany(f => f.Followers.Select(a => (Feed: f, Follower: a, Last: f.Writers.FirstOrDefault(w => w.Partition == a.Partition)?.LastPlace ?? a.Place))).ToList();
        Head("lockstep_stream_applied_total", "counter", "Events applied to a view by this process.");
        foreach (var (feed, follower, _) in followers) Line("lockstep_stream_applied_total", Of(feed, follower.View, follower.Partition), follower.Rows);
        Head("lockstep_stream_before_end_total", "counter", "Events before the end of the view's table, which only the table can bring into a window (S25).");
        foreach (var (feed, follower, _) in followers) Line("lockstep_stream_before_end_total", Of(feed, follower.View, follower.Partition), follower.Counts.BeforeEnd);
        Head("lockstep_stream_without_key_total", "counter", "Events with a null in the view's key, which match nothing.");
        foreach (var (feed, follower, _) in followers) Line("lockstep_stream_without_key_total", Of(feed, follower.View, follower.Partition), follower.Counts.WithoutKey);
        Head("lockstep_stream_unreadable_total", "counter", "Events whose values do not convert to what the view reads: they came before the view.");
        foreach (var (feed, follower, _) in followers) Line("lockstep_stream_unreadable_total", Of(feed, follower.View, follower.Partition), follower.Counts.Unreadable);
        Head("lockstep_stream_lag_places", "gauge", "Places of the log that are not applied to the view yet.");
        foreach (var (feed, follower, last) in followers) Line("lockstep_stream_lag_places", Of(feed, follower.View, follower.Partition), Math.Max(0, last - Math.Max(follower.Place, -1)));
        Head("lockstep_stream_lag_seconds", "gauge", "How long ago the last event was logged that is applied to the view; 0 where none is waiting.");
        foreach (var (feed, follower, last) in followers)
            Line("lockstep_stream_lag_seconds", Of(feed, follower.View, follower.Partition), last <= follower.Place || follower.AppliedUpTo == long.MinValue ? 0 : Math.Max(0, (now - follower.AppliedUpTo) / (double)Instant.Second));
        Head("lockstep_stream_unwritten_places", "gauge", "Places of the log that are applied for requests of this process and not in the online store yet, where other processes read.");
        foreach (var (feed, follower, _) in followers) Line("lockstep_stream_unwritten_places", Of(feed, follower.View, follower.Partition), Math.Max(0, follower.Place - follower.Written));
        Head("lockstep_stream_failing", "gauge", "1 while events cannot be applied to the view, or segments not be committed to the log's table (view=\"\"); they wait.");
        foreach (var (feed, follower, _) in followers) Line("lockstep_stream_failing", Of(feed, follower.View, follower.Partition), follower.Problem is null ? 0 : 1);
        foreach (var feed in feeds)
            foreach (var writer in feed.Writers) Line("lockstep_stream_failing", Of(feed, "", writer.Partition), writer.FlushProblem is null ? 0 : 1);
        var readers = feeds.Where(f => f.ReaderStatus is not null).ToList();
        if (readers.Count == 0) return text.ToString();
        Head("lockstep_stream_behind", "gauge", "What is outside and not logged yet, as far as this process reads it: messages of a topic's partition, bytes of a folder.");
        foreach (var feed in readers)
            foreach (var (part, behind) in feed.ReaderStatus!.Behind) Line("lockstep_stream_behind", $"source=\"{feed.Source.Name}\",part=\"{part}\"", behind);
        Head("lockstep_stream_reading", "gauge", "1 while events are read from outside, 0 while something is in the way.");
        foreach (var feed in readers) Line("lockstep_stream_reading", $"source=\"{feed.Source.Name}\"", feed.ReaderStatus!.Problem is null ? 1 : 0);
        Head("lockstep_stream_stopped", "gauge", "1 while a source waits for somebody to choose where it goes on.");
        foreach (var feed in readers) Line("lockstep_stream_stopped", $"source=\"{feed.Source.Name}\"", feed.ReaderStatus!.IsStopped ? 1 : 0);
        return text.ToString();

        void Head(string name, string kind, string help) => text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {kind}\n");
        void Line(string name, string labels, double value) => text.Append(CultureInfo.InvariantCulture, $"{name}{{{labels}}} {value}\n");
        static string Of(SourceFeed feed, string view, uint partition) => string.Create(CultureInfo.InvariantCulture, $"source=\"{feed.Source.Name}\",view=\"{view}\",partition=\"{partition}\"");
    }
}
