using System.Numerics;
using System.Runtime.CompilerServices;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;

namespace Lockstep.Core.Expressions.Functions;

/// <summary>
/// Lists, vectors and encodings. Sums run from the first element to the last in float64, so that their bits do not depend on the
/// processor's width. A vector with a null element, or two of different lengths, give null.
/// </summary>
[FunctionGroup("Lists and vectors")]
static class ListFunctions
{
    static bool Fit<T>(ListValue<T> a, ListValue<T> b) => a.Count == b.Count && !a.HasNulls && !b.HasNulls;

    // As double.CreateTruncating, which is a call where the JIT loses patience.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static double Float64<T>(T element) where T : INumber<T>
        => typeof(T) == typeof(float) ? (float)(object)element : typeof(T) == typeof(double) ? (double)(object)element : double.CreateTruncating(element);

    static bool DotOf<T>(ListValue<T> a, ListValue<T> b, out double dot) where T : INumber<T>
    {
        dot = 0;
        if (!Fit(a, b)) return false;
        var x = a.Items;
        var y = b.Items;
        for (var i = 0; i < x.Length; i++) dot += Float64(x[i]) * Float64(y[i]);
        return true;
    }

    static bool CosineOf<T>(ListValue<T> a, ListValue<T> b, out double similarity) where T : INumber<T>
    {
        similarity = 0;
        if (!Fit(a, b)) return false;
        // Three sums side by side: each still runs from the first element to the last.
        var x = a.Items;
        var y = b.Items;
        double dot = 0, left = 0, right = 0;
        for (var i = 0; i < x.Length && i < y.Length; i++)
        {
            var (p, q) = (Float64(x[i]), Float64(y[i]));
            dot += p * q;
            left += p * p;
            right += q * q;
        }
        // Of a zero vector: not finite, so null. Rounding may lead a place beyond 1, where no cosine is.
        var cosine = dot / (Math.Sqrt(left) * Math.Sqrt(right));
        similarity = double.IsFinite(cosine) ? Math.Clamp(cosine, -1, 1) : cosine;
        return true;
    }

    static bool DistanceOf<T>(ListValue<T> a, ListValue<T> b, out double distance) where T : INumber<T>
    {
        distance = 0;
        if (!Fit(a, b)) return false;
        var x = a.Items;
        var y = b.Items;
        double sum = 0;
        for (var i = 0; i < x.Length; i++)
        {
            var difference = Float64(x[i]) - Float64(y[i]);
            sum += difference * difference;
        }
        distance = Math.Sqrt(sum);
        return true;
    }

    const string DotSummary = "The sum of the products of the elements.", CosineSummary = "The cosine of the angle between two vectors, -1 to 1; null for a zero vector.", NormSummary = "The length of a vector.", DistanceSummary = "The length of the difference of two vectors.";

    [Function("dot", Summary = DotSummary, Example = "dot([1.0, 2.0], [3.0, 4.0])", Gives = "11")]
    public static bool Dot(ListValue<double> a, ListValue<double> b, out double dot) => DotOf(a, b, out dot);

    [Function("dot", Summary = DotSummary)]
    public static bool Dot(ListValue<float> a, ListValue<float> b, out double dot) => DotOf(a, b, out dot);

    [Function("cosine_similarity", Summary = CosineSummary, Formula = "clip(dot(a, b) / (sqrt(dot(a, a)) * sqrt(dot(b, b))), -1, 1)", Example = "cosine_similarity([1.0, 0.0], [1.0, 1.0])", Gives = "0.7071067811865475")]
    public static bool Cosine(ListValue<double> a, ListValue<double> b, out double similarity) => CosineOf(a, b, out similarity);

    [Function("cosine_similarity", Summary = CosineSummary)]
    public static bool Cosine(ListValue<float> a, ListValue<float> b, out double similarity) => CosineOf(a, b, out similarity);

