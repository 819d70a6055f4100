using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.History;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Runtime.Serving;

// One request on its way through serving:
//  1. Begin with a plan and the instant t that was fixed when the request arrived (S7).
//  2. AddRow for each entity row: its keys are encoded, once a group of lookups; each (table, key) becomes one read, however many
//     rows and aliases ask for it.
//  3. ReadAsync reads all cells at once and finds in each the newest row as of t, or why there is none (S5, S20); from a cell of tiles
//     it computes the windows as of t (S9) and packs them as a row.
//  4. On-demand features are computed from what was found and packed as a row of their own (ServedOnDemand).
//  5. Writers ask for Read(row, lookup) and decode values in place.
// Pooled: after the first few requests of a size it allocates nothing.

/// <summary>The state of one request. Belongs to one request at a time; <see cref="FeatureServer"/> rents it out.</summary>
public sealed class ServingRequest(IOnlineStore store)
{
    const int FewBuckets = 64;

    static readonly ulong Seed = (ulong)Random.Shared.NextInt64(); // keys come from callers: nobody may choose a bucket

    readonly OnlineReadBatch _batch = new();
    readonly Utf8Buffer _key = new();
    ServingPlan _plan = null!;
    int[] _rows = new int[16];      // row * lookups + lookup -> place of the read in the batch, or -1
    ReadState[] _reads = new ReadState[16];
    int[] _buckets = new int[FewBuckets]; // hash -> read + 1
    int _mask;                      // of the buckets in use, a power of two less one
    KeyPart[] _row = new KeyPart[8];
    bool[] _nulls = new bool[8];

    struct ReadState
    {
        public ulong Hash;
        public int Next;            // read + 1 of the same bucket
        public int Lookup;
        public FeatureStatus Status;
        public long EventTimestamp;
        public int RowStart, RowLength; // in the cell; of windows in _windowRows
        public bool HasTime;        // whether there is an event timestamp
        public bool OutOfRange;     // whether bits behind the row say which values are
        public long From, Until;    // the instants for which the same cell answers alike
    }

    struct RowState
    {
        public int KeyStart, KeyLength;         // its key fields in _rowKeys
        public ulong Hash;
        public byte[]? Answer;                  // what the cache had
        public int TextStart, TextLength;       // otherwise where it was written in Output
    }

    readonly Utf8Buffer _rowKeys = new();
    RowState[] _states = new RowState[16];
    AnswerCache? _answers;
    StoreStamp _stamp;              // of the store before anything was read
    OnDemandState? _onDemand;
    readonly Utf8Buffer _windowRows = new(0); // values of windows, packed
    WindowState?[] _windows = [];   // by table

    public ServingPlan Plan => _plan;

    /// <summary>The instant that all values are as of, in microseconds.</summary>
    public long AsOf { get; private set; }

    public int Rows { get; private set; }

    /// <summary>Rows of tables to read, each once.</summary>
    public int Reads => _batch.Count;

    /// <summary>Encoded parts of keys, by <see cref="KeyPart"/>.</summary>
    public Utf8Buffer Parts { get; } = new();

    /// <summary>For a writer that goes over a row's segments more than once: which of them hold a null.</summary>
    internal bool[] SegmentNulls => _nulls;

    /// <summary>Where a writer puts the answer.</summary>
    public Utf8Buffer Output { get; } = new(4096);

    /// <summary>For bytes that a reader needs while it reads.</summary>
    public Utf8Buffer Scratch { get; } = new();

    /// <summary>For a body that did not come in one piece.</summary>
    public Utf8Buffer Body { get; } = new(0);

