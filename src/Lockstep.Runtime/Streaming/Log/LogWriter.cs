using System.Buffers;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.Streaming.Log;

// One partition of a log, written by the process that holds its lock. Entries of many callers are written together: one flush of the
// disk for all that waits (group commit), which is what makes a durable answer cheap under load. Places and the ingestion time are given
// here, so both ascend, also when the clock does not.
/// <summary>Appends to one partition.</summary>
public sealed class LogWriter : IAsyncDisposable
{
    /// <summary>Rows of small entries that share a frame; larger ones have their own.</summary>
    const int SharedRows = 4096;

    readonly EventLog _log;
    readonly FileStream _lock;
    readonly SegmentFlush _flush;
    readonly ByteBudget _budget;
    readonly Channel<Waiting> _entries = Channel.CreateUnbounded<Waiting>(new() { SingleReader = true });
    readonly ArrayBufferWriter<byte> _bytes = new(1 << 16);
    readonly List<(int At, FrameHead Head)> _frames = [];
    readonly SegmentWriter _segments;
    readonly CancellationTokenSource _stop = new();
    readonly Task _writing;
    readonly Task _rolling;
    readonly SemaphoreSlim _file = new(1, 1);
    readonly HashSet<string> _pendingKeys;
    long _lastIngestedAt = long.MinValue;
    long _refused;
    Exception? _broken;

    sealed record Waiting(LogEntry Entry, long Bytes, TaskCompletionSource<LogReceipt> Done);

    LogWriter(EventLog log, uint partition, int sharers, FileStream lockFile, SegmentFlush flush, SegmentWriter segments, LogRecovery found)
    {
        (_log, Partition, _lock, _flush, _segments) = (log, partition, lockFile, flush, segments);
        (_refused, Position, PushKeys) = (found.Refused, found.Position, found.PushKeys);
        _pendingKeys = [.. found.PushKeys.Select(k => k.Key)];
        _budget = new(log.Options.PendingBytes);
        Tail = new(found.LastPlace, log.Options.TailBytes / Math.Max(1, sharers));
        _writing = Task.Run(WriteAsync);
        _rolling = Task.Run(RollingAsync);
    }

    /// <summary>This writer and no other, before or after it, of the partition.</summary>
    public Guid Owner { get; } = Guid.NewGuid();

    public uint Partition { get; }

    /// <summary>The last place that was logged; -1: none.</summary>
    public long LastPlace => Tail.Last;

    /// <summary>How far the outside had been read when the partition was opened; null: not known.</summary>
    public string? Position { get; }

    /// <summary>Keys of pushes that were logged lately and may not have been kept elsewhere, with their answers.</summary>
    public IReadOnlyList<(string Key, string Answer, long At)> PushKeys { get; }

    /// <summary>What was logged last, in memory.</summary>
    public LogTail Tail { get; }

    public EventLog Log => _log;