    [Function("l2_norm", Summary = NormSummary, Formula = "sqrt(dot(a, a))", Example = "l2_norm([3.0, 4.0])", Gives = "5")]
    public static bool Norm(ListValue<double> a, out double norm)
    {
        var fits = DotOf(a, a, out norm);
        norm = Math.Sqrt(norm);
        return fits;
    }

    [Function("l2_norm", Summary = NormSummary)]
    public static bool Norm(ListValue<float> a, out double norm)
    {
        var fits = DotOf(a, a, out norm);
        norm = Math.Sqrt(norm);
        return fits;
    }

    [Function("l2_distance", Summary = DistanceSummary, Example = "l2_distance([0.0, 0.0], [3.0, 4.0])", Gives = "5")]
    public static bool Distance(ListValue<double> a, ListValue<double> b, out double distance) => DistanceOf(a, b, out distance);

    [Function("l2_distance", Summary = DistanceSummary)]
    public static bool Distance(ListValue<float> a, ListValue<float> b, out double distance) => DistanceOf(a, b, out distance);

    static bool ElementWise<T>(Scratch scratch, ListValue<T> a, ListValue<T> b, Func<double, double, double> f, out ListValue<double> result) where T : INumber<T>
    {
        result = default;
        if (!Fit(a, b)) return false;
        var items = scratch.RentList<double>(a.Count, out var start);
        for (var i = 0; i < a.Count; i++)
        {
            items[start + i] = f(Float64(a.Items[i]), Float64(b.Items[i])) + 0.0;
            if (!double.IsFinite(items[start + i])) return false;
        }
        result = new(items, start, a.Count);
        return true;
    }

    [Function("vector_add", Summary = "The sums of the elements.", Example = "vector_add([1.0, 2.0], [3.0, 4.0])", Gives = "[4, 6]")]
    public static bool VectorAdd(Scratch scratch, ListValue<double> a, ListValue<double> b, out ListValue<double> sum) => ElementWise(scratch, a, b, static (x, y) => x + y, out sum);

    [Function("vector_add", Summary = "The sums of the elements.")]
    public static bool VectorAdd(Scratch scratch, ListValue<float> a, ListValue<float> b, out ListValue<double> sum) => ElementWise(scratch, a, b, static (x, y) => x + y, out sum);

    [Function("vector_subtract", Summary = "The differences of the elements.", Example = "vector_subtract([1.0, 2.0], [3.0, 5.0])", Gives = "[-2, -3]")]
    public static bool VectorSubtract(Scratch scratch, ListValue<double> a, ListValue<double> b, out ListValue<double> difference) => ElementWise(scratch, a, b, static (x, y) => x - y, out difference);

    [Function("vector_subtract", Summary = "The differences of the elements.")]
    public static bool VectorSubtract(Scratch scratch, ListValue<float> a, ListValue<float> b, out ListValue<double> difference) => ElementWise(scratch, a, b, static (x, y) => x - y, out difference);

    [Function("vector_multiply", Summary = "The products of the elements.", Example = "vector_multiply([1.0, 2.0], [3.0, 4.0])", Gives = "[3, 8]")]
    public static bool VectorMultiply(Scratch scratch, ListValue<double> a, ListValue<double> b, out ListValue<double> product) => ElementWise(scratch, a, b, static (x, y) => x * y, out product);

    [Function("vector_multiply", Summary = "The products of the elements.")]
    public static bool VectorMultiply(Scratch scratch, ListValue<float> a, ListValue<float> b, out ListValue<double> product) => ElementWise(scratch, a, b, static (x, y) => x * y, out product);

    [Function("vector_divide", Summary = "The quotients of the elements; null when one is divided by zero.", Example = "vector_divide([1.0, 2.0], [4.0, 8.0])", Gives = "[0.25, 0.25]")]
    public static bool VectorDivide(Scratch scratch, ListValue<double> a, ListValue<double> b, out ListValue<double> quotient) => ElementWise(scratch, a, b, static (x, y) => x / y, out quotient);