    /// <summary>Begins a request; with a cache, rows of the text that <see cref="Json.OnlineResponseJson"/> writes may come from it.</summary>
    public void Begin(ServingPlan plan, long asOf, AnswerCache? answers = null)
    {
        (_plan, AsOf, Rows, IsOfHistory) = (plan, asOf, 0, false);
        _answers = answers is not null && plan.IsCacheable && store.TryGetStamp(out _stamp) ? answers : null;
        if (_onDemand is not null && !ReferenceEquals(_onDemand.Served, plan.OnDemand)) GiveBack();
        _onDemand ??= plan.OnDemand?.Rent();
        _onDemand?.Begin();
        GiveBackWindows();
        if (_windows.Length < plan.Lookups.Length) _windows = new WindowState?[plan.Lookups.Length];
        _windowRows.Clear();
        _rowKeys.Clear();
        Parts.Clear();
        Output.Clear();
        _batch.Clear();
        _mask = FewBuckets - 1;
        Array.Clear(_buckets, 0, FewBuckets);
        if (_nulls.Length < plan.Segments.Length) _nulls = new bool[plan.Segments.Length];
        if (_row.Length < plan.Fields.Length) _row = new KeyPart[plan.Fields.Length];
    }

    /// <summary>Begins a request that history answers, as of an earlier instant: nothing of it is read from the store.</summary>
    public void BeginHistory(ServingPlan plan, long asOf)
    {
        Begin(plan, asOf);
        IsOfHistory = true;
    }

    /// <summary>Whether it asks for an earlier instant: <see cref="HistoryRows"/> says for whom.</summary>
    public bool IsOfHistory { get; private set; }

    /// <summary>The rows as history takes them.</summary>
    public IReadOnlyList<HistoryRow> HistoryRows()
    {
        var fields = _plan.Set.OnDemand?.RequestFields ?? [];
        var rows = new HistoryRow[Rows];
        for (var row = 0; row < rows.Length; row++)
        {
            var keys = new Value[_plan.Lookups.Length][];
            for (var l = 0; l < keys.Length; l++)
                keys[l] = _rows[row * keys.Length + l] is >= 0 and var read ? EntityKey.Read(_batch.Key(read)) : new Value[_plan.Lookups[l].Lookup.View.Keys.Count]; // a null in a key is as good as all
            Dictionary<string, Value> request = new(StringComparer.Ordinal);
            for (var i = 0; i < fields.Count; i++) request.Add(fields[i].Name, Requests![i].GetValue(Requests.Count == 1 ? 0 : row));
            rows[row] = new(keys, request);
        }
        return rows;
    }

    /// <summary>Where the request fields of on-demand features go: as many rows as were added, or one for all; null when none are read.</summary>
    public ColumnBatch? Requests => _onDemand?.Requests;

    /// <summary>One part for each of the plan's fields, to be filled and handed to <see cref="AddRow"/>.</summary>
    public Span<KeyPart> RowParts => _row.AsSpan(0, _plan.Fields.Length);

    /// <summary>Adds a row by its key parts. A field that is missing is an error that names it and the row.</summary>
    public void AddRow(ReadOnlySpan<KeyPart> parts)
    {
        var plan = _plan;
        for (var i = 0; i < parts.Length; i++)
            if (parts[i].IsMissing) throw MissingField(i);
        var first = Rows * plan.Lookups.Length;
        if (_rows.Length < first + plan.Lookups.Length) Array.Resize(ref _rows, Math.Max(_rows.Length * 2, first + plan.Lookups.Length));
        if (_states.Length <= Rows) Array.Resize(ref _states, Rows * 2);
        if (_answers is not null && FindAnswer(parts)) { Rows++; return; }
        Rows++;
        var group = -1;
        ulong hash = 0;
        for (var l = 0; l < plan.Lookups.Length; l++)
        {
            var lookup = plan.Lookups[l];
            if (lookup.Group != group)
            {
                group = lookup.Group;
                hash = Encode(plan.Groups[group], parts) ? XxHash64.Hash(_key.Written, Seed) : 0;
            }
            _rows[first + l] = _key.Count == 0 ? -1 : FindOrAdd(lookup, l, hash + (ulong)lookup.Table * 0x9E3779B97F4A7C15);
        }
    }

