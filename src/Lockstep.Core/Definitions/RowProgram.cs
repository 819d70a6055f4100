using System.Globalization;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Expressions.Syntax;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>A column to read of a source's data, and as what. Whoever reads it converts by S1 to S3.</summary>
public sealed record RowInput(string Column, Field As);

/// <summary>What a row program yields as one column: a column of the source, computed or not, or else an expression over them.</summary>
public sealed record RowOutput(Field As, string? Column, string? Expression = null)
{
    public static RowOutput Of(string expression, Field yields) => new(yields, null, expression);
}

// The rows of a source, from what its data hold to what a view reads:
//   columns of the data -> rows that the filters keep -> computed columns -> outputs
// The filters (the source's own and those of who reads it) are one expression: a row for which one of them is false or null is dropped.
// Outputs that are columns of the data are read as the output's type and pass through; expressions read the columns as the source
// has them. Where both want the same it is read once.
// Compiled once for a view version; the same program serves runs, training sets, `get --at`, streams and tests.
/// <summary>Filter and computed columns of a source, compiled. Immutable; a <see cref="RowRun"/> does the work.</summary>
public sealed class RowProgram
{
    readonly IReadOnlyList<Source> _sources;

    /// <summary>Where an output comes from: an input, or an expression of <see cref="Computed"/>.</summary>
    internal readonly record struct Source(int Input, int Expression);

    RowProgram(IReadOnlyList<RowInput> inputs, Schema schema, IReadOnlyList<Source> sources, ExpressionProgram? filter, ExpressionProgram? computed, string what)
        => (Inputs, Schema, _sources, Filter, Computed, InputSchema, What) = (inputs, schema, sources, filter, computed, new(inputs.Select(i => i.As)), what);

    /// <summary>What has to be read, and as what: first the outputs that pass through, in their order, then what only expressions read.</summary>
    public IReadOnlyList<RowInput> Inputs { get; }

    /// <summary>The schema of batches of <see cref="Inputs"/>; names are unique.</summary>
    public Schema InputSchema { get; }

    /// <summary>The outputs, in the order asked for.</summary>
    public Schema Schema { get; }

    public bool Filters => Filter is not null;

    /// <summary>Nothing is filtered or computed: the inputs are the outputs.</summary>
    public bool IsPlain => Filter is null && Computed is null;

    /// <summary>Conditions that all hold of the rows that are kept; none: all are.</summary>
    public IReadOnlyList<BoundNode> Conditions { get; private init; } = [];

    /// <summary>What each output is computed by; null: it passes through.</summary>
    public IReadOnlyList<BoundNode?> Computations { get; private init; } = [];

    /// <summary>So many of the last outputs are filters: what is computed of a row that one of them leaves out need not fit its type.</summary>
    internal int Conditional { get; private init; }

    internal ExpressionProgram? Filter { get; }
    internal ExpressionProgram? Computed { get; }
    internal IReadOnlyList<Source> Outputs => _sources;
    internal string What { get; }

    /// <summary>The place in <see cref="Inputs"/> of an output that passes through; -1: it is computed.</summary>
    public int InputOf(int output) => _sources[output].Input;

    /// <summary>Adds what a reader counted for <see cref="Inputs"/> (S3), by the names of features and columns.</summary>
    public void CountNonFinite(IReadOnlyList<long> found, IDictionary<string, long> to)
    {
        ArgumentNullException.ThrowIfNull(found);
        ArgumentNullException.ThrowIfNull(to);
        for (var i = 0; i < Math.Min(found.Count, Inputs.Count); i++)
        {
            if (found[i] == 0) continue;
            var name = Inputs[i].As.Name[(Inputs[i].As.Name.IndexOf(':', StringComparison.Ordinal) + 1)..];
            to[name] = to.TryGetValue(name, out var before) ? before + found[i] : found[i];
        }
    }

    /// <summary>Work over batches of one reader.</summary>
    public RowRun Open() => new(this);

    /// <param name="columns">Of the source.</param>
    /// <param name="outputs">What is wanted; their names are unique.</param>
    /// <param name="filters">Beside the source's own; null ones are none.</param>
    /// <exception cref="LockstepException">An expression is wrong: definitions that were bound have none.</exception>
    public static RowProgram Compile(RowColumns columns, IReadOnlyList<RowOutput> outputs, params IReadOnlyList<string?> filters)
    {
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(outputs);
        return Checked(columns, () => CompileBound(columns, outputs, filters, 0));
    }

