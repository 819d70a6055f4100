using Lockstep.Core.Definitions;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Expressions.Syntax;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expectations;

/// <summary>The expectations of one view or source, compiled together. Immutable; an <see cref="ExpectationTally"/> counts.</summary>
public sealed class ExpectationProgram
{
    ExpectationProgram(string of, IReadOnlyList<Expectation> expectations, ExpressionProgram program, IReadOnlyList<IReadOnlyList<string>> reads)
        => (Of, Expectations, Program, Reads) = (of, expectations, program, reads);

    public string Of { get; }

    public IReadOnlyList<Expectation> Expectations { get; }

    internal ExpressionProgram Program { get; }

    /// <summary>For each expectation the columns that it reads.</summary>
    internal IReadOnlyList<IReadOnlyList<string>> Reads { get; }

    /// <summary>The columns that have to be given, in this order and of these types.</summary>
    public IReadOnlyList<Field> Inputs => field ??= [.. Program.Inputs.Select(i => new Field(i.Name, i.Type))];

    /// <param name="of">Whose they are, see <see cref="ExpectationResult.Of"/>.</param>
    /// <param name="expectations">What was written; those that read a column which is not there are left out.</param>
    /// <param name="columns">What they can read: features of a view, or columns of a source.</param>
    /// <returns>Null when there is nothing to evaluate.</returns>
    public static ExpectationProgram? Compile(string of, IReadOnlyList<Expectation> expectations, RowColumns columns)
    {
        ArgumentNullException.ThrowIfNull(expectations);
        ArgumentNullException.ThrowIfNull(columns);
        RowTrees trees = new(columns);
        List<Expectation> kept = [];
        List<BoundExpression> bound = [];
        foreach (var expectation in expectations)
        {
            if (Bind(trees, expectation) is not { } condition) continue;
            kept.Add(expectation);
            bound.Add(condition);
        }
        return kept.Count == 0 ? null
            : new(of, kept, ExpressionProgram.Compile([.. bound.Select((b, i) => ($"{i}", b.Root))]), [.. bound.Select(b => (IReadOnlyList<string>)[.. b.Inputs.Select(i => i.Name)])]);
    }

    static BoundExpression? Bind(RowTrees trees, Expectation expectation)
    {
        try
        {
            return trees.Bind(expectation.That);
        }
        catch (ExpressionException)
        {
            return null; // definitions were checked: it reads what this table or training set does not have
        }
    }
}

/// <summary>Counts what a program finds in batch after batch; for one thread.</summary>
public sealed class ExpectationTally
{
    /// <summary>Failing rows that are kept of each expectation.</summary>
    public const int MaxExamples = 5;

    const int MaxText = 100;

    readonly ExpectationProgram _program;
    readonly FixedColumn<byte>[] _outputs;
    readonly Counts[] _counts;
    readonly Scratch _scratch = new();

    sealed class Counts
    {
        public long Passed, Failed, Nulls;

        /// <summary>The newest first.</summary>
        public readonly List<(long Time, List<KeyValuePair<string, string>> Values)> Examples = [];
    }

    public ExpectationTally(ExpectationProgram program)
    {
        _program = program ?? throw new ArgumentNullException(nameof(program));
        _outputs = [.. program.Program.Outputs.Select(o => (FixedColumn<byte>)Column.Create(o.Type))];
        _counts = [.. _outputs.Select(_ => new Counts())];
    }

    /// <summary>Whether one that blocks has failed so far.</summary>
    public bool Blocks => Results.Any(r => r.Blocks);

    public IReadOnlyList<ExpectationResult> Results => [.. _counts.Select((c, i) => new ExpectationResult
    {
        Of = _program.Of,
        That = _program.Expectations[i].That,
        Mostly = _program.Expectations[i].Mostly,
        OnFailure = _program.Expectations[i].OnFailure,
        Passed = c.Passed,
        Failed = c.Failed,
        Nulls = c.Nulls,
        Examples = [.. c.Examples.Select(e => new OrderedDictionary<string, string>(e.Values))],
    })];

    /// <param name="inputs">The program's inputs.</param>
    /// <param name="rows">Their rows.</param>
    /// <param name="time">The instants of the rows, by which the examples are chosen; null: they have none.</param>
    /// <param name="keys">Columns that tell which row it is.</param>
    public void Add(IReadOnlyList<Column> inputs, int rows, FixedColumn<long>? time, IReadOnlyList<(string Name, Column Column)> keys)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        if (rows == 0) return;
        foreach (var output in _outputs) output.Clear();
        _program.Program.Run(inputs, _outputs, rows, _scratch);
        for (var i = 0; i < _outputs.Length; i++) Count(i, inputs, rows, time, keys);
    }

    void Count(int number, IReadOnlyList<Column> inputs, int rows, FixedColumn<long>? time, IReadOnlyList<(string Name, Column Column)> keys)
    {
        var values = _outputs[number].Values;
        var counts = _counts[number];
        var nulls = _outputs[number].HasNulls;
        for (var row = 0; row < rows; row++)
        {
            if (nulls && _outputs[number].IsNull(row)) counts.Nulls++;
            else if (values[row] != 0) counts.Passed++;
            else
            {
                counts.Failed++;
                var at = time is null || time.IsNull(row) ? long.MinValue : time.Values[row];
                if (counts.Examples.Count == MaxExamples && at <= counts.Examples[^1].Time) continue;
                Keep(counts, at, number, inputs, row, time, keys);
            }
        }
    }

    void Keep(Counts counts, long at, int number, IReadOnlyList<Column> inputs, int row, FixedColumn<long>? time, IReadOnlyList<(string Name, Column Column)> keys)
    {
        List<KeyValuePair<string, string>> values = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (var (name, column) in keys) Show(name, column);
        if (time is not null) Show("event_timestamp", time);
        for (var i = 0; i < inputs.Count; i++)
            if (_program.Reads[number].Contains(_program.Inputs[i].Name)) Show(_program.Inputs[i].Name, inputs[i]);
        var place = counts.Examples.FindIndex(e => e.Time < at);
        counts.Examples.Insert(place < 0 ? counts.Examples.Count : place, (at, values));
        if (counts.Examples.Count > MaxExamples) counts.Examples.RemoveAt(MaxExamples);

        void Show(string name, Column column)
        {
            if (!seen.Add(name)) return;
            var text = column.GetValue(row).ToString();
            values.Add(new(name, text.Length <= MaxText ? text : text[..MaxText] + "…"));
        }
    }
}
