using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.OnDemand;
using Lockstep.Core.Rows;
using Lockstep.Core.Tests.Rows;

namespace Lockstep.Core.Tests.OnDemand;

/// <summary>What goes into a frame from a row or a column comes out of it as a row, widened and otherwise with all its bits.</summary>
public sealed class FrameRowsTests
{
    [Theory, InlineData(1, true), InlineData(2, true), InlineData(3, false), InlineData(4, false)]
    public void S16_every_type_passes_a_frame_unchanged(int seed, bool packed)
    {
        RandomValues values = new(seed);
        for (var round = 0; round < 150; round++)
        {
            var schema = values.Schema();
            if (schema.Count == 0) continue;
            BoundTree tree = new();
            Scope scope = new(schema.Fields);
            var program = ExpressionProgram.Compile([.. schema.Fields.Select(f => (f.Name, Binder.Bind(f.Name, scope, tree).Root))]);
            var frame = program.CreateFrame();
            RowBuilder rows = new(new(new(program.Outputs.Select(o => new Field(o.Name, o.Type)))));
            RowLayout layout = new(schema);
            RowWriter writer = new(layout);
            ColumnBatch batch = new(schema);
            Scratch scratch = new();
            for (var row = 0; row < 8; row++)
            {
                var cells = values.Row(schema);
                batch.AppendRow(cells);
                var bytes = writer.Write(cells);
                scratch.Reset();
                foreach (var input in program.Inputs)
                    if (schema.IndexOf(input.Name) is var i && packed) FrameInputs.Set(frame, input.Slot, input.Type, new RowReader(layout, bytes), i, scratch);
                    else FrameInputs.Set(frame, input.Slot, batch[i], row, scratch);
                program.Run(frame);
                var (start, length) = FrameOutputs.Pack(frame, [.. program.Outputs], rows);
                for (var i = 0; i < cells.Length; i++)
                    Assert.True(Widened(cells[i], schema[i].Type) == rows.Row(start, length).GetValue(i), $"seed {seed}, round {round}, row {row}: {schema[i]} is {cells[i]} and became {rows.Row(start, length).GetValue(i)}");
            }
        }
    }

    static Value Widened(Value value, FeatureType type) => value.IsNull ? value : type.Kind switch
    {
        TypeKind.Int32 => Value.Of((long)value.AsInt32),
        TypeKind.Float32 => Value.Of((double)value.AsFloat32),
        _ => value,
    };
}
