using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Lockstep.Core;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Streaming.Apply;
using Lockstep.Runtime.Streaming.Intake;
using Lockstep.Runtime.Streaming.Log;
using Lockstep.Runtime.Streaming.Readers;

namespace Lockstep.Runtime.Streaming;

/// <summary>One source with a stream in this process: the partitions of its log that are ours, and who applies them to which views.</summary>
public sealed class SourceFeed : IAsyncDisposable
{
    static readonly TimeSpan CleanEvery = TimeSpan.FromHours(1);

    readonly StreamContext _context;
    readonly PushKeys _keys;
    readonly ConcurrentBag<EventDecoder> _decoders = [];
    readonly SemaphoreSlim _change = new(1, 1);
    readonly Dictionary<(uint Partition, string View, string Meaning), Follower> _followers = [];
    readonly Dictionary<string, AppliedMeaningCheck> _meanings = new(StringComparer.Ordinal); // by view
    volatile Follower[] _all = [];
    volatile LogWriter[] _writers = [];
    IReadOnlyList<ViewVersion> _views = [];
    Catalog _catalog = Catalog.Empty;
    volatile LogWriter? _push;
    volatile EventChecks _checks = EventChecks.None;
    readonly Dictionary<uint, string> _settled = [];
    readonly RefusalReport? _refusals;
    ReaderRun? _run;
    int _generation;
    long _cleanedAt;
    bool _disposed;

    public SourceFeed(Source source, StreamContext context)
    {
        (Source, _context) = (source ?? throw new ArgumentNullException(nameof(source)), context ?? throw new ArgumentNullException(nameof(context)));
        Log = context.Logs.Of(source);
        _keys = new(Log, context.Online, context.Clock);
        Counters = new(LogColumns.Of(source));
        Reader = context.Reader?.Invoke(this);
        if (Reader is not null && context.Warn is { } warn) _refusals = new(text => warn(source.Name, text), Log.Refused.Folder, context.Clock); // who pushes is answered
    }

    public Source Source { get; }
    public EventLog Log { get; }
    public StreamCounters Counters { get; }
    public EventLimits Limits => _context.Limits;

    /// <summary>Reads its events from outside; null: they are pushed.</summary>
    public IStreamReader? Reader { get; }

    /// <summary>How the reader is doing; null: there is none, or it has not begun.</summary>
    public ReaderStatus? ReaderStatus => _run?.Status;

    internal IReadOnlyList<LogWriter> Writers => _writers;
    internal IReadOnlyList<Follower> Followers => _all;

    /// <summary>The views that events are applied to: versions that are served and read this source.</summary>
    public static bool Reads(ViewVersion view, string source) => !view.Retired && view.View.Online
        && (view.View switch { ValueView { Sql: null } value => value.Source, AggregationView aggregation => aggregation.Source, _ => null }) == source;

    /// <summary>Follows a new catalog: views that came are brought up to date from the log, views that went are left.</summary>
    public async Task UpdateAsync(Catalog catalog, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        await _change.WaitAsync(token);
        try
        {
            _catalog = catalog;
            _views = [.. catalog.Views.Where(v => Reads(v, Source.Name) && IsKnown(v))];
            _checks = EventChecks.Of(_views, catalog, LogColumns.Of(Source));
            Interlocked.Increment(ref _generation);
            _decoders.Clear();
            await FollowAsync();
        }
        finally
        {
            _change.Release();
        }
    }

    // Its events wait in the log for a process that knows the function.
    bool IsKnown(ViewVersion view)
    {
        if (view.View is not AggregationView windows || AggregateCatalog.Missing(windows, view.Id) is not { } missing) return true;
        _context.Warn?.Invoke(view.Id, $"{missing} Events of source '{Source.Name}' are not applied to it here.");
        return false;
    }