    /// <summary>
    /// All rows, also those that the filters leave out: behind the outputs a bool for each filter. What is computed of a row that is left
    /// out and does not fit its output's type is null.
    /// </summary>
    public static RowProgram CompileAll(RowColumns columns, IReadOnlyList<RowOutput> outputs, params IReadOnlyList<string?> filters)
    {
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(outputs);
        RowOutput[] conditions = [.. new[] { columns.Where }.Concat(filters).OfType<string>().Select((text, i) => RowOutput.Of(text, new(string.Create(CultureInfo.InvariantCulture, $"where:{i}"), FeatureType.Bool)))];
        return Checked(columns, () => CompileBound(new(columns.What, columns.Data, columns.Computed), [.. outputs, .. conditions], [], conditions.Length));
    }

    static RowProgram Checked(RowColumns columns, Func<RowProgram> compile)
    {
        try
        {
            return compile();
        }
        catch (ExpressionException wrong)
        {
            throw new LockstepException(ErrorKind.DefinitionsInvalid, $"{columns.What}: {wrong.Message}", wrong);
        }
    }

    static RowProgram CompileBound(RowColumns columns, IReadOnlyList<RowOutput> outputs, IReadOnlyList<string?> filters, int conditional)
    {
        RowTrees trees = new(columns);
        List<RowInput> inputs = [];
        List<Source> sources = [];
        List<(string Name, BoundNode Node)> computed = [];
        foreach (var output in outputs)
        {
            if (output.Expression is null && !columns.IsDerived(output.Column!))
            {
                sources.Add(new(inputs.Count, -1));
                inputs.Add(new(output.Column!, output.As));
                continue;
            }
            var bound = output.Expression is { } text ? trees.Bind(text) : trees.Column(output.Column!);
            if (RowConversion.Find(bound.Type, output.As.Type) is null)
                throw new LockstepException(ErrorKind.DefinitionsInvalid, $"{columns.What}: {output.Column ?? output.Expression} is {bound.Type?.ToString() ?? "always null"}; it is read as {output.As.Type}.");
            sources.Add(new(-1, computed.Count));
            computed.Add((output.As.Name, bound.Root));
        }
        var keep = trees.All([columns.Where, .. filters]);
        var filterProgram = keep is null ? null : ExpressionProgram.Compile(("filter", keep));
        var computing = computed.Count == 0 ? null : ExpressionProgram.Compile(computed);
        foreach (var read in (filterProgram?.Inputs ?? []).Concat(computing?.Inputs ?? []).DistinctBy(i => i.Name))
            if (!inputs.Exists(i => i.Column == read.Name && i.As.Type == read.Type)) inputs.Add(new(read.Name, new($"column:{read.Name}", read.Type)));
        return new(inputs, new(outputs.Select(o => o.As)), sources, filterProgram, computing, columns.What)
        {
            Conditional = conditional,
            Conditions = keep is null ? [] : [.. Conjuncts(keep)],
            Computations = [.. sources.Select(s => s.Expression < 0 ? null : computed[s.Expression].Node)],
        };
    }

    static IEnumerable<BoundNode> Conjuncts(BoundNode node)
        => node is SpecialNode { Form: SpecialForm.And } both ? both.Children.SelectMany(Conjuncts) : [node];

    internal int PlaceOf(ProgramInput input) => ((List<RowInput>)Inputs).FindIndex(i => i.Column == input.Name && i.As.Type == input.Type);
}

/// <summary>Applies a program to one batch after the other; for one thread.</summary>
public sealed class RowRun
{
    readonly RowProgram _program;
    readonly Column[] _filterInputs, _computedInputs, _computed;
    readonly (int Computed, Column To)[] _converted;
    readonly FixedColumn<byte> _mask = new(FeatureType.Bool);
    readonly Scratch _scratch = new();
    int[] _kept = [];

    internal RowRun(RowProgram program)
    {
        _program = program;
        Input = new(program.InputSchema);
        _filterInputs = InputsOf(program.Filter);
        _computedInputs = InputsOf(program.Computed);
        _computed = [.. (program.Computed?.Outputs ?? []).Select(o => Column.Create(o.Type))];
        var converted = new List<(int, Column)>();
        var columns = new Column[program.Outputs.Count];
        for (var i = 0; i < columns.Length; i++)
        {
            var (input, expression) = program.Outputs[i];
            columns[i] = input >= 0 ? Input[input] : _computed[expression];
            if (columns[i].Type == program.Schema[i].Type) continue;
            columns[i] = Column.Create(program.Schema[i].Type);
            converted.Add((expression, columns[i]));
        }
        _converted = [.. converted];
        Output = new(program.Schema, columns);

        Column[] InputsOf(ExpressionProgram? of) => [.. (of?.Inputs ?? []).Select(i => Input[program.PlaceOf(i)])];
    }

