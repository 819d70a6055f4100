using Lockstep.Core.Aggregation.Exact;
using Lockstep.Core.Numerics;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.Functions;

/// <summary>Counts of values by bucket (S13): below zero, zero, above zero. Counts can be taken away again.</summary>
internal sealed class Sketch
{
    public const int MaxBuckets = 2048;
    const double Gamma = 1.01 / 0.99;
    static readonly double s_log = Elementary.Log(Gamma);

    public SketchSide Negative { get; } = new();
    public SketchSide Positive { get; } = new();
    public long Zero { get; set; }
    public long Count { get; private set; }

    /// <summary>ceil(ln|x| / ln γ).</summary>
    public static int BucketOf(double size) => (int)Math.Ceiling(Elementary.Log(size) / s_log);

    /// <summary>2 γ^i / (γ + 1); of the last buckets, whose upper end is beyond every double, by way of the one before.</summary>
    public static double ValueOf(int bucket)
    {
        var value = 2 * Elementary.Pow(Gamma, bucket) / (Gamma + 1);
        return double.IsFinite(value) ? value : Gamma * (2 / (Gamma + 1)) * Elementary.Pow(Gamma, bucket - 1);
    }

    public void Clear()
    {
        Negative.Clear();
        Positive.Clear();
        (Zero, Count) = (0, 0);
    }

    public void Add(double value, long times)
    {
        Count += times;
        if (value == 0) Zero += times;
        else (value < 0 ? Negative : Positive).Add(BucketOf(Math.Abs(value)), times);
    }

    /// <summary>Adds so many to a bucket: 0 is zero, sign says which side.</summary>
    public void Add(int sign, int bucket, long times)
    {
        Count += times;
        if (sign == 0) Zero += times;
        else (sign < 0 ? Negative : Positive).Add(bucket, times);
    }

    /// <summary>Of the first bucket, from the least, whose cumulative count exceeds q (n - 1), or the last.</summary>
    public double Quantile(double q)
    {
        var rank = q * (Count - 1);
        var cumulative = 0L;
        if (Negative.Total > 0)
        {
            var floor = Negative.Floor();
            for (var bucket = Negative.Last; bucket >= floor; bucket--)
            {
                cumulative += Negative.At(bucket, floor);
                if (cumulative > rank) return -ValueOf(bucket);
            }
        }
        cumulative += Zero;
        if (cumulative > rank && Zero > 0) return 0;
        if (Positive.Total > 0)
        {
            var floor = Positive.Floor();
            for (var bucket = floor; bucket <= Positive.Last; bucket++)
            {
                cumulative += Positive.At(bucket, floor);
                if (cumulative > rank) return ValueOf(bucket);
            }
            return ValueOf(Positive.Last);
        }
        return Zero > 0 ? 0 : -ValueOf(Negative.Floor());
    }

    /// <summary>A column's value as the double nearest to it.</summary>
    public static double NumberOf(Column column, int row) => column switch
    {
        FixedColumn<double> c => c.Values[row],
        FixedColumn<float> c => c.Values[row],
        FixedColumn<long> c => c.Values[row],
        FixedColumn<int> c => c.Values[row],
        FixedColumn<Int128> c => c.Type.Scale == 0 ? Rounding.ToDouble(new(c.Values[row]), 0)
            : Rounding.Quotient((System.Numerics.BigInteger)c.Values[row], System.Numerics.BigInteger.Pow(10, c.Type.Scale), 0),
        _ => throw new NotSupportedException($"{column.Type} is no number."),
    };
}

/// <summary>Counts of the buckets of one sign, in an array from the least to the greatest that came. Merging those nearest zero is left to the reading: then what is kept does not depend on the order.</summary>
internal sealed class SketchSide
{
    long[] _counts = [];
    int _first; // bucket of _counts[0]

    public long Total { get; private set; }

    /// <summary>Bucket ends between which counts lie; only while <see cref="Total"/> is not 0.</summary>
    public int First { get; private set; }

    public int Last { get; private set; }

    /// <summary>Buckets that are not empty.</summary>
    public int Used { get; private set; }

    public void Clear()
    {
        if (_touched) _counts.AsSpan(_low - _first, _high - _low + 1).Clear();
        (Total, Used, _touched) = (0, 0, false);
    }

    bool _touched;
    int _low, _high; // what may be dirty

    public void Add(int bucket, long times)
    {
        if (!_touched) (First, Last, _low, _high, _touched) = (bucket, bucket, bucket, bucket, true);
        if (bucket < _first || bucket >= _first + _counts.Length) Grow(bucket);
        if (Total == 0) (First, Last) = (bucket, bucket);
        ref var count = ref _counts[bucket - _first];
        if (count == 0) Used++;
        count += times;
        if (count == 0) Used--;
        Total += times;
        (First, Last) = (Math.Min(First, bucket), Math.Max(Last, bucket));
        (_low, _high) = (Math.Min(_low, bucket), Math.Max(_high, bucket));
        if (times < 0 && Total > 0)
        {
            while (_counts[First - _first] == 0) First++;
            while (_counts[Last - _first] == 0) Last--;
        }
    }

    void Grow(int bucket)
    {
        var (low, high) = _touched && _counts.Length > 0 ? (Math.Min(_low, bucket), Math.Max(_high, bucket)) : (bucket, bucket);
        var room = Math.Max(32, (high - low + 1) / 2);
        var counts = new long[high - low + 1 + 2 * room];
        if (_counts.Length > 0 && _high >= _first && _low < _first + _counts.Length)
            _counts.AsSpan(Math.Max(_low, _first) - _first, Math.Min(_high, _first + _counts.Length - 1) - Math.Max(_low, _first) + 1).CopyTo(counts.AsSpan(Math.Max(_low, _first) - (low - room)));
        (_counts, _first) = (counts, low - room);
    }

    /// <summary>The bucket at which those nearest zero stand together: the 2,048th that is not empty from the far end, or the first of all.</summary>
    public int Floor()
    {
        if (Used <= Sketch.MaxBuckets) return First;
        var left = Sketch.MaxBuckets;
        for (var bucket = Last; ; bucket--)
            if (_counts[bucket - _first] != 0 && --left == 0) return bucket;
    }

    /// <summary>A bucket's count, as it came.</summary>
    public long Raw(int bucket) => _counts[bucket - _first];

    /// <summary>A bucket's count; the floor has those below it too.</summary>
    public long At(int bucket, int floor)
    {
        if (bucket != floor || Used <= Sketch.MaxBuckets) return _counts[bucket - _first];
        var count = 0L;
        for (var below = First; below <= floor; below++) count += _counts[below - _first];
        return count;
    }
}
