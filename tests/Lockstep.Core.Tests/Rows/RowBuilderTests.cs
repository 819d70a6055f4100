using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Rows;

public sealed class RowBuilderTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void Rows_that_are_built_are_the_bytes_of_rows_that_are_written(int seed)
    {
        RandomValues values = new(seed);
        for (var round = 0; round < 300; round++)
        {
            var schema = values.Schema();
            RowLayout layout = new(schema);
            RowWriter writer = new(layout);
            RowBuilder builder = new(layout);
            List<(byte[] Expected, (int Start, int Length) Place)> rows = [];
            for (var row = 0; row < 5; row++)
            {
                var cells = values.Row(schema);
                builder.Begin();
                for (var i = 0; i < cells.Length; i++) builder.Set(i, cells[i]);
                rows.Add((writer.Write(cells).ToArray(), builder.End()));
            }
            foreach (var (expected, (start, length)) in rows)
                Assert.True(expected.AsSpan().SequenceEqual(builder.Written(start, length)), $"seed {seed}, round {round}: {schema}");
        }
    }
}