    bool FindAnswer(ReadOnlySpan<KeyPart> parts)
    {
        var start = _rowKeys.Count;
        foreach (var part in parts)
            if (part.IsNull) _rowKeys.Write((byte)0); // no type has this number
            else _rowKeys.Write(Parts.Written.Slice(part.Start, part.Length));
        var key = _rowKeys.Written[start..];
        var hash = XxHash64.Hash(key, Seed);
        var answer = _answers!.Find(_plan, key, hash, _stamp, AsOf);
        _states[Rows] = new() { KeyStart = start, KeyLength = key.Length, Hash = hash, Answer = answer };
        return answer is not null;
    }

    /// <summary>The row as it was written for an earlier request that reading would answer alike; null: it has to be written.</summary>
    internal byte[]? Answer(int row) => _answers is null ? null : _states[row].Answer;

    /// <summary>Where a writer's rows begin in <see cref="Output"/>.</summary>
    internal int HeadLength { get; set; }

    /// <summary>Says where a row was written in <see cref="Output"/>, and lets the cache have it.</summary>
    internal void SetWritten(int row, int start, int length)
    {
        ref var state = ref _states[row];
        (state.TextStart, state.TextLength) = (start, length);
        if (_answers is null) return;
        var (from, until) = (long.MinValue, long.MaxValue);
        for (var l = 0; l < _plan.Lookups.Length; l++)
            if (Read(row, l) is >= 0 and var read) (from, until) = (Math.Max(from, _reads[read].From), Math.Min(until, _reads[read].Until));
        _answers.Offer(_plan, _rowKeys.Written.Slice(state.KeyStart, state.KeyLength), state.Hash, _stamp, from, until, WrittenRow(row));
    }

    internal ReadOnlySpan<byte> WrittenRow(int row) => Output.Written.Slice(_states[row].TextStart, _states[row].TextLength);

    bool Encode(KeyGroup group, ReadOnlySpan<KeyPart> parts)
    {
        _key.Clear();
        foreach (var field in group.Fields)
            if (parts[field].IsNull) return false;
        EntityKey.Version(_key);
        foreach (var field in group.Fields) _key.Write(Parts.Written.Slice(parts[field].Start, parts[field].Length));
        return true;
    }

    int FindOrAdd(PlannedLookup lookup, int place, ulong hash)
    {
        ref var bucket = ref _buckets[hash & (uint)_mask];
        for (var i = bucket - 1; i >= 0; i = _reads[i].Next - 1)
            if (_reads[i].Hash == hash && _plan.Lookups[_reads[i].Lookup].Table == lookup.Table && _batch.Key(i).SequenceEqual(_key.Written)) return i;
        System.Buffers.BuffersExtensions.Write(_batch.KeyBuffer, _key.Written);
        var read = _batch.Add(lookup.TableName);
        if (read == _reads.Length) Array.Resize(ref _reads, read * 2);
        _reads[read] = new() { Hash = hash, Next = bucket, Lookup = place }; // all that was found before is forgotten
        bucket = read + 1;
        if (read >= _mask) Rehash();
        return read;
    }

    void Rehash()
    {
        _mask = _mask * 4 + 3;
        if (_buckets.Length <= _mask) _buckets = new int[_mask + 1];
        else Array.Clear(_buckets, 0, _mask + 1);
        for (var i = 0; i < _batch.Count; i++)
        {
            ref var bucket = ref _buckets[_reads[i].Hash & (uint)_mask];
            _reads[i].Next = bucket;
            bucket = i + 1;
        }
    }

    /// <summary>Reads all cells, and in each the newest row as of <see cref="AsOf"/>. Completes synchronously where the store does.</summary>
    public ValueTask ReadAsync(CancellationToken token)
    {
        if (_batch.Count == 0)
        {
            ComputeAll();
            return ValueTask.CompletedTask;
        }
        var reading = store.ReadAsync(_batch, token);
        if (!reading.IsCompletedSuccessfully) return Await(reading);
        reading.GetAwaiter().GetResult();
        FindAll();
        return ValueTask.CompletedTask;

        async ValueTask Await(ValueTask running)
        {
            await running;
            FindAll();
        }
    }