    internal static LogWriter? TryOpen(EventLog log, uint partition, int sharers, CancellationToken token)
    {
        var folder = log.PartitionFolder(partition);
        FileStream lockFile;
        try
        {
            Directory.CreateDirectory(folder);
            lockFile = new(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new LockstepException(ErrorKind.Failed, $"{log.Name}: the folder {folder} cannot be written: {e.Message}", e);
        }
        catch (IOException) when (File.Exists(Path.Combine(folder, "lock")))
        {
            return null;
        }
        catch (IOException e)
        {
            throw new LockstepException(ErrorKind.Failed, $"{log.Name}: the folder {folder} cannot be made: {e.Message}", e);
        }
        try
        {
            FileReplacement.SyncFolder(Path.GetDirectoryName(folder)!);
            File.WriteAllText(Path.Combine(folder, EventLog.HolderFile), $"process {Environment.ProcessId} on {Environment.MachineName} since {Instant.Format(Instant.Now(log.Clock))}");
            var found = LogRecovery.Read(log, partition, token);
            return new(log, partition, sharers, lockFile, new(log, partition, found.Segments), new(log, partition, found.LastSequence), found);
        }
        catch
        {
            lockFile.Dispose();
            throw;
        }
    }

    /// <summary>Completes when the entry is on the disk. Waits while too much is waiting already.</summary>
    public async ValueTask<LogReceipt> AppendAsync(LogEntry entry, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (entry.Places is { } places && places.Length != (entry.Rows?.Count ?? 0)) throw new ArgumentException($"{places.Length} places for {entry.Rows?.Count ?? 0} rows.", nameof(entry));
        var bytes = entry.Bytes;
        await _budget.TakeAsync(bytes, token);
        var waiting = new Waiting(entry, bytes, new(TaskCreationOptions.RunContinuationsAsynchronously));
        if (!_entries.Writer.TryWrite(waiting))
        {
            _budget.Return(bytes);
            throw new ObjectDisposedException(_log.Name);
        }
        return await waiting.Done.Task; // it may be logged from here on, so the caller's patience does not matter any more
    }

    async Task WriteAsync()
    {
        List<Waiting> group = [];
        while (await _entries.Reader.WaitToReadAsync())
        {
            var bytes = 0L;
            while (bytes < _log.Options.PendingBytes / 2 && _entries.Reader.TryRead(out var next))
            {
                group.Add(next);
                bytes += next.Bytes;
            }
            await _file.WaitAsync();
            try
            {
                Write(group);
            }
            finally
            {
                _file.Release();
            }
            foreach (var waiting in group) _budget.Return(waiting.Bytes);
            group.Clear();
        }
    }

    void Write(List<Waiting> group)
    {
        List<LogBatch> batches = [];
        var (last, refused) = (Tail.Last, _refused);
        var receipts = new LogReceipt[group.Count];
        var now = Math.Max(Instant.Now(_log.Clock), _lastIngestedAt);
        try
        {
            if (_broken is not null) throw Broken(_broken);
            _bytes.ResetWrittenCount();
            _frames.Clear();
            for (var i = 0; i < group.Count; i++)
            {
                var entry = group[i].Entry;
                if (entry.Rows is { Count: > 0 } rows) last = AddRows(batches, entry, rows, last, now);
                receipts[i] = new(Partition, last, now);
            }
            foreach (var batch in batches) FrameOf(batch);
            foreach (var waiting in group)
            {
                if (waiting.Entry.Refused is { Count: > 0 } events)
                {
                    Frame(new(FrameKind.Refused, refused + 1, refused + events.Count, now, events.Count), to => ColumnBlock.Write(to, events.Columns));
                    refused += events.Count;
                }
                if (waiting.Entry.Position is { } position) Frame(new(FrameKind.Position, last, last, now, 0), to => Text(to, position));
                if (waiting.Entry.PushKey is not { } key) continue;
                lock (_pendingKeys) _pendingKeys.Add(key.Key);
                Frame(new(FrameKind.PushKey, last, last, now, 0), to => Text(to, $"{key.Key}\n{key.Answer}"));
            }
            if (_frames.Count > 0) WriteHeads();
            if (_frames.Count > 0) _segments.Append(_bytes.WrittenSpan, batches.Count > 0 ? batches[0].Rows.Schema : LogColumns.Of(_log.Source), last, now);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            if (_segments.IsBroken) _broken ??= e;
            var told = e as LockstepException ?? new LockstepException(ErrorKind.Failed, $"{_log.Name}: events could not be logged: {e.Message}. None of them is in the log.", e);
            foreach (var waiting in group)
            {
                if (waiting.Entry.PushKey is { } key) KeyKept(key.Key);
                waiting.Done.SetException(told);
            }
            return;
        }
        (_lastIngestedAt, _refused) = (now, refused);
        foreach (var batch in batches) Tail.Add(batch);
        for (var i = 0; i < group.Count; i++) group[i].Done.SetResult(receipts[i]);
    }

    long AddRows(List<LogBatch> batches, LogEntry entry, ColumnBatch rows, long last, long now)
    {
        if (entry.Places is { } places)
        {
            if (places[0] <= last) throw new LockstepException(ErrorKind.Conflict, $"{_log.Name}, partition {Partition}: place {places[0]} was logged already; the last is {last}.");
            batches.Add(new(Partition, places[0], places[^1], now, rows) { Places = places[^1] - places[0] + 1 == places.Length ? null : places });
            return places[^1];
        }
        if (rows.Count < SharedRows && batches.Count > 0 && batches[^1] is { Places: null } before && before.Rows.Count < SharedRows && before.Last == last && before.Rows.Schema.Equals(rows.Schema))
        {
            var all = Enumerable.Range(0, rows.Count).ToArray();
            for (var i = 0; i < rows.Columns.Count; i++) before.Rows[i].AppendRows(rows[i], all);
            batches[^1] = new(Partition, before.First, last + rows.Count, now, before.Rows);
        }
        else batches.Add(new(Partition, last + 1, last + rows.Count, now, rows));
        return last + rows.Count;
    }

    void FrameOf(LogBatch batch) => Frame(new(FrameKind.Rows, batch.First, batch.Last, batch.IngestedAt, batch.Rows.Count), to =>
    {
        if (batch.Places is { } places) to.Write(MemoryMarshal.AsBytes(places.AsSpan()));
        ColumnBlock.Write(to, batch.Rows.Columns);
    });

    void Frame(FrameHead head, Action<ArrayBufferWriter<byte>> payload)
    {
        _frames.Add((_bytes.WrittenCount, head));
        _bytes.GetSpan(SegmentFormat.HeadSize);
        _bytes.Advance(SegmentFormat.HeadSize);
        payload(_bytes);
    }

    void WriteHeads()
    {
        var bytes = MemoryMarshal.AsMemory(_bytes.WrittenMemory).Span;
        for (var i = 0; i < _frames.Count; i++)
        {
            var last = i == _frames.Count - 1;
            SegmentFormat.WriteHead(bytes[_frames[i].At..(last ? bytes.Length : _frames[i + 1].At)], _frames[i].Head with { More = !last });
        }
    }

    static void Text(ArrayBufferWriter<byte> to, string text) => to.Write(System.Text.Encoding.UTF8.GetBytes(text));

    LockstepException Broken(Exception cause) => new(ErrorKind.Failed, $"{_log.Name}, partition {Partition}, takes no more events since a write failed ({cause.Message}). Start the process again when the disk is right.", cause);

    /// <summary>The answer to a push is kept elsewhere from now on: its frame may go.</summary>
    public void KeyKept(string key)
    {
        lock (_pendingKeys) _pendingKeys.Remove(key);
    }

    bool IsHeld(ClosedSegment segment)
    {
        lock (_pendingKeys) return segment.Keys.Any(_pendingKeys.Contains);
    }

    string[] PendingKeys()
    {
        lock (_pendingKeys) return [.. _pendingKeys];
    }

    async Task RollingAsync()
    {
        try
        {
            using var timer = new PeriodicTimer(TimeSpan.FromTicks(Math.Max(_log.Options.SegmentAge.Ticks / 4, TimeSpan.TicksPerSecond / 4)), _log.Clock);
            do
            {
                await RollAsync(_stop.Token);
            }
            while (await timer.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // it is being closed
        }
    }

    /// <summary>Closes a segment that is old enough and commits what is closed.</summary>
    internal async Task RollAsync(CancellationToken token)
    {
        await _file.WaitAsync(token);
        try
        {
            _segments.CloseIfDue(Instant.Now(_log.Clock));
            TakeClosed();
        }
        finally
        {
            _file.Release();
        }
        if (_flush.IsDue(Instant.Now(_log.Clock))) Commit();
    }

    // A segment waits for the keys that were under way when it was closed: it may hold their frames. Later ones stand in others.
    void TakeClosed()
    {
        while (_segments.TryTakeClosed(out var closed)) _flush.Add(closed with { Keys = PendingKeys() });
    }

    void Commit()
    {
        try
        {
            _flush.Commit(IsHeld, _stop.Token);
            FlushProblem = null;
        }
        catch (Exception e) when (e is LockstepException or IOException or UnauthorizedAccessException)
        {
            FlushProblem = e.Message; // nothing is lost: the segments stay, and the next turn tries again
        }
    }

    /// <summary>Why segments could not be committed to the table the last time; null: they could. They are safe meanwhile.</summary>
    public string? FlushProblem { get; private set; }

    /// <summary>Commits everything that is logged to the Delta table, and returns when it is there.</summary>
    public async Task FlushAsync(CancellationToken token)
    {
        await _file.WaitAsync(token);
        try
        {
            _segments.Close();
            TakeClosed();
        }
        finally
        {
            _file.Release();
        }
        _flush.Commit(static _ => false, token);
    }

    /// <summary>Writes what waits and gives the partition free. Segments stay until they are worth a commit, by whoever opens it next.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_entries.Writer.TryComplete()) return;
        await _writing;
        await _stop.CancelAsync();
        await _rolling;
        _segments.Dispose();
        await _lock.DisposeAsync();
        _stop.Dispose();
        _file.Dispose();
    }
}
