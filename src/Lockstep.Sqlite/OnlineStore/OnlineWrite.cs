using System.Buffers;
using Lockstep.Runtime.OnlineStore;
using SQLitePCL;
using static SQLitePCL.raw;

namespace Lockstep.Sqlite.OnlineStore;

/// <summary>What one transaction does to the file, and what it will have to do to the cache.</summary>
internal sealed class OnlineWrite(RawConnection writer, CellCache? cache, IReadOnlyDictionary<string, long> tables) : IDisposable
{
    const int TokenEvery = 256;

    CellUpdates? _updates;
    long _table = -1;
    long _droppedTable = -1;
    List<(int Index, ulong Hash, byte[] Cell)>? _cached;
    int[]? _order;
    ulong _closed;
    readonly ArrayBufferWriter<byte> _whole = new();

    /// <summary>Tables as they are after the transaction.</summary>
    public IReadOnlyDictionary<string, long> Tables { get; private set; } = tables;

    public bool Apply(string name, CellUpdates updates, ICellMerge merge, Fence fence, CancellationToken token)
    {
        if (!fence.IsNone && FindLease(name)?.Number != fence.LeaseNumber) return false;
        if (updates.Count == 0) return true;
        _table = Make(name);
        _updates = updates;
        var (cells, bytes) = (0L, 0L);
        var isEmpty = CellsBefore() == 0;
        var (get, put, delete) = (writer.Cell(_table, CellStatement.GetFront), writer.Cell(_table, CellStatement.Put), writer.Cell(_table, CellStatement.Delete));
        var merged = new ArrayBufferWriter<byte>(4096);
        var parts = merge as IPartedMerge;
        _order = SortedOrder(updates);
        ReadOnlySpan<byte> previous = default;
        for (var at = 0; at < updates.Count; at++)
        {
            if (at % TokenEvery == 0) token.ThrowIfCancellationRequested();
            var index = _order is null ? at : _order[at];
            var key = updates.Key(index);
            if (at > 0 && key.SequenceEqual(previous)) throw new ArgumentException($"The key {Convert.ToHexString(key)} occurs twice in one write.", nameof(updates));
            previous = key;
            var old = ReadOnlySpan<byte>.Empty;
            var body = 0; // bytes of the one that is stored
            if (!isEmpty)
            {
                SqliteOnlineStore.Bind(get, 1, key);
                if (writer.Step(get))
                {
                    old = sqlite3_column_blob(get, 0); // stands until the reset
                    if (sqlite3_column_int(get, 1) != 0) body = -1;
                }
            }
            var (exists, front) = (!old.IsEmpty, old.Length);
            merged.ResetWrittenCount();
            bool changed;
            var bodyStays = false;
            try
            {
                if (body < 0 && parts is not null && parts.TryMergeFront(old, updates.Update(index), merged, out changed)) bodyStays = true;
                else
                {
                    if (body < 0)
                    {
                        old = Together(old, key);
                        body = old.Length - front;
                    }
                    changed = merge.Merge(old, updates.Update(index), merged);
                }
            }
            finally
            {
                if (!isEmpty) sqlite3_reset(get);
            }
            if (!changed) continue;
            if (merged.WrittenCount == 0 && !exists) continue;
            var written = merged.WrittenSpan;
            var newBody = bodyStays ? 0 : !written.IsEmpty && parts is not null ? parts.BodyOf(written) : 0;
            if (written.Length > 0)
            {
                SqliteOnlineStore.Bind(put, 1, key);
                SqliteOnlineStore.Bind(put, 2, written[..^newBody]);
                if (bodyStays || newBody > 0) sqlite3_bind_int(put, 3, 1); else sqlite3_bind_null(put, 3);
                Run(put);
            }
            else
            {
                SqliteOnlineStore.Bind(delete, 1, key);
                Run(delete);
            }
            if (newBody > 0)
            {
                var putBody = writer.Cell(_table, CellStatement.PutBody);
                SqliteOnlineStore.Bind(putBody, 1, key);
                SqliteOnlineStore.Bind(putBody, 2, written[^newBody..]);
                Run(putBody);
            }
            else if (body > 0)
            {
                var deleteBody = writer.Cell(_table, CellStatement.DeleteBody);
                SqliteOnlineStore.Bind(deleteBody, 1, key);
                Run(deleteBody);
            }
            cells += (written.Length > 0 ? 1 : 0) - (exists ? 1 : 0);
            bytes += (written.Length > 0 ? key.Length + written.Length : 0) - (exists ? key.Length + front + Math.Max(0, body) : 0);
            if (cache is null || bodyStays) continue; // it leaves the cache: to put the parts together is the next reader's work
            var hash = cache.Hash(_table, key);
            if (cache.Contains(_table, key, hash)) (_cached ??= []).Add((index, hash, written.ToArray()));
        }
        if (cells != 0 || bytes != 0)
        {
            var count = writer.Statement("UPDATE tables SET cells = cells + ?, bytes = bytes + ? WHERE id = ?");
            sqlite3_bind_int64(count, 1, cells);
            sqlite3_bind_int64(count, 2, bytes);
            sqlite3_bind_int64(count, 3, _table);
            Run(count);
        }
        return true;
    }