    void FindAll()
    {
        for (var i = 0; i < _batch.Count; i++) Find(i);
        ComputeAll();
    }

    void ComputeAll()
    {
        if (_onDemand is null) return;
        for (var row = 0; row < Rows; row++)
            if (Answer(row) is null) _onDemand.Compute(this, row);
    }

    void Find(int read)
    {
        ref var state = ref _reads[read];
        var lookup = _plan.Lookups[state.Lookup];
        var cell = _batch.Cell(read).Span;
        try
        {
            if (lookup.Windows is { } windows)
            {
                FindWindows(ref state, windows, lookup.Table, cell);
                return;
            }
            var reader = new ValueCellReader(cell);
            var index = reader.IndexOfNewest(AsOf);
            // The next row to come, if one is ahead, ends what is found now.
            state.Until = index > 0 ? reader.EventTimestamp(index - 1) - 1 : index < 0 && reader.Count > 0 ? reader.EventTimestamp(reader.Count - 1) - 1 : long.MaxValue;
            state.From = long.MinValue;
            if (index < 0)
            {
                state.Status = FeatureStatus.NotFound;
                return;
            }
            var row = reader.Row(index);
            state.HasTime = true;
            state.EventTimestamp = state.From = reader.EventTimestamp(index);
            if (row.IsEmpty || lookup.Ttl > 0 && state.EventTimestamp < AsOf - lookup.Ttl)
            {
                state.Status = FeatureStatus.OutsideMaxAge;
                state.From = AsOf; // it does not become younger
                return;
            }
            if (lookup.Ttl > 0) state.Until = Math.Min(state.Until, Math.Min(lookup.Ttl, long.MaxValue - Math.Max(0, state.EventTimestamp)) + state.EventTimestamp);
            _ = new RowReader(lookup.Layout, row); // checks it, once
            state.Status = FeatureStatus.Present;
            cell.Overlaps(row, out state.RowStart);
            state.RowLength = row.Length;
        }
        catch (RowFormatException damaged)
        {
            throw new LockstepException(ErrorKind.Failed, $"The online store holds bytes under '{lookup.TableName}' for key ({string.Join(", ", EntityKey.Read(_batch.Key(read)))}) that are no cell of it: {damaged.Message} Materialize the view again with --full.", damaged);
        }
    }

    // A key that was never seen is a key without events (S12, S20).
    void FindWindows(ref ReadState state, ServedWindows windows, int table, ReadOnlySpan<byte> cell)
    {
        var work = _windows[table] ??= windows.Rent();
        state.Status = FeatureStatus.Present;
        state.RowStart = _windowRows.Count;
        (state.RowLength, state.OutOfRange) = work.Read(cell, AsOf, _windowRows);
        (state.HasTime, state.EventTimestamp) = (work.Newest is not null, work.Newest ?? 0);
        (state.From, state.Until) = (work.From, work.Until);
    }

    /// <summary>
    /// What answers a lookup for a row: the place of a read; -1 for a null in the key; less for a computed row, by its number and
    /// whether a key among what it reads has a null.
    /// </summary>
    public int Read(int row, int lookup)
    {
        var lookups = _plan.Lookups.Length;
        return lookup < lookups ? _rows[row * lookups + lookup] : Computed(row, lookup - lookups);
    }

    int Computed(int row, int computed)
    {
        var nullKey = 0;
        foreach (var lookup in _plan.Computed[computed])
            if (_rows[row * _plan.Lookups.Length + lookup] < 0) nullKey = 1;
        return FirstComputed - 2 * row - nullKey;
    }

    const int FirstComputed = -2;

