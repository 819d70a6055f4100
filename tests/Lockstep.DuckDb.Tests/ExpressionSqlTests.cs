using Lockstep.Core.Definitions;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Rows;
using Lockstep.Core.Tests.Expressions;
using Lockstep.Core.Tests.Rows;
using Lockstep.DuckDb.Engine.Query;
using Lockstep.DuckDb.Native;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Tests;

/// <summary>The third twin: wherever an expression is handed over to DuckDB, its SQL has the bits of the interpreter and of both compiled forms.</summary>
public sealed class ExpressionSqlTests : EngineTest
{
    // As TableView gives them.
    static string? Column(InputNode input) => ComputedTable.ColumnSql($"\"{input.Name}\"", new(input.Declared.Kind switch
    {
        TypeKind.Bool => TypeId.Boolean,
        TypeKind.Int32 => TypeId.Integer,
        TypeKind.Int64 => TypeId.BigInt,
        TypeKind.Float32 => TypeId.Float,
        TypeKind.Float64 => TypeId.Double,
        TypeKind.String => TypeId.Varchar,
        TypeKind.Timestamp => TypeId.TimestampTz,
        TypeKind.Date => TypeId.Date,
        TypeKind.Decimal => TypeId.Decimal,
        _ => TypeId.List,
    }));

    static readonly ExpressionSql s_printer = new(Column);

    static string[] Extra(RandomExpressions random, int seed) =>
    [
        $"({random.Text(2)} like {(seed % 2 == 0 ? "'%é_'" : random.Text(1))})", $"length({random.Text(2)}) + {random.Int(1)}", $"starts_with({random.Text(1)}, {random.Text(1)})",
        $"contains({random.Text(2)}, {random.Text(1)})", $"ends_with(name, {random.Text(1)})", $"abs({random.Int(2)})", $"abs({random.Float(2)})", $"floor({random.Float(1)})", $"ceil({random.Float(1)})",
        $"trunc({random.Float(1)})", $"round({random.Float(1)})", $"sqrt({random.Float(1)})", $"sign({random.Float(1)})", $"cast({random.Bool(1)} as int64)", $"cast({random.Bool(1)} as float64)",
        $"try_cast({random.Float(1)} as int64)", $"at > timestamp '2020-02-29T12:00:00Z'", $"day between date '1969-12-31' and date '2020-02-29'", "d > 0", "big <= 1.0", "f = 0.5", "price < share", "price = price",
        "d / 3 > 1", "small % 2 = 0", "d < 9007199254740993", "9007199254740993 = d", "d >= 9223372036854775807", "name in ('a', 'é', '')", $"cast({random.Int(1)} as string) || name",
    ];

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void S17_the_SQL_of_an_expression_has_the_bits_of_the_interpreter_and_of_compiled_code(int seed)
    {
        var (random, values) = (new RandomExpressions(seed), new RandomValues(seed));
        var (handed, asked) = (0, 0);
        for (var round = 0; round < 4; round++)
        {
            ColumnBatch batch = new(RandomExpressions.Columns);
            List<Value[]> rows = [];
            for (var row = 0; row < 60; row++)
            {
                rows.Add(RandomExpressions.Row(values));
                if (row % 5 == 0) rows[^1][RandomExpressions.Columns.IndexOf("d")] = Value.Of(values.Pick(9007199254740992.0, 9223372036854775808.0, 0.5, -0.5, 0)); // where float64 ends to count
                batch.AppendRow(rows[^1]);
            }
            var path = At($"{seed}.{round}.parquet");
            using (var writer = Engine.CreateFile(new(path, TableFormat.Parquet), RandomExpressions.Columns, None))
            {
                writer.Write(batch, None);
                writer.Complete(None);
            }
            BoundTree tree = new();
            Scope scope = new(RandomExpressions.Columns.Fields);
            List<(string Text, BoundNode Node, string Sql)> chosen = [];
            foreach (var text in Enumerable.Range(0, 40).Select(_ => random.Any(_ % 4)).Concat(Extra(random, seed)))
            {
                var bound = Binder.Bind(text, scope, tree);
                asked++;
                if (bound.Type is null || bound.Type.Kind == TypeKind.List || s_printer.Print(bound.Root) is not { } sql) continue;
                handed++;
                chosen.Add((text, bound.Root, bound.Type.Kind == TypeKind.Timestamp ? $"make_timestamptz({sql})" : sql));
            }
            var program = ExpressionProgram.Compile([.. chosen.Select((c, i) => ($"e{i}", c.Node))]);
            var outputs = program.Outputs.Select(o => Lockstep.Core.Rows.Column.Create(o.Type)).ToList();
            program.Run([.. program.Inputs.Select(i => batch[RandomExpressions.Columns.IndexOf(i.Name)])], outputs, batch.Count, new());
            var found = Query(path, [.. chosen.Select(c => c.Sql)], [.. outputs.Select(o => o.Type)]);
            // Reading mends -0; whoever goes on computing in SQL must not meet it either.
            var floats = chosen.Where(c => c.Node.Type!.Kind == TypeKind.Float64).ToList();
            var negative = Query(path, [.. floats.Select(c => $"coalesce({c.Sql}::varchar = '-0.0', false)")], [.. floats.Select(_ => FeatureType.Bool)]);
            for (var i = 0; i < floats.Count; i++) Assert.True(negative.TrueForAll(r => !r[i].AsBool), $"seed {seed}, round {round}: -0 from {floats[i].Text}\n{floats[i].Sql}");
            var frame = program.CreateFrame();
            for (var row = 0; row < rows.Count; row++)
            {
                var inputs = RandomExpressions.Columns.Fields.Select((f, c) => (f.Name, rows[row][c])).ToDictionary(p => p.Name, p => p.Item2, StringComparer.Ordinal);
                foreach (var input in program.Inputs) frame.SetValue(input.Slot, inputs[input.Name], input.Type);
                program.Run(frame);
                for (var i = 0; i < chosen.Count; i++)
                {
                    var judge = Interpreter.Run(chosen[i].Node, inputs);
                    var (served, trained) = (frame.GetValue(program.Outputs[i].Slot, program.Outputs[i].Type), outputs[i].GetValue(row));
                    Assert.True(judge == found[row][i] && judge == served && judge == trained,
                        $"seed {seed}, round {round}, row {row}: {chosen[i].Text}\n{chosen[i].Sql}\n over {string.Join(", ", inputs.Select(x => $"{x.Key}={x.Value}"))}\n judge {judge}, row {served}, batch {trained}, sql {found[row][i]}");
                }
            }
        }
        Assert.True(handed * 3 > asked, $"Only {handed} of {asked} were handed over.");
    }

    List<Value[]> Query(string path, IReadOnlyList<string> expressions, IReadOnlyList<FeatureType> types)
    {
        using var reader = Engine.Query(new()
        {
            Name = "the twin",
            Sql = $"select {string.Join(",\n", expressions.Select((e, i) => $"{e} as e{i}"))} from t",
            Tables = new Dictionary<string, TableInput> { ["t"] = Table(path) },
            Columns = [.. types.Select((t, i) => new ScanColumn($"e{i}", new($"e{i}", t)))],
        }, None);
        List<Value[]> rows = [];
        ColumnBatch batch = new(reader.Schema);
        while (reader.Read(batch, None))
            for (var row = 0; row < batch.Count; row++) rows.Add(batch.GetRow(row));
        return rows;
    }
}