    [Function("vector_divide", Summary = "The quotients of the elements; null when one is divided by zero.")]
    public static bool VectorDivide(Scratch scratch, ListValue<float> a, ListValue<float> b, out ListValue<double> quotient) => ElementWise(scratch, a, b, static (x, y) => x / y, out quotient);

    [Function("l2_normalize", Summary = "The vector of the same direction and length 1; null for a zero vector.", Formula = "each element / l2_norm(a)", Example = "l2_normalize([3.0, 4.0])", Gives = "[0.6, 0.8]")]
    public static bool Normalize(Scratch scratch, ListValue<double> a, out ListValue<double> unit)
    {
        unit = default;
        if (!Norm(a, out var norm) || !double.IsFinite(norm)) return false;
        var items = scratch.RentList<double>(a.Count, out var start);
        for (var i = 0; i < a.Count; i++)
        {
            items[start + i] = a.Items[i] / norm + 0.0;
            if (!double.IsFinite(items[start + i])) return false;
        }
        unit = new(items, start, a.Count);
        return true;
    }

    [Function("list_length", Summary = "The number of elements, nulls included.", Example = "list_length([1.0, 2.0, null])", Gives = "3")]
    public static long Length(ListValue<double> list) => list.Count;

    [Function("list_length", Summary = "The number of elements, nulls included.")]
    public static long Length(ListValue<float> list) => list.Count;

    [Function("list_length", Summary = "The number of elements, nulls included.")]
    public static long Length(ListValue<long> list) => list.Count;

    [Function("list_length", Summary = "The number of elements, nulls included.")]
    public static long Length(ListValue<Utf8Text> list) => list.Count;

    [Function("list_length", Summary = "The number of elements, nulls included.")]
    public static long Length(ListValue<bool> list) => list.Count;

    [Function("list_length", Summary = "The number of elements, nulls included.")]
    public static long Length(ListValue<Micros> list) => list.Count;

    [Function("list_length", Summary = "The number of elements, nulls included.")]
    public static long Length(ListValue<Days> list) => list.Count;

    static bool At<T>(ListValue<T> list, long index, out T element)
    {
        if (index < 0) index = list.Count + index + 1;
        var there = index >= 1 && index <= list.Count && !list.IsNull((int)index - 1);
        element = there ? list.Items[(int)index - 1] : default!;
        return there;
    }

    const string ElementSummary = "The element at a place, from 1, or from the end when negative; null outside. Also written list[n].";

    [Function("list_element", Summary = ElementSummary, Example = "list_element([5.0, 6.0], -1)", Gives = "6")]
    public static bool Element(ListValue<double> list, long index, out double element) => At(list, index, out element);

    [Function("list_element", Summary = ElementSummary)]
    public static bool Element(ListValue<float> list, long index, out double element)
    {
        var there = At(list, index, out var single);
        element = single;
        return there;
    }

    [Function("list_element", Summary = ElementSummary)]
    public static bool Element(ListValue<long> list, long index, out long element) => At(list, index, out element);

    [Function("list_element", Summary = ElementSummary)]
    public static bool Element(ListValue<Utf8Text> list, long index, out Utf8Text element) => At(list, index, out element);

    [Function("list_element", Summary = ElementSummary)]
    public static bool Element(ListValue<bool> list, long index, out bool element) => At(list, index, out element);

    [Function("list_element", Summary = ElementSummary)]
    public static bool Element(ListValue<Micros> list, long index, out Micros element) => At(list, index, out element);

    [Function("list_element", Summary = ElementSummary)]
    public static bool Element(ListValue<Days> list, long index, out Days element) => At(list, index, out element);

    [Function("list_contains", Summary = "Whether an element is equal to the value; nulls are not.", Example = "list_contains(['a', 'b'], 'b')", Gives = "true")]
    public static bool Contains(ListValue<Utf8Text> list, Utf8Text value) => IndexOf(list, value) >= 0;

