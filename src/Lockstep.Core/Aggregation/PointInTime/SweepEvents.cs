using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.PointInTime;

// The events of a partition by (group, time): a counting sort by group, then each group by time, which it mostly came in (RunSort).
// Ties stay in any order: states do not depend on it.
internal sealed class SweepEvents
{
    readonly WindowPlan _plan;
    readonly bool _known, _replaced;
    readonly Column?[] _inputs;
    readonly byte[]?[] _filters; // 1 where the event passes
    readonly Dictionary<(int Input, int Filter), byte[]?> _passes = [];
    readonly RunSort _sort = new();
    int[] _first = [];
    int[] _source = []; // chunk and row of each event
    long[] _times = [];
    long[] _knownAt = [], _until = [];
    IReadOnlyList<ColumnBatch> _chunks = [];

    public SweepEvents(WindowPlan plan, bool known, bool replaced) => (_plan, _known, _replaced, _inputs, _filters) = (plan, known, replaced, new Column?[plan.Inputs.Count], new byte[]?[plan.Filters.Count]);

    public int Count { get; private set; }
    public ReadOnlySpan<long> Times => _times.AsSpan(0, Count);
    public long[] TimesBuffer => _times;

    /// <summary>When each event was known; empty unless asked for.</summary>
    public ReadOnlySpan<long> Known => _known ? _knownAt.AsSpan(0, Count) : [];

    /// <summary>Until when, exclusive; empty unless asked for.</summary>
    public ReadOnlySpan<long> Until => _replaced ? _until.AsSpan(0, Count) : [];

    /// <summary>Where the events of each group begin, and one more.</summary>
    public ReadOnlySpan<int> First => _first;

    /// <summary>Takes the events of some groups; a chunk holds group (from 0), time, inputs, filters and, where asked for, from and until when it was known.</summary>
    public void Load(IReadOnlyList<ColumnBatch> chunks, int groups)
    {
        _chunks = chunks;
        if (_first.Length != groups + 1) _first = new int[groups + 1];
        else _first.AsSpan().Clear();
        foreach (var chunk in chunks)
            foreach (var group in ((FixedColumn<int>)chunk[0]).Values) _first[group + 1]++;
        for (var group = 0; group < groups; group++) _first[group + 1] += _first[group];
        Count = _first[groups];
        if (_times.Length < Count) (_times, _source) = (new long[Count], new int[Count]);
        if (_known && _knownAt.Length < Count) _knownAt = new long[Count];
        if (_replaced && _until.Length < Count) _until = new long[Count];
        var next = _first.AsSpan(0, groups).ToArray();
        for (var c = 0; c < chunks.Count; c++)
        {
            var of = ((FixedColumn<int>)chunks[c][0]).Values;
            var times = ((FixedColumn<long>)chunks[c][1]).Values;
            for (var row = 0; row < of.Length; row++)
            {
                var at = next[of[row]]++;
                _times[at] = times[row];
                _source[at] = c << SweepPartition.ChunkBits | row;
            }
        }
        for (var group = 0; group < groups; group++)
            _sort.Sort(_times.AsSpan(_first[group], _first[group + 1] - _first[group]), _source.AsSpan(_first[group], _first[group + 1] - _first[group]));
        Array.Clear(_inputs);
        Array.Clear(_filters);
        _passes.Clear();
        if (_known) Gather(2 + _inputs.Length + _filters.Length, _knownAt);
        if (!_replaced) return;
        var until = (FixedColumn<long>)Gather(3 + _inputs.Length + _filters.Length, FeatureType.Timestamp);
        for (var i = 0; i < Count; i++) _until[i] = until.IsNull(i) ? long.MaxValue : until.Values[i];
    }

    void Gather<T>(int ordinal, T[] to)
    {
        var buffers = _chunks.Select(c => ((FixedColumn<T>)c[ordinal]).Buffer).ToArray();
        const int mask = SweepPartition.ChunkRows - 1;
        var source = _source.AsSpan(0, Count);
        for (var i = 0; i < source.Length; i++) to[i] = buffers[source[i] >> SweepPartition.ChunkBits][source[i] & mask];
    }

    /// <summary>An input, in the order of the events; made when it is first asked for.</summary>
    public Column Input(int input) => _inputs[input] ??= Gather(2 + input, _plan.Inputs[input].Type);

    Column Gather(int ordinal, FeatureType type)
    {
        var column = Column.Create(type, Count);
        switch (column)
        {
            case FixedColumn<byte> c: Fixed(c); break;
            case FixedColumn<int> c: Fixed(c); break;
            case FixedColumn<long> c: Fixed(c); break;
            case FixedColumn<float> c: Fixed(c); break;
            case FixedColumn<double> c: Fixed(c); break;
            case FixedColumn<Int128> c: Fixed(c); break;
            default:
                foreach (var source in _source.AsSpan(0, Count)) column.AppendFrom(_chunks[source >> SweepPartition.ChunkBits][ordinal], source & (SweepPartition.ChunkRows - 1));
                break;
        }
        return column;

        void Fixed<T>(FixedColumn<T> to)
        {
            Gather(ordinal, to.Take(Count));
            if (!_chunks.Any(c => c[ordinal].HasNulls)) return;
            for (var i = 0; i < Count; i++)
                if (_chunks[_source[i] >> SweepPartition.ChunkBits][ordinal].IsNull(_source[i] & (SweepPartition.ChunkRows - 1))) to.SetNull(i);
        }
    }

    /// <summary>1 for events that count for a state: they have a value and pass the filter. Null: all do.</summary>
    public byte[]? Passes(int input, int filter)
    {
        if (_passes.TryGetValue((input, filter), out var passes)) return passes;
        if (filter >= 0) passes = (byte[])(_filters[filter] ??= Filter(filter)).Clone();
        if (input >= 0 && Input(input) is { HasNulls: true } column)
        {
            if (passes is null)
            {
                passes = new byte[Count];
                passes.AsSpan().Fill(1);
            }
            for (var i = 0; i < Count; i++)
                if (column.IsNull(i)) passes[i] = 0;
        }
        return _passes[(input, filter)] = passes;
    }

    byte[] Filter(int filter)
    {
        var column = (FixedColumn<byte>)Gather(2 + _inputs.Length + filter, FeatureType.Bool);
        var passes = column.Values.ToArray();
        if (column.HasNulls)
            for (var i = 0; i < passes.Length; i++)
                if (column.IsNull(i)) passes[i] = 0;
        return passes;
    }
}
