using Lockstep.Core.Definitions;
using Lockstep.Core.Expressions.Syntax;
using Lockstep.Core.Rows;
using Lockstep.Core.Tests.Expressions;
using Lockstep.Core.Tests.Rows;

namespace Lockstep.Core.Tests.Definitions;

public sealed class RowProgramTests
{
    static readonly Schema Data = RandomExpressions.Columns;

    static RowColumns Columns(string? where = null, params (string Name, string Expression)[] derived)
        => new("source 's'", Data.Fields, [.. derived.Select(d => new DerivedColumn(d.Name, d.Expression))], where);

    static RowOutput Column(string name, FeatureType type) => new(new($"feature:{name}", type), name);

    // Reads as a scan would: the program's inputs, each as the type asked for.
    static void Fill(RowRun run, RowProgram program, IEnumerable<Value[]> rows)
    {
        run.Input.Clear();
        foreach (var row in rows) run.Input.AppendRow([.. program.Inputs.Select(i => row[Data.IndexOf(i.Column)])]);
    }

    // S16, S17: rows that the filters keep, and columns of them, as the interpreter says.
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void S17_filters_and_columns_agree_with_the_interpreter_in_every_bit(int seed)
    {
        var random = new RandomExpressions(seed);
        var values = new RandomValues(seed);
        for (var round = 0; round < 40; round++)
        {
            string[] texts = [random.Any(2), random.Bool(2), random.Bool(1), random.Any(2)];
            var columns = Columns(texts[1], ("x", texts[0]));
            FeatureType? x, y;
            (x, y) = (columns.TypeOf("x"), columns.Bind($"case when x is null then null else {texts[3]} end").Type);
            if (x is null || y is null) continue;
            var program = RowProgram.Compile(columns, [Column("at", FeatureType.Timestamp), Column("name", FeatureType.String), Column("x", x), Column("big", FeatureType.Int64),
                RowOutput.Of($"case when x is null then null else {texts[3]} end", new("feature:y", y))], texts[2], null);
            var run = program.Open();
            for (var batch = 0; batch < 3; batch++)
            {
                List<Value[]> rows = [.. Enumerable.Range(0, batch * 40).Select(_ => RandomExpressions.Row(values))];
                Fill(run, program, rows);
                run.Run();
                List<Value[]> expected = [];
                foreach (var row in rows)
                {
                    var inputs = Data.Fields.Select((f, c) => (f.Name, row[c])).ToDictionary(p => p.Name, p => p.Item2, StringComparer.Ordinal);
                    Value Judge(string text) => Interpreter.Run(columns.Bind(text).Root, inputs);
                    if (!texts[1..3].All(t => Judge(t) is { IsNull: false } keep && keep.AsBool)) continue;
                    expected.Add([inputs["at"], inputs["name"], Judge("x"), inputs["big"], Judge($"case when x is null then null else {texts[3]} end")]);
                }
                Assert.True(expected.Count == run.Output.Count && expected.Select((e, i) => e.SequenceEqual(run.Output.GetRow(i))).All(same => same),
                    $"seed {seed}, round {round}: {string.Join(" | ", texts)}\n judge:\n{string.Join("\n", expected.Select(r => string.Join(", ", r)))}\n program:\n{string.Join("\n", Enumerable.Range(0, run.Output.Count).Select(r => string.Join(", ", run.Output.GetRow(r))))}");
            }
        }
    }

    [Fact]
    public void S16_false_and_null_drop_a_row_and_are_counted()
    {
        var program = RowProgram.Compile(Columns("d > 0"), [Column("big", FeatureType.Int64)]);
        Assert.Equal(["feature:big int64", "column:d float64"], program.Inputs.Select(i => i.As.ToString()));
        var run = program.Open();
        foreach (var (value, dropped) in new[] { (Value.Of(1.0), 0L), (Value.Of(0.0), 1L), (Value.Null, 2L), (Value.Of(2.0), 2L) })
        {
            run.Input.Clear();
            run.Input.AppendRow(Value.Of(7L), value);
            run.Run();
            Assert.Equal(dropped, run.Dropped);
        }
        Assert.Equal(Value.Of(7L), run.Output.GetRow(0)[0]);
    }

    [Fact]
    public void A_column_is_read_once_as_each_type_that_is_asked_for()
    {
        var program = RowProgram.Compile(Columns("small > 0 and d > 0", ("twice", "small * 2")),
            [new(new("key:k", FeatureType.String), "small"), Column("d", FeatureType.Float64), Column("twice", FeatureType.Int32), new(new("feature:again", FeatureType.Float64), "d")]);
        Assert.Equal(["small key:k string", "d feature:d float64", "d feature:again float64", "small column:small int32"], program.Inputs.Select(i => $"{i.Column} {i.As}"));
        Assert.Equal([0, 1, -1, 2], Enumerable.Range(0, 4).Select(program.InputOf));
        var run = program.Open();
        run.Input.AppendRow(Value.Of("3"), Value.Of(1.5), Value.Of(1.5), Value.Of(3));
        run.Input.AppendRow(Value.Of("-3"), Value.Of(1.5), Value.Of(1.5), Value.Of(-3));
        run.Run();
        Assert.Equal(1, run.Output.Count);
        Assert.Equal([Value.Of("3"), Value.Of(1.5), Value.Of(6), Value.Of(1.5)], run.Output.GetRow(0));
    }

