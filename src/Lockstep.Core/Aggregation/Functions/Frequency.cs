using System.Buffers;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Functions;

[AggregateFunction(61)]
internal sealed class Mode : AggregateFunction
{
    public override string Name => "mode";
    public override string Summary => "The most frequent value; of equally frequent ones the least. Exact up to 1,024 different values in the window, beyond that OUT_OF_RANGE.";
    public override string Takes => "any type";
    public override bool Accepts(FeatureType type) => true;

    public override BoundAggregate Bind(FeatureType? column, AggregateArguments arguments, Window window)
        => new(new FrequencySpec { Column = column }, new FrequencyOutput(column!, null));
}

[AggregateFunction(62)]
internal sealed class TopK : AggregateFunction
{
    public override string Name => "top_k";
    public override string Summary => "The k most frequent values, the most frequent first, of equally frequent ones the least first. Exact up to 1,024 different values in the window, beyond that OUT_OF_RANGE.";
    public override string Takes => "any type";
    public override bool Accepts(FeatureType type) => true;
    public override IReadOnlyList<AggregateParameter> Parameters { get; } = [new("k", ParameterKind.Integer, "How many values: top_k.") { Range = (1, FrequencyAccumulator.Limit) }];

    public override BoundAggregate Bind(FeatureType? column, AggregateArguments arguments, Window window)
        => new(new FrequencySpec { Column = column }, new FrequencyOutput(column!, arguments.Integer("k")));
}

internal sealed record FrequencySpec : AccumulatorSpec
{
    public override string Name => $"frequency({Column})";
    public override Accumulator Create() => new FrequencyAccumulator(Column!);
    public override int? MaxBytes => Column!.Width > 0 ? 3 + FrequencyAccumulator.Limit * (10 + Column.Width) : null;
}

internal sealed class FrequencyOutput(FeatureType column, int? many) : AggregateOutput
{
    public override FeatureType Type { get; } = many is null ? column : FeatureType.List(column);
    public int? Many => many;

    public override AggregateStatus AppendTo(Accumulator state, in WindowBounds window, Column to) => Append((FrequencyAccumulator)state, to);

    internal AggregateStatus Append(FrequencyAccumulator state, Column to)
    {
        var status = state.TooMany ? AggregateStatus.OutOfRange : state.Count == 0 ? AggregateStatus.Null : AggregateStatus.Present;
        if (status != AggregateStatus.Present) to.AppendNull();
        else if (many is null) to.AppendFrom(state.Values, state.Best());
        else
        {
            var list = (ListColumn)to;
            foreach (var row in state.Best(many.Value)) list.Elements.AppendFrom(state.Values, row);
            list.EndRow();
        }
        return status;
    }
}

// How often each value came, up to 1,024 different ones. Beyond that nothing is kept but the fact: it stays true whatever is merged in.
// State: 0 for none; 1, the number of values (LEB128), then in ascending order each value with its count (LEB128); 2: too many.
internal sealed class FrequencyAccumulator(FeatureType type) : Accumulator, IComparer<int>
{
    public const int Limit = 1024;

    readonly Column _values = Column.Create(type);
    readonly Column _one = Column.Create(type);
    long[] _counts = new long[16];
    int[] _slots = new int[32]; // open addressing, row + 1
    int[] _order = [];
    Comparison<int>? _ascending;

    public Column Values => _values;
    public int Count => _values.Count;
    public bool TooMany { get; private set; }

    public override void Clear()
    {
        if (_values.Count > 0) _slots.AsSpan().Clear();
        _values.Clear();
        TooMany = false;
    }

    public override void Add(Column? column, ReadOnlySpan<long> times, ReadOnlySpan<int> rows)
    {
        foreach (var row in rows)
            if (!column!.IsNull(row)) Add(column, row, 1);
    }

    public void Add(Column column, int row, long times)
    {
        if (TooMany) return;
        var mask = _slots.Length - 1;
        var at = (int)ValueHash.Of(column, row) & mask;
        for (; _slots[at] != 0; at = at + 1 & mask)
        {
            var known = _slots[at] - 1;
            if (_values.Compare(known, column, row) != 0) continue;
            _counts[known] += times;
            return;
        }
        if (Count == Limit)
        {
            Clear();
            TooMany = true;
            return;
        }
        _slots[at] = Count + 1;
        if (Count == _counts.Length) Array.Resize(ref _counts, Count * 2);
        _counts[Count] = times;
        _values.AppendFrom(column, row);
        if (Count > _slots.Length / 2) Grow();
    }

    void Grow()
    {
        _slots = new int[_slots.Length * 2];
        var mask = _slots.Length - 1;
        for (var row = 0; row < Count; row++)
        {
            var at = (int)ValueHash.Of(_values, row) & mask;
            while (_slots[at] != 0) at = at + 1 & mask;
            _slots[at] = row + 1;
        }
    }

    /// <summary>Most frequent first, then the least first.</summary>
    int IComparer<int>.Compare(int x, int y) => _counts[x] != _counts[y] ? _counts[y].CompareTo(_counts[x]) : _values.Compare(x, _values, y);

    public int Best()
    {
        var best = 0;
        for (var row = 1; row < Count; row++)
            if (((IComparer<int>)this).Compare(row, best) < 0) best = row;
        return best;
    }

    public ReadOnlySpan<int> Best(int many)
    {
        var order = Order();
        order.Sort(this);
        return order[..Math.Min(many, Count)];
    }

    Span<int> Order()
    {
        if (_order.Length < Count) _order = new int[_counts.Length];
        for (var row = 0; row < Count; row++) _order[row] = row;
        return _order.AsSpan(0, Count);
    }

    public override int Merge(ReadOnlySpan<byte> state) => Walk(state, this);
    public override int Measure(ReadOnlySpan<byte> state) => Walk(state, null);

    int Walk(ReadOnlySpan<byte> state, FrequencyAccumulator? into)
    {
        if (state.IsEmpty) throw StateBytes.Short(0);
        if (state[0] > 2) throw StateBytes.Header("frequency", state[0]);
        if (state[0] == 2 && into is { TooMany: false })
        {
            Clear();
            TooMany = true;
        }
        if (state[0] != 1) return 1;
        var at = 1;
        for (var left = StateBytes.ReadCount(state, ref at); left > 0; left--)
        {
            var end = at;
            StateValues.Skip(state, ref end, type);
            if (into is { TooMany: false })
            {
                _one.Clear();
                StateValues.Read(state, ref at, _one);
            }
            at = end;
            var count = (long)StateBytes.ReadVarint(state, ref at);
            if (into is { TooMany: false }) Add(_one, 0, count);
        }
        return at;
    }

    public override void MergeFrom(Accumulator other)
    {
        var from = (FrequencyAccumulator)other;
        if (from.TooMany)
        {
            Clear();
            TooMany = true;
        }
        for (var row = 0; row < from.Count; row++) Add(from._values, row, from._counts[row]);
    }

    public override void Write(IBufferWriter<byte> to)
    {
        to.GetSpan(1)[0] = TooMany ? (byte)2 : Count == 0 ? (byte)0 : (byte)1;
        to.Advance(1);
        if (TooMany || Count == 0) return;
        StateBytes.WriteVarint(to, (ulong)Count);
        var order = Order();
        order.Sort(_ascending ??= (x, y) => _values.Compare(x, _values, y));
        foreach (var row in order)
        {
            StateValues.Write(_values, row, to);
            StateBytes.WriteVarint(to, (ulong)_counts[row]);
        }
    }
}
