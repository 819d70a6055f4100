namespace Lockstep.Runtime.Streaming.Readers;

/// <summary>How a reader is doing, told by the reader itself and by who runs it. For any number of threads.</summary>
public sealed class ReaderStatus(string source, Action<string, string>? warn = null)
{
    readonly Lock _gate = new();
    string? _problem;

    /// <summary>What keeps events from being read; null: nothing.</summary>
    public string? Problem => Volatile.Read(ref _problem);

    /// <summary>It waits for people to choose.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>What is outside and not logged yet, by a name of the part: messages of a topic's partition, bytes of a folder.</summary>
    public IReadOnlyDictionary<string, long> Behind { get; private set; } = new Dictionary<string, long>();

    /// <summary>So much waits outside; all is well, or a part of it waits for people to choose while the rest is read.</summary>
    public void Reading(IReadOnlyDictionary<string, long> behind, string? choice = null)
    {
        Behind = behind;
        Set(choice, stopped: choice is not null);
    }

    /// <summary>Something is in the way; told once, until it is another.</summary>
    public void Waiting(string problem, IReadOnlyDictionary<string, long>? behind = null)
    {
        Behind = behind ?? Behind;
        Set(problem, stopped: false);
    }

    internal void Stopped(string problem) => Set(problem, stopped: true);

    void Set(string? problem, bool stopped)
    {
        lock (_gate)
        {
            if (problem == _problem && stopped == IsStopped) return;
            Volatile.Write(ref _problem, problem);
            IsStopped = stopped;
        }
        warn?.Invoke(source, problem ?? "events are read again.");
    }
}