    [Fact]
    public void Without_filters_and_expressions_the_input_is_the_output()
    {
        var program = RowProgram.Compile(Columns(null, ("unused", "d * 2")), [Column("d", FeatureType.Float64), Column("name", FeatureType.String)]);
        Assert.True(program.IsPlain);
        var run = program.Open();
        Assert.Equal(run.Input.Columns, run.Output.Columns);
    }

    [Fact]
    public void S2_computed_numbers_become_narrower_ones_only_without_loss_or_by_declaration()
    {
        var program = RowProgram.Compile(Columns(null, ("x", "d * 1"), ("n", "big + 0")), [Column("x", FeatureType.Float32), Column("n", FeatureType.Int32)]);
        var run = program.Open();
        foreach (var (d, big, x, n) in new (Value, Value, Value, Value)[]
        {
            (Value.Of(0.1), Value.Of(5L), Value.Of(0.1f), Value.Of(5)), (Value.Of(1e300), Value.Null, Value.Null, Value.Null),
            (Value.Of(-1e-300), Value.Of((long)int.MinValue), Value.Of(0f), Value.Of(int.MinValue)), (Value.Null, Value.Of((long)int.MaxValue), Value.Null, Value.Of(int.MaxValue)),
        })
        {
            run.Input.Clear();
            run.Input.AppendRow([.. program.Inputs.Select(i => i.Column == "d" ? d : big)]);
            run.Run();
            Assert.Equal([x, n], run.Output.GetRow(0));
        }
        run.Input.Clear();
        run.Input.AppendRow([.. program.Inputs.Select(i => i.Column == "d" ? Value.Null : Value.Of(1L + int.MaxValue))]);
        Assert.Equal("source 's': feature 'n' is computed as 2147483648, which is no int32. Declare it int64.", Assert.Throws<LockstepException>(run.Run).Message);
    }

    [Fact]
    public void S16_now_features_and_circles_are_refused()
    {
        Assert.Contains("(S16)", Assert.Throws<ExpressionException>(() => Columns().Bind("at < now()")).Message, StringComparison.Ordinal);
        Assert.Contains("Features of other views", Assert.Throws<ExpressionException>(() => Columns().Bind("v:x > 1")).Message, StringComparison.Ordinal);
        var circle = Columns(null, ("a", "b + 1"), ("b", "c + 1"), ("c", "a + d"));
        Assert.Contains("c -> a -> b -> c", Assert.ThrowsAny<ExpressionException>(() => circle.TypeOf("a")).Message, StringComparison.Ordinal);
        Assert.Equal(ErrorKind.DefinitionsInvalid, Assert.Throws<LockstepException>(() => RowProgram.Compile(circle, [Column("b", FeatureType.Float64)])).Kind);
        Assert.Contains("A filter is a condition", Assert.Throws<LockstepException>(() => RowProgram.Compile(Columns("big"), [Column("d", FeatureType.Float64)])).Message, StringComparison.Ordinal);
        Assert.Contains("is float64; it is read as string", Assert.Throws<LockstepException>(() => RowProgram.Compile(Columns(null, ("x", "d + 1")), [Column("x", FeatureType.String)])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Columns_that_read_each_other_too_deep_are_refused_by_name()
    {
        List<(string, string)> chain = [("c0", "d + 1")];
        for (var i = 1; i < 3_000; i++) chain.Add(($"c{i}", $"c{i - 1} + 1"));
        var columns = Columns(null, [.. chain]);
        Assert.Equal(FeatureType.Float64, columns.TypeOf("c100"));
        Assert.Contains($"more than {RowTrees.MaxDepth} deep", Assert.Throws<ExpressionException>(() => columns.TypeOf("c2999")).Message, StringComparison.Ordinal);
        var wide = $"({new string('(', 90)}x{string.Concat(Enumerable.Repeat(" + 1)", 90))} + 1)";
        var deep = Columns(null, [("a0", "d"), .. Enumerable.Range(1, 100).Select(i => ($"a{i}", wide.Replace("x", $"a{i - 1}", StringComparison.Ordinal)))]);
        Assert.Contains($"more than {RowTrees.MaxDepth} deep", Assert.Throws<ExpressionException>(() => deep.TypeOf("a100")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Warm_batches_allocate_nothing()
    {
        var program = RowProgram.Compile(Columns("d > 0 and name like 'a%'", ("x", "d * 2 + big")), [Column("at", FeatureType.Timestamp), Column("x", FeatureType.Float64), Column("name", FeatureType.String)]);
        var values = new RandomValues(1);
        List<Value[]> rows = [.. Enumerable.Range(0, 100).Select(_ => RandomExpressions.Row(values))];
        var run = program.Open();
        var source = new ColumnBatch(program.InputSchema);
        foreach (var row in rows) source.AppendRow([.. program.Inputs.Select(i => row[Data.IndexOf(i.Column)])]);
        var all = Enumerable.Range(0, rows.Count).ToArray();
        void Once()
        {
            for (var c = 0; c < source.Columns.Count; c++)
            {
                run.Input[c].Clear();
                run.Input[c].AppendRows(source[c], all);
            }
            run.Run();
        }
        for (var i = 0; i < 20; i++) Once();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 20; i++) Once();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20 * 2_000); // enumerators of a batch, nothing a row
    }
}
