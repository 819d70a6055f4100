using Lockstep.Core.Aggregation.Exact;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Fitting;

/// <summary>Sums as exact integers, rounded once at the end (S13).</summary>
struct ExactMoments
{
    public long Count;
    Int192 _sum;
    Int320 _squares;

    /// <returns>False for a value that has no place in the sums.</returns>
    public bool TryAdd(double value)
    {
        if (!ScaledDouble.TryScale(value, out var scaled)) return false;
        Count++;
        _sum.Add(scaled);
        _squares.AddSquare(scaled);
        return true;
    }

    public readonly double Mean => Rounding.Divide(_sum, (ulong)Count, -64);
    public readonly double Sum => Rounding.ToDouble(_sum, -64);
    public readonly double Deviation => Math.Sqrt(Rounding.Variance(Count, _sum, _squares, sample: false, -128, 0));
}

sealed class StandardLearner(Transformation transformation) : FitLearner(transformation)
{
    ExactMoments _moments;

    private protected override void Add(Column input, Column? target, int row)
    {
        var value = Number(input, row);
        if (!_moments.TryAdd(value)) throw OutOfRange(value);
    }

    private protected override FitParameters Learn() => new StandardParameters(_moments.Mean, _moments.Deviation);
}

sealed class MinMaxLearner(Transformation transformation) : FitLearner(transformation)
{
    double _least = double.PositiveInfinity, _most = double.NegativeInfinity;

    private protected override void Add(Column input, Column? target, int row)
    {
        var value = Number(input, row);
        if (value < _least) _least = value;
        if (value > _most) _most = value;
    }

    private protected override FitParameters Learn() => new MinMaxParameters(_least + 0.0, _most + 0.0, Transformation.Parameter("clip") == "true");
}

/// <summary>Boundary i of n bins is the value at place floor(i · rows / n) of all values in order: the least of its bin. One that is met already is left out, so values that repeat make fewer bins.</summary>
sealed class QuantileLearner(Transformation transformation) : FitLearner(transformation)
{
    double[] _values = [];
    int _count;

    private protected override void Add(Column input, Column? target, int row)
    {
        if (_count == FitLimits.MaxValues)
            throw new LockstepException(ErrorKind.Failed, $"Transformation '{Transformation.Name}' has more than {FitLimits.MaxValues} values, the limit {nameof(FitLimits.MaxValues)}. Fit it on a sample of the spine.");
        if (_count == _values.Length) Array.Resize(ref _values, Math.Min(FitLimits.MaxValues, Math.Max(1024, _count * 2)));
        _values[_count++] = Number(input, row) + 0.0;
    }

    private protected override FitParameters Learn()
    {
        var values = _values.AsSpan(0, _count);
        values.Sort();
        var bins = Transformation.Whole("bins");
        List<double> boundaries = [];
        var last = values[0]; // below the least value there is nothing to separate
        for (var bin = 1; bin < bins; bin++)
        {
            var boundary = values[(int)((long)bin * _count / bins)];
            if (boundary == last) continue;
            boundaries.Add(boundary);
            last = boundary;
        }
        return new QuantileParameters([.. boundaries]);
    }
}
