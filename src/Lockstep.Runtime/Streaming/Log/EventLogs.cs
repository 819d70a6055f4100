using System.Collections.Concurrent;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.Streaming.Log;

/// <summary>The logs of a project's sources, one a source that has a stream. For any number of threads.</summary>
public sealed class EventLogs(string offlineFolder, IBatchEngine engine, TimeProvider clock, EventLogOptions? options = null)
{
    readonly ConcurrentDictionary<string, EventLog> _logs = new(StringComparer.Ordinal);

    /// <summary>The log of a source as it is defined now, there or not yet.</summary>
    public EventLog Of(Source source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return _logs.GetOrAdd(Key(source), _ => new(offlineFolder, source, engine, clock, options));
    }

    // An old version of a view goes on reading its source as it was (S24): the same folder with other columns.
    static string Key(Source source) => $"{source.Name}\n{LogColumns.TimestampOf(source)}\n{string.Join('\n', source.Columns ?? [])}";
}