    /// <summary>Begins to read from outside; where events are pushed, takes a partition for them and begins to apply what it holds.</summary>
    public async Task StartAsync(CancellationToken token)
    {
        if (Reader is null)
        {
            await PushWriterAsync(token);
            return;
        }
        await _change.WaitAsync(token);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _run ??= new(Reader, new(Source.Name, _context.Warn), _context.Clock);
        }
        finally
        {
            _change.Release();
        }
    }

    /// <summary>Partitions whose process has ended are taken over: what they hold is applied and committed to the log's table, then they are free again.</summary>
    async Task RecoverAsync(CancellationToken token)
    {
        Exception? failed = null;
        foreach (var partition in Log.Partitions())
            try
            {
                await RecoverAsync(partition, token);
            }
            catch (Exception e) when (e is LockstepException or IOException)
            {
                failed ??= e; // the others need not wait for it
            }
        if (failed is not null) ExceptionDispatchInfo.Throw(failed);
    }

    async Task RecoverAsync(uint partition, CancellationToken token)
    {
        if (Reader?.Owns(partition) == true || _writers.Any(w => w.Partition == partition)) return;
        // Nothing has come to it since it was settled, for all views that there are.
        var views = _views.Select(v => $"{v.Id} {v.Fingerprint}").ToList();
        var state = string.Join('\n', Log.SegmentPaths(partition).Concat(views));
        if (_settled.GetValueOrDefault(partition) == state || Log.TryOpenWriter(partition, token) is not { } left) return;
        await AddAsync(left, token);
        try
        {
            foreach (var follower in _all)
                if (follower.Partition == partition) await follower.WaitAsync(left.LastPlace, token);
            await left.FlushAsync(token);
            _settled[partition] = string.Join('\n', views);
        }
        finally
        {
            await RemoveAsync(left);
        }
    }

    /// <summary>Gives a partition free.</summary>
    public async Task RemoveAsync(LogWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        await _change.WaitAsync(CancellationToken.None);
        try
        {
            _writers = [.. _writers.Where(w => w != writer)];
            await FollowAsync();
        }
        finally
        {
            _change.Release();
        }
        await writer.DisposeAsync();
    }

    /// <summary>The partition of this process's pushes.</summary>
    async ValueTask<LogWriter> PushWriterAsync(CancellationToken token)
    {
        if (_push is { } open) return open;
        await _change.WaitAsync(token);
        try
        {
            if (_push is { } other) return other;
            ObjectDisposedException.ThrowIf(_disposed, this);
            var writer = Log.OpenPushWriter(token);
            await TakeAsync(writer, token);
            return _push = writer;
        }
        finally
        {
            _change.Release();
        }
    }

    /// <summary>Takes a partition to write to, and applies it from now on; null: another process holds it. Given free by <see cref="RemoveAsync"/>.</summary>
    /// <param name="partition">Of the log.</param>
    /// <param name="token">Ends the waiting for what it holds.</param>
    /// <param name="sharers">Partitions that share the memory for what was logged last.</param>
    public async Task<LogWriter?> TryTakeAsync(uint partition, CancellationToken token, int sharers = 1)
    {
        if (Log.TryOpenWriter(partition, token, sharers) is not { } writer) return null;
        await AddAsync(writer, token);
        return writer;
    }

    /// <summary>Applies a partition that this process writes; it is this object's from now on, also after an exception.</summary>
    async Task AddAsync(LogWriter writer, CancellationToken token)
    {
        await _change.WaitAsync(CancellationToken.None);
        try
        {
            if (!_disposed)
            {
                await TakeAsync(writer, token);
                return;
            }
        }
        finally
        {
            _change.Release();
        }
        await writer.DisposeAsync();
        throw new ObjectDisposedException(Log.Name);
    }

    async Task TakeAsync(LogWriter writer, CancellationToken token)
    {
        try
        {
            await _keys.RecoverAsync(writer, token);
        }
        catch
        {
            await writer.DisposeAsync();
            throw;
        }
        _writers = [.. _writers, writer];
        await FollowAsync();
    }

    // Under the change lock.
    async Task FollowAsync()
    {
        foreach (var (key, follower) in _followers.ToList())
            if (!_views.Any(v => v.Id == key.View && v.Fingerprint == key.Meaning) || !_writers.Any(w => w.Partition == key.Partition))
            {
                await follower.DisposeAsync();
                _followers.Remove(key);
            }
        foreach (var (id, meaning) in _meanings.ToList())
            if (!_views.Any(v => v.Id == id && v.Fingerprint == meaning.Fingerprint)) _meanings.Remove(id);
        foreach (var writer in _writers)
            foreach (var view in _views)
            {
                if (_followers.ContainsKey((writer.Partition, view.Id, view.Fingerprint))) continue;
                if (!_meanings.TryGetValue(view.Id, out var meaning)) _meanings.Add(view.Id, meaning = new(_context.Online, view, Log));
                _followers.Add((writer.Partition, view.Id, view.Fingerprint), new(writer, ApplierOf(view), meaning, _context.Online, _context.Clock));
            }
        _all = [.. _followers.Values];
    }

    IEventApplier ApplierOf(ViewVersion view) => view.View is AggregationView ? new TileApplier(view, LogColumns.Of(Source), _catalog, _context) : new ValueApplier(view, LogColumns.Of(Source), _catalog, _context.Online, _context.Clock);

    /// <summary>Decodes events; <paramref name="decode"/> gets a decoder of its own.</summary>
    public EventRows Decode(string origin, Action<EventDecoder, EventRows, long> decode)
    {
        ArgumentNullException.ThrowIfNull(decode);
        var generation = Volatile.Read(ref _generation);
        if (!_decoders.TryTake(out var decoder)) decoder = new(Source, _checks, _context.Limits);
        var rows = decoder.Begin(origin);
        decode(decoder, rows, Instant.Now(_context.Clock));
        if (generation == Volatile.Read(ref _generation)) _decoders.Add(decoder);
        return rows;
    }

    /// <summary>Logs pushed events and waits until they are online.</summary>
    /// <param name="rows">Of <see cref="Decode"/>.</param>
    /// <param name="key">An Idempotency-Key; null: none.</param>
    /// <param name="token">Ends the waiting; what is logged stays logged.</param>
    public async ValueTask<PushAnswer> PushAsync(EventRows rows, string? key, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (Reader is not null) throw new LockstepException(ErrorKind.BadArguments, $"Source '{Source.Name}' reads its events from {(Source.Stream is KafkaStreamSource kafka ? $"the topic '{kafka.Topic}'" : "files")}: they cannot be sent here. Send them there, or to a source with 'stream: {{ push: {{}} }}'.");
        var writer = await PushWriterAsync(token);
        if (key is not null && await _keys.ClaimAsync(key, writer, token) is { } before) return PushAnswer.Parse(before) with { Repeated = true, Visible = true };
        var answer = new PushAnswer
        {
            Source = Source.Name,
            Accepted = rows.Accepted.Count,
            Refused = rows.Refused?.Count ?? 0,
            Reasons = [.. rows.Reasons.Take(PushAnswer.MaxReasons)],
            UnknownColumns = [.. rows.Unknown],
            Partition = writer.Partition,
        };
        LogReceipt receipt;
        try
        {
            receipt = rows.Rows == 0 && key is null ? new(writer.Partition, writer.LastPlace, 0)
                : await LogAsync(writer, rows, new() { PushKey = key is null ? null : (key, answer.ToJson()) }, token);
        }
        catch
        {
            if (key is not null) await _keys.EndAsync(key, writer, null, 0);
            throw;
        }
        if (key is not null) await _keys.EndAsync(key, writer, (answer with { Place = receipt.Last }).ToJson(), receipt.IngestedAt);
        return answer with { Place = receipt.Last, Visible = answer.Accepted == 0 || await VisibleAsync(receipt, token) };
    }

    /// <summary>Logs events that were read from outside. Completes when they are on the disk; they, and what the entry says of them, are there together or not at all.</summary>
    /// <param name="writer">Of <see cref="TryTakeAsync"/>.</param>
    /// <param name="rows">Of <see cref="Decode"/>.</param>
    /// <param name="with">Their places and the position behind them.</param>
    /// <param name="token">Ends the waiting for room.</param>
    public async ValueTask<LogReceipt> LogAsync(LogWriter writer, EventRows rows, LogEntry with, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(with);
        var receipt = await writer.AppendAsync(with with { Rows = rows.Accepted.Count > 0 ? rows.Accepted : null, Refused = rows.Refused }, token);
        Counters.Add(rows);
        _refusals?.Add(rows);
        return receipt;
    }

    /// <summary>False: what is logged up to there is not online yet.</summary>
    async ValueTask<bool> VisibleAsync(LogReceipt receipt, CancellationToken token)
    {
        try
        {
            foreach (var follower in _all)
                if (follower.Partition == receipt.Partition) await follower.WaitAsync(receipt.Last, token).WaitAsync(_context.VisibleWithin, _context.Clock, token);
            return true;
        }
        catch (Exception e) when (e is TimeoutException or LockstepException)
        {
            return false;
        }
    }

    /// <summary>Waits until everything that is logged in our partitions is online, and in the store for good.</summary>
    public async Task DrainAsync(CancellationToken token)
    {
        foreach (var follower in _all)
            if (_writers.FirstOrDefault(w => w.Partition == follower.Partition) is { } writer)
            {
                await follower.WaitAsync(writer.LastPlace, token);
                await follower.FlushAsync(token);
            }
    }

    /// <summary>Takes over partitions whose process has ended; once an hour forgets keys of pushes that are old enough.</summary>
    public async Task TurnAsync(CancellationToken token)
    {
        await _keys.SettleAsync(token);
        await RecoverAsync(token);
        if (_cleanedAt != 0 && _context.Clock.GetElapsedTime(_cleanedAt) < CleanEvery) return;
        _cleanedAt = _context.Clock.GetTimestamp();
        await _keys.CleanAsync(token);
    }

    /// <summary>Forgets what is past every use.</summary>
    public Task CleanAsync(CancellationToken token) => _keys.CleanAsync(token);

    public async ValueTask DisposeAsync()
    {
        // First and without the lock: the reader gives its partitions free.
        if (_run is { } run) await run.DisposeAsync();
        _refusals?.Dispose();
        await _change.WaitAsync(CancellationToken.None);
        try
        {
            if (_disposed) return;
            _disposed = true;
            foreach (var follower in _all) await follower.DisposeAsync();
            foreach (var writer in _writers) await writer.DisposeAsync();
            (_all, _writers, _push) = ([], [], null);
        }
        finally
        {
            _change.Release();
        }
    }
}