    [Function("list_contains", Summary = "Whether an element is equal to the value; nulls are not.")]
    public static bool Contains(ListValue<long> list, long value) => IndexOf(list, value) >= 0;

    [Function("list_contains", Summary = "Whether an element is equal to the value; nulls are not.")]
    public static bool Contains(ListValue<double> list, double value) => IndexOf(list, value) >= 0;

    static int IndexOf<T>(ListValue<T> list, T value) where T : IEquatable<T>
    {
        for (var i = 0; i < list.Count; i++)
            if (!list.IsNull(i) && list.Items[i].Equals(value)) return i;
        return -1;
    }

    [Function("list_sum", Summary = "The sum of the elements that are not null, from the first to the last; null when there are none.", Example = "list_sum([1.0, null, 2.0])", Gives = "3")]
    public static bool Sum(ListValue<double> list, out double sum)
    {
        sum = 0;
        var any = false;
        for (var i = 0; i < list.Count; i++)
        {
            if (list.IsNull(i)) continue;
            sum += list.Items[i];
            any = true;
        }
        return any;
    }

    [Function("list_sum", Summary = "The sum of the elements that are not null, from the first to the last; null when there are none.")]
    public static bool Sum(ListValue<float> list, out double sum)
    {
        sum = 0;
        var any = false;
        for (var i = 0; i < list.Count; i++)
        {
            if (list.IsNull(i)) continue;
            sum += list.Items[i];
            any = true;
        }
        return any;
    }

    [Function("list_sum", Summary = "The sum of the elements that are not null, from the first to the last; null when there are none or it is beyond int64.", Example = "list_sum([1, 2, 4])", Gives = "7")]
    public static bool Sum(ListValue<long> list, out long sum)
    {
        Int128 exact = 0;
        var any = false;
        for (var i = 0; i < list.Count; i++)
        {
            if (list.IsNull(i)) continue;
            exact += list.Items[i];
            any = true;
        }
        sum = unchecked((long)exact);
        return any && sum == exact;
    }

    [Function("list_avg", Summary = "The mean of the elements that are not null; null when there are none.", Formula = "list_sum(list) / the number of elements that are not null", Example = "list_avg([1.0, null, 4.0])", Gives = "2.5")]
    public static bool Average(ListValue<double> list, out double mean)
    {
        var any = Sum(list, out mean);
        var count = 0;
        for (var i = 0; i < list.Count; i++)
            if (!list.IsNull(i)) count++;
        mean /= count;
        return any;
    }

    static bool Extreme<T>(ListValue<T> list, int sign, out T extreme) where T : IComparable<T>
    {
        extreme = default!;
        var any = false;
        for (var i = 0; i < list.Count; i++)
        {
            if (list.IsNull(i) || (any && sign * list.Items[i].CompareTo(extreme) <= 0)) continue;
            extreme = list.Items[i];
            any = true;
        }
        return any;
    }

    [Function("list_min", Summary = "The least element that is not null; null when there is none.", Example = "list_min([3.5, null, 2.5])", Gives = "2.5")]
    public static bool Least(ListValue<double> list, out double least) => Extreme(list, -1, out least);

    [Function("list_min", Summary = "The least element that is not null; null when there is none.")]
    public static bool Least(ListValue<long> list, out long least) => Extreme(list, -1, out least);

    [Function("list_max", Summary = "The greatest element that is not null; null when there is none.", Example = "list_max([3, 8, 5])", Gives = "8")]
    public static bool Greatest(ListValue<long> list, out long greatest) => Extreme(list, 1, out greatest);

    [Function("list_max", Summary = "The greatest element that is not null; null when there is none.")]
    public static bool Greatest(ListValue<double> list, out double greatest) => Extreme(list, 1, out greatest);