    /// <summary>The stored parts of a cell, one after the other.</summary>
    ReadOnlySpan<byte> Together(ReadOnlySpan<byte> front, ReadOnlySpan<byte> key)
    {
        _whole.ResetWrittenCount();
        _whole.Write(front);
        var get = writer.Cell(_table, CellStatement.GetBody);
        SqliteOnlineStore.Bind(get, 1, key);
        if (writer.Step(get)) _whole.Write(sqlite3_column_blob(get, 0));
        sqlite3_reset(get);
        return _whole.WrittenSpan;
    }

    long CellsBefore()
    {
        var count = writer.Statement("SELECT cells FROM tables WHERE id = ?");
        sqlite3_bind_int64(count, 1, _table);
        var cells = writer.Step(count) ? sqlite3_column_int64(count, 0) : 0;
        sqlite3_reset(count);
        return cells;
    }

    /// <summary>Null when the keys already ascend: what a bulk load hands over.</summary>
    static int[]? SortedOrder(CellUpdates updates)
    {
        var sorted = true;
        for (var i = 1; i < updates.Count && sorted; i++) sorted = updates.Key(i - 1).SequenceCompareTo(updates.Key(i)) <= 0;
        if (sorted) return null;
        var order = new int[updates.Count];
        for (var i = 0; i < order.Length; i++) order[i] = i;
        Array.Sort(order, (a, b) => updates.Key(a).SequenceCompareTo(updates.Key(b)));
        return order;
    }

    public (long Number, string? Owner, long Expires)? FindLease(string name)
    {
        var find = writer.Statement("SELECT lease_number, lease_owner, lease_expires FROM tables WHERE name = ? AND lease_number > 0");
        sqlite3_bind_text(find, 1, name);
        (long, string?, long)? lease = writer.Step(find)
            ? (sqlite3_column_int64(find, 0), sqlite3_column_text(find, 1).utf8_to_string(), sqlite3_column_int64(find, 2))
            : null;
        sqlite3_reset(find);
        return lease;
    }

    /// <summary>Numbers grow over all tables, so that a table made anew does not meet the numbers of its predecessor.</summary>
    public long NextLeaseNumber()
    {
        writer.Execute("UPDATE numbers SET value = value + 1 WHERE name = 'lease'");
        return writer.Int64("SELECT value FROM numbers WHERE name = 'lease'");
    }

    public void SetLease(string name, long number, string? owner, long expires)
    {
        var set = writer.Statement("INSERT INTO tables(name, lease_number, lease_owner, lease_expires) VALUES(?1, ?2, ?3, ?4) ON CONFLICT(name) DO UPDATE SET lease_number = ?2, lease_owner = ?3, lease_expires = ?4");
        sqlite3_bind_text(set, 1, name);
        sqlite3_bind_int64(set, 2, number);
        if (owner is null) sqlite3_bind_null(set, 3); else sqlite3_bind_text(set, 3, owner);
        sqlite3_bind_int64(set, 4, expires);
        Run(set);
    }

    public bool Drop(string name)
    {
        if (Tables.TryGetValue(name, out var id))
        {
            writer.Forget(id);
            foreach (var drop in OnlineSchema.Drop(id)) writer.Execute(drop);
            _droppedTable = id;
            Tables = Tables.Where(t => t.Key != name).ToDictionary(StringComparer.Ordinal);
        }
        var delete = writer.Statement("DELETE FROM tables WHERE name = ?");
        sqlite3_bind_text(delete, 1, name);
        Run(delete);
        return true;
    }

    long Make(string name)
    {
        if (Tables.TryGetValue(name, out var id)) return id;
        var insert = writer.Statement("INSERT INTO tables(name, made) VALUES(?, 1) ON CONFLICT(name) DO UPDATE SET made = 1");
        sqlite3_bind_text(insert, 1, name);
        Run(insert);
        var find = writer.Statement("SELECT id FROM tables WHERE name = ?");
        sqlite3_bind_text(find, 1, name);
        id = writer.Step(find) ? sqlite3_column_int64(find, 0) : throw new InvalidOperationException($"Table '{name}' was not made.");
        sqlite3_reset(find);
        writer.Execute(OnlineSchema.CreateCells(id));
        writer.Execute(OnlineSchema.CreateBodies(id));
        Tables = new Dictionary<string, long>(Tables, StringComparer.Ordinal) { [name] = id };
        return id;
    }

    void Run(sqlite3_stmt statement)
    {
        writer.Step(statement);
        sqlite3_reset(statement);
    }

    /// <summary>Before the commit: none of the keys is in the cache any more, and none can come in.</summary>
    public void CloseCache()
    {
        if (cache is null || _updates is null) return;
        for (var i = 0; i < _updates.Count; i++)
        {
            var key = _updates.Key(i);
            cache.Begin(_table, key, cache.Hash(_table, key), ref _closed);
        }
    }

    /// <summary>After a commit that nobody else's followed yet.</summary>
    public void FillCache()
    {
        if (cache is null || _cached is null) return;
        foreach (var (index, hash, cell) in _cached) cache.Put(_table, _updates!.Key(index), hash, cell);
    }

    public void OpenCache()
    {
        cache?.End(_closed);
        _closed = 0;
        if (_droppedTable >= 0) cache?.Clear();
    }

    public void Dispose() => OpenCache();
}