    /// <summary>What was found, before a single value's null is looked at: PRESENT, NOT_FOUND or OUTSIDE_MAX_AGE.</summary>
    public FeatureStatus Status(int read)
        => read >= 0 ? _reads[read].Status : read <= FirstComputed && (FirstComputed - read & 1) == 0 ? FeatureStatus.Present : FeatureStatus.NotFound;

    /// <summary>Whether there is a row to take values from. A computed one is there with a null in the key too: its expressions say what becomes of it.</summary>
    public bool HasRow(int read) => read >= 0 ? _reads[read].Status == FeatureStatus.Present : read <= FirstComputed;

    /// <summary>Whether there is an instant to tell: not where nothing was found, of windows without events, nor of what is computed (S20).</summary>
    public bool HasEventTimestamp(int read) => read >= 0 && _reads[read].HasTime;

    /// <summary>The status of a value that is null in a row that is there.</summary>
    public FeatureStatus NullStatus(int read, int ordinal)
    {
        if (read < 0 || !_reads[read].OutOfRange) return FeatureStatus.NullValue;
        ref readonly var state = ref _reads[read];
        return (_windowRows.Written[state.RowStart + state.RowLength + (ordinal >> 3)] >> (ordinal & 7) & 1) != 0 ? FeatureStatus.OutOfRange : FeatureStatus.NullValue;
    }

    /// <summary>The instant of the row, of the newest that is too old, or of the newest event of the widest window; meaningless without <see cref="HasEventTimestamp"/>.</summary>
    public long EventTimestamp(int read) => _reads[read].EventTimestamp;

    /// <summary>The packed row of a read that has one.</summary>
    public RowReader Row(int read)
    {
        if (read < 0) return _onDemand!.Row((FirstComputed - read) >> 1);
        ref readonly var state = ref _reads[read];
        var lookup = _plan.Lookups[state.Lookup];
        return RowReader.OfChecked(lookup.Layout, (lookup.Windows is null ? _batch.Cell(read).Span : _windowRows.Written).Slice(state.RowStart, state.RowLength));
    }

    /// <summary>One value with its status and event timestamp: for tools; writers go by segments.</summary>
    public (Value Value, FeatureStatus Status, long? EventTimestamp) Get(int row, int output)
    {
        var column = _plan.Outputs[output];
        var read = Read(row, _plan.Sources[output]);
        var status = Status(read);
        var value = HasRow(read) ? Row(read).GetValue(column.Ordinal) : Value.Null;
        if (status == FeatureStatus.Present && value.IsNull) status = NullStatus(read, column.Ordinal);
        return (value.IsNull ? column.Default : value, status, HasEventTimestamp(read) ? EventTimestamp(read) : null);
    }

    void GiveBack()
    {
        _onDemand!.Served.Return(_onDemand);
        _onDemand = null;
    }

    void GiveBackWindows()
    {
        foreach (ref var work in _windows.AsSpan())
        {
            if (work is null) continue;
            work.Served.Return(work);
            work = null;
        }
    }

    /// <summary>Lets go of the store's bytes; buffers stay.</summary>
    internal void End()
    {
        if (_answers is not null) Array.Clear(_states, 0, Rows);
        _answers = null;
        if (_onDemand is not null) GiveBack();
        GiveBackWindows();
        _batch.Clear();
        _plan = null!;
    }

    /// <summary>Whether its buffers are small enough to keep it for the next request.</summary>
    internal bool IsWorthKeeping => Output.Capacity + Parts.Capacity + Scratch.Capacity + Body.Capacity + _windowRows.Capacity <= 2 << 20;

    LockstepException MissingField(int field)
    {
        var users = _plan.Lookups.Where(l => _plan.Groups[l.Group].Fields.Contains(field)).Select(l => $"'{l.Lookup.Alias ?? l.Lookup.View.Id}'").Distinct();
        return new(ErrorKind.BadArguments, $"entities[{Rows}] lacks '{_plan.Fields[field].Name}' ({_plan.Fields[field].Type}), a join key of {string.Join(", ", users)}. Give a value, or null for none.");
    }
}
