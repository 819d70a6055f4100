using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Runtime.Streaming.Intake;

// A push with a key is logged once, whoever repeats it at which server (S15). What is known of keys is kept in the online store, for all
// servers, and beside the events in the log:
//  1. The key is claimed: by the partition that will log the push. Who finds it claimed by another that still runs is told to wait.
//  2. The push is logged; its frame holds the key and the answer.
//  3. The answer is kept under the key.
// A server that dies leaves a claim; whoever meets it takes over the dead server's partition, whose log says whether the push was logged.
// It may have taken it over already, for its own pushes: a claim names who made it, because a partition outlives its servers. Before 3
// the segment with the frame is not removed. A store that fails at 1 or 3, or a caller that goes away, leaves a claim of a server that
// runs: it is settled by the next push with the key, or the next turn.
/// <summary>The Idempotency-Keys of one source.</summary>
sealed class PushKeys(EventLog log, IOnlineStore store, TimeProvider clock)
{
    /// <summary>How long a key is remembered.</summary>
    public const long Lifetime = 7 * Instant.Day;

    public const int MaxLength = 256;

    /// <summary>No view has such a name.</summary>
    public string Table { get; } = $"~push-keys/{log.Source.Name}";

    /// <param name="Owner">Of a claim: <see cref="LogWriter.Owner"/>.</param>
    sealed record Entry(uint Partition, long At, string? Answer, Guid? Owner = null);

    /// <summary>Of pushes that are under way here.</summary>
    readonly ConcurrentDictionary<string, bool> _held = new(StringComparer.Ordinal);

    /// <summary>Pushes that ended here and whose claims the store could not be told of; no answer: they were not logged.</summary>
    readonly ConcurrentDictionary<string, (LogWriter Writer, string? Answer, long At)> _left = new(StringComparer.Ordinal);

    /// <summary>The answer to give again; null: the push is the caller's to log, and to end by <see cref="EndAsync"/>.</summary>
    public async ValueTask<string?> ClaimAsync(string key, LogWriter by, CancellationToken token)
    {
        if (key.Length is 0 or > MaxLength) throw new LockstepException(ErrorKind.BadArguments, $"The Idempotency-Key has {key.Length} characters; it needs 1 to {MaxLength}.");
        if (!_held.TryAdd(key, true)) throw UnderWay(key);
        var isMine = false;
        try
        {
            if (_left.ContainsKey(key)) await SettleAsync(key, token);
            var answer = await FindOrClaimAsync(key, by, token);
            isMine = answer is null;
            return answer;
        }
        finally
        {
            if (!isMine) _held.TryRemove(key, out _);
        }
    }

    static LockstepException UnderWay(string key) => new(ErrorKind.Conflict, $"A push with the Idempotency-Key '{key}' is under way. Send it again in a moment.");

    async ValueTask<string?> FindOrClaimAsync(string key, LogWriter by, CancellationToken token)
    {
        var bytes = Encoding.UTF8.GetBytes(key);
        for (var attempt = 0; ; attempt++)
        {
            var mine = new Entry(by.Partition, Instant.Now(clock), null, by.Owner);
            var found = await ReadAsync(bytes, token);
            if (found is { Answer: { } answer } && mine.At - found.At < Lifetime) return answer;
            // Of a dead server whose partition is the caller's now: what its log says was kept when it was taken over, so this push is not in
            // it. Or the caller's own, of a push that came no further than its claim: it holds the key, so nobody is at it.
            var isLeft = found is { Answer: null } && found.Partition == by.Partition;
            if (found is null || found.Answer is not null || isLeft)
            {
                if (await ReplaceAsync(bytes, found, mine, token)) return null;
            }
            else if (!await RecoverAsync(found.Partition, bytes, found, token)) throw UnderWay(key);
            if (attempt > 3) throw UnderWay(key);
        }
    }

    /// <summary>Ends a push that was claimed. A store that fails is told later: what is logged is logged.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="writer">Who logged it.</param>
    /// <param name="answer">What a repetition is answered; null: it was not logged.</param>
    /// <param name="at">When it was logged.</param>
    public async ValueTask EndAsync(string key, LogWriter writer, string? answer, long at)
    {
        _left[key] = (writer, answer, at);
        try
        {
            await SettleAsync(key, CancellationToken.None);
        }
        catch (Exception e) when (e is LockstepException or ObjectDisposedException)
        {
            // the next turn, or the next push with the key
        }
        finally
        {
            _held.TryRemove(key, out _);
        }
    }