    /// <summary>To be filled with rows of the program's inputs before each <see cref="Run"/>, which takes rows out of it.</summary>
    public ColumnBatch Input { get; }

    /// <summary>The rows that were kept, until the next <see cref="Run"/>. Columns that pass through are those of <see cref="Input"/>.</summary>
    public ColumnBatch Output { get; }

    /// <summary>Rows that filters have dropped so far.</summary>
    public long Dropped { get; private set; }

    /// <summary>For each row of <see cref="Output"/> its place in the input as it was; empty: all are there.</summary>
    public ReadOnlySpan<int> Kept => _kept.AsSpan(0, _keptCount);

    int _keptCount;

    public void Run()
    {
        if (_program.IsPlain) return;
        _keptCount = 0;
        if (_program.Filter is { } filter) Keep(filter);
        if (_program.Computed is not { } computed) return;
        var rows = Input.Count;
        foreach (var column in _computed) column.Clear();
        computed.Run(_computedInputs, _computed, rows, _scratch);
        foreach (var (from, to) in _converted)
        {
            to.Clear();
            RowConversion.Append(_computed[from], to, computed.Outputs[from].Name, _program.What, _program.Conditional == 0 ? null : IsKept);
        }
    }

    bool IsKept(int row)
    {
        for (var i = Output.Columns.Count - _program.Conditional; i < Output.Columns.Count; i++)
            if (Output[i].IsNull(row) || ((FixedColumn<byte>)Output[i]).Values[row] == 0) return false;
        return true;
    }

    void Keep(ExpressionProgram filter)
    {
        var rows = Input.Count;
        _mask.Clear();
        filter.Run(_filterInputs, [_mask], rows, _scratch);
        if (_kept.Length < rows) _kept = new int[rows];
        var kept = 0;
        var values = _mask.Values;
        var nulls = _mask.HasNulls;
        for (var row = 0; row < rows; row++)
        {
            _kept[kept] = row;
            if (values[row] != 0 && !(nulls && _mask.IsNull(row))) kept++;
        }
        if (kept == rows) return;
        Dropped += rows - kept;
        _keptCount = kept;
        foreach (var column in Input.Columns) column.Keep(_kept.AsSpan(0, kept));
    }
}

/// <summary>How the result of an expression, int64 or float64 where it is a number, becomes a column of another width.</summary>
internal static class RowConversion
{
    /// <summary>Null: it does not; float64 becomes float32 by rounding (S2), int64 becomes int32 where it fits.</summary>
    public static TypeConversion? Find(FeatureType? from, FeatureType to) => (from?.Kind, to.Kind) switch
    {
        (null, _) => null,
        (TypeKind.Float64, TypeKind.Float32) => TypeConversion.Rounded,
        (TypeKind.Int64, TypeKind.Int32) => TypeConversion.Checked,
        _ => from == to ? TypeConversion.Exact : null,
    };

    /// <param name="from">Of an expression.</param>
    /// <param name="to">Gets as many rows.</param>
    /// <param name="name">Of the output.</param>
    /// <param name="what">For messages.</param>
    /// <param name="counts">Whether a row has to fit; null: all have. One that has not, and does not, is null.</param>
    /// <exception cref="LockstepException">An integer does not fit.</exception>
    public static void Append(Column from, Column to, string name, string what, Func<int, bool>? counts = null)
    {
        if (from is FixedColumn<double> wide && to is FixedColumn<float> narrow)
            for (var row = 0; row < wide.Count; row++)
            {
                var value = (float)wide.Values[row] + 0f; // -0 is 0, and beyond float32 is null (S3)
                if (wide.IsNull(row) || !float.IsFinite(value)) narrow.AppendNull();
                else narrow.Append(value);
            }
        else if (from is FixedColumn<long> whole && to is FixedColumn<int> small)
            for (var row = 0; row < whole.Count; row++)
            {
                var value = whole.Values[row];
                if (whole.IsNull(row)) small.AppendNull();
                else if (value is >= int.MinValue and <= int.MaxValue) small.Append((int)value);
                else if (counts?.Invoke(row) == false) small.AppendNull();
                else throw new LockstepException(ErrorKind.Failed, string.Create(CultureInfo.InvariantCulture, $"{what}: {Shown(name)} is computed as {value}, which is no int32. Declare it int64."));
            }
        else throw new NotSupportedException($"No conversion from {from.Type} to {to.Type}.");
    }

    static string Shown(string name) => name.IndexOf(':', StringComparison.Ordinal) is >= 0 and var at ? $"{name[..at]} '{name[(at + 1)..]}'" : $"column '{name}'";
}
