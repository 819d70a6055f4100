using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Rows;
using Lockstep.Core.Tests.Rows;

namespace Lockstep.Core.Tests.Expressions;

public sealed class CompiledAgainstInterpreterTests
{
    // S16, S17: the same expression serves training (batches) and serving (a row): bit for bit what the definitions say.
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public void S17_rows_batches_and_the_interpreter_agree_in_every_bit(int seed) => Agree(new(seed), seed, null);

    // What was fitted and what tables hold are constants of the same program.
    [Theory, InlineData(11), InlineData(12), InlineData(13), InlineData(14)]
    public void S17_fitted_constants_and_lookup_tables_agree_in_every_bit(int seed) => Agree(new(seed, [.. TestConstants.Columns.Fields.Select(f => f.Name)]), seed, new TestConstants(seed));

    static void Agree(RandomExpressions random, int seed, TestConstants? constants)
    {
        var values = new RandomValues(seed);
        for (var round = 0; round < 60; round++)
        {
            var tree = new BoundTree();
            var scope = new Scope(RandomExpressions.Columns.Fields) { Constants = constants };
            List<(string Name, BoundNode Node)> expressions = [];
            List<string> texts = [];
            for (var i = 0; i < 3; i++)
            {
                texts.Add(random.Any(3));
                expressions.Add(($"e{i}", Binder.Bind(texts[^1], scope, tree).Root));
            }
            var program = ExpressionProgram.Compile(expressions);
            var withoutNulls = round % 4 == 0;
            var batch = new ColumnBatch(RandomExpressions.Columns);
            List<Value[]> rows = [];
            while (rows.Count < 70)
            {
                var row = RandomExpressions.Row(values);
                if (withoutNulls && row.Any(HasNull)) for (var c = 0; c < row.Length; c++) while (HasNull(row[c])) row[c] = RandomExpressions.Row(values)[c];
                rows.Add(row);
                batch.AppendRow(row);
            }
            var outputs = program.Outputs.Select(o => Column.Create(o.Type)).ToList();
            program.Run([.. program.Inputs.Select(i => batch[RandomExpressions.Columns.IndexOf(i.Name)])], outputs, batch.Count, new Scratch());
            var frame = program.CreateFrame();
            for (var r = 0; r < rows.Count; r++)
            {
                var inputs = RandomExpressions.Columns.Fields.Select((f, c) => (f.Name, rows[r][c])).ToDictionary(p => p.Name, p => p.Item2, StringComparer.Ordinal);
                foreach (var input in program.Inputs) frame.SetValue(input.Slot, inputs[input.Name], input.Type);
                program.Run(frame);
                for (var e = 0; e < expressions.Count; e++)
                {
                    var judge = Interpreter.Run(expressions[e].Node, inputs);
                    var served = frame.GetValue(program.Outputs[e].Slot, program.Outputs[e].Type);
                    var trained = outputs[e].GetValue(r);
                    Assert.True(judge == served && judge == trained,
                        $"seed {seed}, round {round}, row {r}: {texts[e]}\n over {string.Join(", ", inputs.Select(i => $"{i.Key}={i.Value}"))}\n judge {judge}, row {served}, batch {trained}");
                }
            }
        }
    }

    static bool HasNull(Value value) => value.IsNull || (value.Kind == TypeKind.List && value.AsList.Any(e => e.IsNull));

    [Fact]
    public void S17_a_warm_evaluation_allocates_nothing()
    {
        var tree = new BoundTree();
        var scope = new Scope(RandomExpressions.Columns.Fields);
        string[] texts = ["d * 2 + big", "case when f > 0 then d / f else price end", "name || '-' || name", "list_transform(vector, x -> x * d)", "coalesce(small // big, 7)"];
        var program = ExpressionProgram.Compile([.. texts.Select((t, i) => ($"e{i}", Binder.Bind(t, scope, tree).Root))]);
        var frame = program.CreateFrame();
        var values = new RandomValues(1);
        var row = RandomExpressions.Row(values);
        foreach (var input in program.Inputs) frame.SetValue(input.Slot, row[RandomExpressions.Columns.IndexOf(input.Name)], input.Type);
        for (var i = 0; i < 100; i++) program.Run(frame);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) program.Run(frame);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Common_parts_are_computed_once()
    {
        var tree = new BoundTree();
        var scope = new Scope(RandomExpressions.Columns.Fields);
        var first = Binder.Bind("(d * 2) + 1", scope, tree).Root;
        var second = Binder.Bind("coalesce(d * 2, 0)", scope, tree).Root;
        Assert.Same(first.Children[0], second.Children[0]);
    }
}
