using System.Reflection;
using Lockstep.Core.Definitions;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;

namespace Lockstep.Core.Fitting;

/// <summary>
/// Fitted transformations as functions of expressions: one for each type that the method takes. As all functions they get no null,
/// and a result that is not finite is null (S17).
/// </summary>
static class FitFunctions
{
    public static IReadOnlyList<FunctionOverload> Of(Fit fit, string method)
    {
        BoundConstant constant = new(fit.Fingerprint, () => FitParameters.Read(method, fit.Parameters));
        return [.. Methods(method).Select(m => new FunctionOverload(fit.Name, m, constant))];
    }

    static IEnumerable<MethodInfo> Methods(string method)
    {
        var name = method switch
        {
            "standard" => nameof(Standard),
            "min_max" => nameof(MinMax),
            "quantiles" => nameof(Quantile),
            "categories" => nameof(Category),
            "target_mean" => nameof(TargetMean),
            "vocabulary" => nameof(Vocabulary),
            _ => throw new NotSupportedException($"There is no fit '{method}'."),
        };
        return typeof(FitFunctions).GetMethods(BindingFlags.Static | BindingFlags.NonPublic).Where(m => m.Name == name).OrderBy(m => m.MetadataToken);
    }

    static double Standard(StandardParameters fit, double x) => (x - fit.Mean) / fit.Deviation;

    static double MinMax(MinMaxParameters fit, double x)
    {
        var place = (x - fit.Least) / (fit.Most - fit.Least);
        return !fit.Clip ? place : place < 0 ? 0 : place > 1 ? 1 : place;
    }

    static long Quantile(QuantileParameters fit, double x)
    {
        var (low, high) = (0, fit.Values.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (fit.Values[middle] <= x) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    static bool Category(CategoryParameters fit, Utf8Text x, out long place) => Place(fit, fit.Categories.Find(x.Span), out place);
    static bool Category(CategoryParameters fit, long x, out long place) => Place(fit, fit.Categories.Find(x), out place);
    static bool Category(CategoryParameters fit, bool x, out long place) => Place(fit, fit.Categories.Find(x ? 1 : 0), out place);

    static bool Place(CategoryParameters fit, int found, out long place)
    {
        place = found >= 0 ? found : fit.Unknown.GetValueOrDefault();
        return found >= 0 || fit.Unknown is not null;
    }

    static bool TargetMean(TargetMeanParameters fit, Utf8Text x, out double mean) => Mean(fit, fit.Categories.Find(x.Span), out mean);
    static bool TargetMean(TargetMeanParameters fit, long x, out double mean) => Mean(fit, fit.Categories.Find(x), out mean);
    static bool TargetMean(TargetMeanParameters fit, bool x, out double mean) => Mean(fit, fit.Categories.Find(x ? 1 : 0), out mean);

    static bool Mean(TargetMeanParameters fit, int found, out double mean)
    {
        mean = found >= 0 ? fit.Values[found] : fit.Unknown.GetValueOrDefault();
        return found >= 0 || fit.Unknown is not null;
    }

    static ListValue<double> Vocabulary(Scratch scratch, VocabularyParameters fit, Utf8Text text)
    {
        var counts = scratch.RentList<double>(fit.Values.Length, out var start);
        counts.AsSpan(start, fit.Values.Length).Clear();
        foreach (var range in new Words(text.Span))
            if (fit.Terms.Find(text.Span[range]) is >= 0 and var term) counts[start + term]++;
        return Weighted(fit, counts, start);
    }

    static ListValue<double> Vocabulary(Scratch scratch, VocabularyParameters fit, ListValue<Utf8Text> words)
    {
        var counts = scratch.RentList<double>(fit.Values.Length, out var start);
        counts.AsSpan(start, fit.Values.Length).Clear();
        for (var i = 0; i < words.Count; i++)
            if (!words.IsNull(i) && fit.Terms.Find(words.Items[i].Span) is >= 0 and var term) counts[start + term]++;
        return Weighted(fit, counts, start);
    }

    // In the order of the terms, so that the sum of squares is one sum everywhere.
    static ListValue<double> Weighted(VocabularyParameters fit, double[] items, int start)
    {
        var vector = items.AsSpan(start, fit.Values.Length);
        var squares = 0.0;
        for (var i = 0; i < vector.Length; i++)
        {
            vector[i] *= fit.Values[i];
            squares += vector[i] * vector[i];
        }
        if (fit.L2 && squares > 0)
        {
            var length = Math.Sqrt(squares);
            for (var i = 0; i < vector.Length; i++) vector[i] /= length;
        }
        return new(items, start, vector.Length);
    }
}

/// <summary>The words of a text as <c>token_count</c> counts them: runs of anything but blanks, tabs and line ends.</summary>
ref struct Words(ReadOnlySpan<byte> text)
{
    readonly ReadOnlySpan<byte> _text = text;
    int _end;

    public Range Current { get; private set; }
    public readonly Words GetEnumerator() => this;

    public bool MoveNext()
    {
        var start = _end;
        while (start < _text.Length && Expressions.Functions.TextFunctions.IsBlank(_text[start])) start++;
        _end = start;
        while (_end < _text.Length && !Expressions.Functions.TextFunctions.IsBlank(_text[_end])) _end++;
        Current = start.._end;
        return start < _end;
    }
}
