using System.Buffers;
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
// the segment with the frame is not removed.
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

    /// <summary>The answer to give again; null: the push is the caller's to log, and to end by <see cref="KeepAsync"/> or <see cref="ReleaseAsync"/>.</summary>
    public async ValueTask<string?> ClaimAsync(string key, LogWriter by, CancellationToken token)
    {
        if (key.Length is 0 or > MaxLength) throw new LockstepException(ErrorKind.BadArguments, $"The Idempotency-Key has {key.Length} characters; it needs 1 to {MaxLength}.");
        var bytes = Encoding.UTF8.GetBytes(key);
        for (var attempt = 0; ; attempt++)
        {
            var mine = new Entry(by.Partition, Instant.Now(clock), null, by.Owner);
            var found = await ReadAsync(bytes, token);
            if (found is { Answer: { } answer } && mine.At - found.At < Lifetime) return answer;
            // Of a dead server whose partition is the caller's now: what its log says was kept when it was taken over, so this push is not in it.
            var isLeft = found is { Answer: null } && found.Partition == by.Partition && found.Owner != by.Owner;
            if (found is null || found.Answer is not null || isLeft)
            {
                if (await ReplaceAsync(bytes, found, mine, token)) return null;
            }
            else if (found.Partition == by.Partition || !await RecoverAsync(found.Partition, bytes, found, token) || attempt > 3)
                throw new LockstepException(ErrorKind.Conflict, $"A push with the Idempotency-Key '{key}' is under way. Send it again in a moment.");
        }
    }

    /// <summary>The push is logged.</summary>
    public async ValueTask KeepAsync(string key, string answer, uint partition, long at, CancellationToken token)
        => await WriteAsync(Encoding.UTF8.GetBytes(key), entry => entry?.Answer is null || at - entry.At >= Lifetime, new(partition, at, answer), token);

    /// <summary>The push was not logged.</summary>
    public async ValueTask ReleaseAsync(string key, uint partition, CancellationToken token)
        => await WriteAsync(Encoding.UTF8.GetBytes(key), entry => entry is { Answer: null } && entry.Partition == partition, null, token);

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
