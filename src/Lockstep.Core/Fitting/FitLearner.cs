using Lockstep.Core.Definitions;
using Lockstep.Core.Expressions.Functions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Fitting;

// What a learner keeps does not depend on the order of rows: counts, least and greatest, sums as exact integers, sorted values. So
// neither the order of rows nor files, blocks and threads show in what is learned, and a fit over the same rows gives the same bits.
/// <summary>Learns the parameters of a transformation from rows, in any order.</summary>
public abstract class FitLearner
{
    private protected FitLearner(Transformation transformation) => Transformation = transformation;

    private protected Transformation Transformation { get; }

    /// <summary>Rows seen, nulls included.</summary>
    public long Rows { get; private protected set; }

    /// <summary>Of these, rows whose input or target is null: nothing is learned from them.</summary>
    public long Nulls { get; private protected set; }

    /// <param name="transformation">Bound: its method is known and fits its input.</param>
    /// <param name="input">The type of its input.</param>
    public static FitLearner Of(Transformation transformation, FeatureType input)
    {
        ArgumentNullException.ThrowIfNull(transformation);
        return transformation.Fit switch
        {
            "standard" => new StandardLearner(transformation),
            "min_max" => new MinMaxLearner(transformation),
            "quantiles" => new QuantileLearner(transformation),
            "categories" => new CategoryLearner(transformation),
            "target_mean" => new TargetMeanLearner(transformation),
            "vocabulary" => new VocabularyLearner(transformation, input.Kind == TypeKind.List),
            _ => throw new NotSupportedException($"There is no fit '{transformation.Fit}'."),
        };
    }

    /// <summary>Learns from some rows of a batch.</summary>
    /// <param name="input">Of the type that the learner was made for.</param>
    /// <param name="target">Null where the method has none.</param>
    /// <param name="rows">Which rows.</param>
    public void Add(Column input, Column? target, ReadOnlySpan<int> rows)
    {
        ArgumentNullException.ThrowIfNull(input);
        foreach (var row in rows)
        {
            Rows++;
            if (input.IsNull(row) || target?.IsNull(row) == true) Nulls++;
            else Add(input, target, row);
        }
    }

    private protected abstract void Add(Column input, Column? target, int row);

    /// <summary>What was learned.</summary>
    /// <exception cref="LockstepException">Nothing can be learned from these rows.</exception>
    public FitParameters Finish()
    {
        if (Rows == Nulls)
            throw new LockstepException(ErrorKind.Failed, $"Transformation '{Transformation.Name}' cannot be fitted: {(Rows == 0 ? "there are no rows to learn from at that instant" : $"the input{(Transformation.Target is null ? "" : " or the target")} of all {Rows} rows is null")}.");
        return Learn();
    }

    private protected abstract FitParameters Learn();

    /// <summary>A number in the type of the formulas, by the conversion that expressions use.</summary>
    private protected static double Number(Column column, int row) => column switch
    {
        FixedColumn<double> c => c.Values[row],
        FixedColumn<float> c => c.Values[row],
        FixedColumn<long> c => c.Values[row],
        FixedColumn<int> c => c.Values[row],
        FixedColumn<byte> c => c.Values[row],
        FixedColumn<Int128> c => Casts.ToFloat64(c.Values[row], c.Type.Scale),
        _ => throw new NotSupportedException($"{column.Type} is no number."),
    };

    private protected LockstepException OutOfRange(double value)
        => new(ErrorKind.Failed, $"Transformation '{Transformation.Name}' cannot be fitted: its {(Transformation.Target is null ? "input" : "target")} holds {ShortestFloat.Format(value)}, and means are exact for values from -2^63 to 2^63 only (S13). Scale it, or filter it out.");
}
