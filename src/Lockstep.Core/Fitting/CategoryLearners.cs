using System.Globalization;
using System.Runtime.InteropServices;
using Lockstep.Core.Definitions;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Fitting;

/// <summary>Numbers the distinct values of a column, whatever its type.</summary>
sealed class CategoryTable(string transformation)
{
    readonly BytesTable _table = new();
    readonly List<Value> _values = [];

    public IReadOnlyList<Value> Values => _values;

    public int Intern(Column column, int row)
    {
        Span<byte> number = stackalloc byte[sizeof(long)];
        if (column is not BytesColumn) BitConverter.TryWriteBytes(number, column is FixedColumn<byte> flags ? flags.Values[row] : column is FixedColumn<int> small ? small.Values[row] : ((FixedColumn<long>)column).Values[row]);
        var place = Intern(column is BytesColumn texts ? texts[row] : number);
        if (place == _values.Count) _values.Add(PhysicalValue.Widen(column.GetValue(row)));
        return place;
    }

    public int InternText(ReadOnlySpan<byte> text)
    {
        var place = Intern(text);
        if (place == _values.Count) _values.Add(Value.Of(System.Text.Encoding.UTF8.GetString(text)));
        return place;
    }

    int Intern(ReadOnlySpan<byte> key)
    {
        if (_table.Count < FitLimits.MaxDistinct) return _table.Intern(key);
        return _table.Find(key) is >= 0 and var known ? known
            : throw new LockstepException(ErrorKind.Failed, $"Transformation '{transformation}' has more than {FitLimits.MaxDistinct} distinct values, the limit {nameof(FitLimits.MaxDistinct)}. Fit it on a coarser input.");
    }

    /// <summary>Places of those that are kept: seen often enough, the most frequent first, of equally frequent ones the lesser value first.</summary>
    public List<int> Kept(IReadOnlyList<long> counts, int least, int most)
    {
        List<int> kept = [];
        for (var i = 0; i < counts.Count; i++)
            if (counts[i] >= least) kept.Add(i);
        kept.Sort((a, b) => counts[b].CompareTo(counts[a]) is var order and not 0 ? order : Value.CompareForNewest(_values[a], _values[b]));
        return kept.Count > most ? kept[..most] : kept;
    }
}

sealed class CategoryLearner(Transformation transformation) : FitLearner(transformation)
{
    readonly CategoryTable _table = new(transformation.Name);
    readonly List<long> _counts = [];

    private protected override void Add(Column input, Column? target, int row)
    {
        var place = _table.Intern(input, row);
        if (place == _counts.Count) _counts.Add(1);
        else _counts[place]++;
    }

    private protected override FitParameters Learn()
    {
        var kept = _table.Kept(_counts, Transformation.Whole("min_count"), Transformation.Whole("max_categories"));
        var unknown = Transformation.Parameter("unknown");
        return new CategoryParameters(new([.. kept.Select(k => _table.Values[k])]), unknown == FitMethods.None ? null : long.Parse(unknown, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
    }
}

/// <summary>Of a category with n rows, the sum s of its targets, the mean m of all and the smoothing k: (s + k m) / (n + k).</summary>
sealed class TargetMeanLearner(Transformation transformation) : FitLearner(transformation)
{
    readonly CategoryTable _table = new(transformation.Name);
    readonly List<ExactMoments> _moments = [];
    ExactMoments _all;

    private protected override void Add(Column input, Column? target, int row)
    {
        var value = Number(target!, row);
        if (!_all.TryAdd(value)) throw OutOfRange(value);
        var place = _table.Intern(input, row);
        if (place == _moments.Count) _moments.Add(default);
        CollectionsMarshal.AsSpan(_moments)[place].TryAdd(value);
    }

    private protected override FitParameters Learn()
    {
        var kept = _table.Kept([.. _moments.Select(m => m.Count)], Transformation.Whole("min_count"), Transformation.Whole("max_categories"));
        var smoothing = double.Parse(Transformation.Parameter("smoothing"), NumberStyles.Float, CultureInfo.InvariantCulture);
        var mean = _all.Mean;
        var unknown = Transformation.Parameter("unknown");
        return new TargetMeanParameters(new([.. kept.Select(k => _table.Values[k])]),
            [.. kept.Select(k => (_moments[k].Sum + smoothing * mean) / (_moments[k].Count + smoothing) + 0.0)],
            unknown switch { FitMethods.None => null, FitMethods.Mean => mean, _ => double.Parse(unknown, NumberStyles.Float, CultureInfo.InvariantCulture) + 0.0 });
    }
}

/// <summary>The weight of a term that stands in d of n texts: ln((1 + n) / (1 + d)) + 1.</summary>
sealed class VocabularyLearner(Transformation transformation, bool lists) : FitLearner(transformation)
{
    readonly CategoryTable _table = new(transformation.Name);
    readonly List<long> _texts = [];     // texts with the term
    readonly List<long> _lastText = [];  // the text in which it was seen last: it counts once a text
    long _text;

    private protected override void Add(Column input, Column? target, int row)
    {
        _text++;
        if (lists)
        {
            var list = (ListColumn)input;
            var words = (BytesColumn)list.Elements;
            for (var i = list.Start(row); i < list.Start(row) + list.Length(row); i++)
                if (!words.IsNull(i)) Word(words[i]);
            return;
        }
        var text = ((BytesColumn)input)[row];
        foreach (var range in new Words(text)) Word(text[range]);
    }

    void Word(ReadOnlySpan<byte> word)
    {
        var place = _table.InternText(word);
        if (place == _texts.Count)
        {
            _texts.Add(0);
            _lastText.Add(0);
        }
        if (_lastText[place] == _text) return;
        _lastText[place] = _text;
        _texts[place]++;
    }

    private protected override FitParameters Learn()
    {
        var kept = _table.Kept(_texts, Transformation.Whole("min_count"), Transformation.Whole("max_terms"));
        return new VocabularyParameters([.. kept.Select(k => _table.Values[k].AsString)],
            [.. kept.Select(k => Numerics.Elementary.Log((1.0 + _text) / (1.0 + _texts[k])) + 1)], Transformation.Parameter("norm") == "l2");
    }
}