    /// <summary>Tells the store of pushes that ended while it failed.</summary>
    public async ValueTask SettleAsync(CancellationToken token)
    {
        foreach (var key in _left.Keys)
        {
            if (!_held.TryAdd(key, true)) continue;
            try
            {
                await SettleAsync(key, token);
            }
            finally
            {
                _held.TryRemove(key, out _);
            }
        }
    }

    async ValueTask SettleAsync(string key, CancellationToken token)
    {
        if (!_left.TryGetValue(key, out var left)) return;
        if (left.Answer is { } answer) await KeepAsync(key, answer, left.Writer.Partition, left.At, token);
        else await ReleaseAsync(key, left.Writer, token);
        left.Writer.KeyKept(key);
        _left.TryRemove(key, out _);
    }

    /// <summary>The push is logged.</summary>
    async ValueTask KeepAsync(string key, string answer, uint partition, long at, CancellationToken token)
        => await WriteAsync(Encoding.UTF8.GetBytes(key), entry => entry?.Answer is null || at - entry.At >= Lifetime, new(partition, at, answer), token);

    /// <summary>The push was not logged.</summary>
    async ValueTask ReleaseAsync(string key, LogWriter by, CancellationToken token)
        => await WriteAsync(Encoding.UTF8.GetBytes(key), entry => entry is { Answer: null } && entry.Owner == by.Owner, null, token);

    /// <summary>What a partition's log says of pushes whose answers may not have been kept.</summary>
    public async ValueTask RecoverAsync(LogWriter writer, CancellationToken token)
    {
        foreach (var (key, answer, at) in writer.PushKeys)
        {
            await KeepAsync(key, answer, writer.Partition, at, token);
            writer.KeyKept(key);
        }
    }

    /// <summary>False: the claim's owner still runs. True: the claim is settled or gone.</summary>
    async ValueTask<bool> RecoverAsync(uint partition, byte[] key, Entry claim, CancellationToken token)
    {
        await using var dead = log.TryOpenWriter(partition, token);
        if (dead is null) return false;
        await RecoverAsync(dead, token);
        await WriteAsync(key, entry => entry == claim, null, token); // its log has no such push
        return true;
    }

    /// <summary>Forgets keys that are older than <see cref="Lifetime"/>.</summary>
    public async Task CleanAsync(CancellationToken token)
    {
        var now = Instant.Now(clock);
        List<byte[]> old = [];
        await foreach (var (key, cell) in store.ScanAsync(Table, token))
            if (Parse(cell) is { } entry && now - entry.At >= Lifetime) old.Add(key);
        foreach (var key in old) await WriteAsync(key, entry => entry is not null && now - entry.At >= Lifetime, null, token);
    }

    async ValueTask<Entry?> ReadAsync(byte[] key, CancellationToken token)
    {
        var batch = new OnlineReadBatch();
        batch.KeyBuffer.Write(key);
        batch.Add(Table);
        await store.ReadAsync(batch, token);
        return Parse(batch.Cell(0).Span);
    }

    async ValueTask<bool> ReplaceAsync(byte[] key, Entry? found, Entry mine, CancellationToken token) => await WriteAsync(key, entry => entry == found, mine, token);

    async ValueTask<bool> WriteAsync(byte[] key, Func<Entry?, bool> when, Entry? entry, CancellationToken token)
    {
        var updates = new CellUpdates();
        updates.Add(key, default);
        var merge = new When(when, entry is null ? null : JsonSerializer.SerializeToUtf8Bytes(entry));
        await store.WriteAsync(Table, updates, merge, Fence.None, token);
        return merge.Done;
    }

    static Entry? Parse(ReadOnlySpan<byte> cell) => cell.IsEmpty ? null : JsonSerializer.Deserialize<Entry>(cell);

    sealed class When(Func<Entry?, bool> condition, byte[]? value) : ICellMerge
    {
        public bool Done { get; private set; }

        public bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
        {
            Done = condition(Parse(cell));
            if (Done && value is not null) merged.Write(value);
            return Done;
        }
    }
}