    [Function("jaccard", Summary = "The number of texts in both lists by that in either; null when both are empty.", Example = "jaccard(['a', 'b'], ['b', 'c'])", Gives = "0.3333333333333333")]
    public static double Jaccard(ListValue<Utf8Text> a, ListValue<Utf8Text> b)
    {
        long both = 0, either = 0;
        for (var i = 0; i < a.Count; i++)
        {
            if (a.IsNull(i) || IndexOf(a, a.Items[i]) < i) continue;
            either++;
            if (IndexOf(b, a.Items[i]) >= 0) both++;
        }
        for (var i = 0; i < b.Count; i++)
            if (!b.IsNull(i) && IndexOf(b, b.Items[i]) == i && IndexOf(a, b.Items[i]) < 0) either++;
        return (double)both / either;
    }

    [Function("one_hot", Group = "Scaling and encoding", Summary = "A vector with a 1 at the place of the value among the categories and 0 elsewhere; all 0 for one that is not there.", Example = "one_hot('b', ['a', 'b', 'c'])", Gives = "[0, 1, 0]")]
    public static ListValue<double> OneHot(Scratch scratch, Utf8Text value, ListValue<Utf8Text> categories)
    {
        var items = scratch.RentList<double>(categories.Count, out var start);
        for (var i = 0; i < categories.Count; i++) items[start + i] = !categories.IsNull(i) && categories.Items[i] == value ? 1 : 0;
        return new(items, start, categories.Count);
    }

    [Function("one_hot", Group = "Scaling and encoding", Summary = "A vector with a 1 at the place of the value among the categories and 0 elsewhere; all 0 for one that is not there.")]
    public static ListValue<double> OneHot(Scratch scratch, long value, ListValue<long> categories)
    {
        var items = scratch.RentList<double>(categories.Count, out var start);
        for (var i = 0; i < categories.Count; i++) items[start + i] = !categories.IsNull(i) && categories.Items[i] == value ? 1 : 0;
        return new(items, start, categories.Count);
    }

    [Function("multi_hot", Group = "Scaling and encoding", Summary = "A vector with a 1 at the place of each category that the list holds and 0 elsewhere.", Example = "multi_hot(['c', 'a', 'x'], ['a', 'b', 'c'])", Gives = "[1, 0, 1]")]
    public static ListValue<double> MultiHot(Scratch scratch, ListValue<Utf8Text> values, ListValue<Utf8Text> categories)
    {
        var items = scratch.RentList<double>(categories.Count, out var start);
        for (var i = 0; i < categories.Count; i++) items[start + i] = !categories.IsNull(i) && IndexOf(values, categories.Items[i]) >= 0 ? 1 : 0;
        return new(items, start, categories.Count);
    }

    [Function("ordinal", Group = "Scaling and encoding", Summary = "The place of the value among the categories, from 0; null for one that is not there.", Example = "ordinal('b', ['a', 'b', 'c'])", Gives = "1")]
    public static bool Ordinal(Utf8Text value, ListValue<Utf8Text> categories, out long place)
    {
        place = IndexOf(categories, value);
        return place >= 0;
    }

    [Function("ordinal", Group = "Scaling and encoding", Summary = "The place of the value among the categories, from 0; null for one that is not there.")]
    public static bool Ordinal(long value, ListValue<long> categories, out long place)
    {
        place = IndexOf(categories, value);
        return place >= 0;
    }

    [Function("bucketize", Group = "Scaling and encoding", Summary = "How many of the boundaries, which ascend, are at most x: 0 below the first. Null when one is null.", Example = "bucketize(7.0, [0.0, 5.0, 10.0])", Gives = "2")]
    public static bool Bucketize(double x, ListValue<double> boundaries, out long bucket)
    {
        bucket = 0;
        if (boundaries.HasNulls) return false;
        var rest = boundaries.Items;
        var counts = Vector<long>.Zero;
        for (var all = new Vector<double>(x); rest.Length >= Vector<double>.Count; rest = rest[Vector<double>.Count..])
            counts -= Vector.LessThanOrEqual(new Vector<double>(rest), all); // true is -1
        bucket = Vector.Sum(counts);
        foreach (var boundary in rest) bucket += boundary <= x ? 1 : 0;
        return true;
    }
}
