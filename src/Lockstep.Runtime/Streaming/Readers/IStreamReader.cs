namespace Lockstep.Runtime.Streaming.Readers;

/// <summary>
/// Brings the events of one source from outside (files, a topic) into its log. It takes partitions of the log by
/// <see cref="SourceFeed.TryTakeAsync"/>, logs by <see cref="SourceFeed.LogAsync"/> with how far the outside has been read, and goes on
/// from there when it takes a partition again (<see cref="Log.LogWriter.Position"/>).
/// </summary>
public interface IStreamReader
{
    /// <summary>Whether a partition of the log is for such readers to take. The others are taken over by whoever finds them left.</summary>
    bool Owns(uint partition);

    /// <summary>
    /// Reads until it is stopped, and has given its partitions free when it returns, however it ends. After an exception it is called
    /// again, later and later. A <see cref="ReaderStoppedException"/> says that people have to choose; it too is called again now and
    /// then, to see whether they have.
    /// </summary>
    Task RunAsync(ReaderStatus status, CancellationToken token);

    /// <summary>Sets where to go on, in words of the command line, where that cannot be told from the log; a line for each partition that was set.</summary>
    Task<IReadOnlyList<string>> ResetAsync(string to, CancellationToken token);
}

/// <summary>Events cannot be read before somebody has chosen how: the message says between what, and how to choose.</summary>
public sealed class ReaderStoppedException(string message) : Exception(message);
