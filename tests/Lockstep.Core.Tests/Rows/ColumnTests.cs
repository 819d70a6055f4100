using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Rows;

public sealed class ColumnTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void A_column_holds_what_a_list_of_values_holds(int seed)
    {
        var random = new RandomValues(seed);
        for (var round = 0; round < 100; round++)
        {
            var type = random.Type();
            var column = Column.Create(type);
            for (var use = 0; use < 2; use++) // a cleared column is as good as a new one
            {
                List<Value> judge = [];
                for (var i = random.Random.Next(200); i > 0; i--)
                {
                    var value = random.Value(type);
                    judge.Add(value);
                    column.Append(value);
                }
                for (var i = random.Random.Next(5); i > 0 && judge.Count > 0; i--)
                {
                    var from = random.Random.Next(-1, judge.Count);
                    judge.Add(from < 0 ? Value.Null : judge[from]);
                    column.AppendFrom(column, from);
                }
                if (judge.Count > 0)
                {
                    var nulled = random.Random.Next(judge.Count);
                    judge[nulled] = Value.Null;
                    column.SetNull(nulled);
                }
                Assert.Equal(judge.Count, column.Count);
                Assert.Equal(judge.Count(v => v.IsNull), column.NullCount);
                for (var i = 0; i < judge.Count; i++) Assert.True(judge[i] == column.GetValue(i), $"seed {seed}, {type}, row {i}");
                column.Clear();
            }
        }
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Rows_taken_together_are_those_taken_one_by_one(int seed)
    {
        var random = new RandomValues(seed);
        for (var round = 0; round < 150; round++)
        {
            var type = random.Type();
            var (source, together, single) = (Column.Create(type), Column.Create(type), Column.Create(type));
            var nulls = random.Random.Next(2) == 0;
            for (var i = random.Random.Next(1, 300); i > 0; i--)
                if (random.Value(type) is var value && (nulls || !value.IsNull)) source.Append(value);
            for (var use = random.Random.Next(1, 4); use > 0; use--) // behind what is there already
            {
                var least = random.Random.Next(3) == 0 ? -1 : 0;
                int[] rows = [.. Enumerable.Range(0, source.Count == 0 ? 0 : random.Random.Next(200)).Select(_ => random.Random.Next(least, source.Count))];
                together.AppendRows(source, rows);
                foreach (var row in rows) single.AppendFrom(source, row);
            }
            Assert.Equal(single.Count, together.Count);
            Assert.Equal(single.NullCount, together.NullCount);
            for (var i = 0; i < single.Count; i++) Assert.True(single.GetValue(i) == together.GetValue(i), $"seed {seed}, round {round}, {type}, row {i}");
        }
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Ranges_keep_their_nulls_wherever_they_begin(int seed)
    {
        var random = new Random(seed);
        var column = new FixedColumn<long>(FeatureType.Int64);
        List<long?> judge = [];
        for (var part = 0; part < 40; part++)
        {
            var values = Enumerable.Range(0, random.Next(130)).Select(i => (long)i).ToArray();
            var validity = random.Next(2) == 0 ? [] : new ulong[(values.Length + 63) >> 6];
            for (var i = 0; i < validity.Length; i++) validity[i] = (ulong)random.NextInt64() | (random.Next(2) == 0 ? 1UL << 63 : 0);
            column.AppendRange(values, validity);
            for (var i = 0; i < values.Length; i++) judge.Add(validity.Length == 0 || (validity[i >> 6] >> (i & 63) & 1) != 0 ? values[i] : null);
        }
        Assert.Equal(judge, Enumerable.Range(0, column.Count).Select(i => column.IsNull(i) ? (long?)null : column.Values[i]));
        for (var i = 0; i < column.Validity.Length * 64 && i < column.Count; i++)
            Assert.Equal(judge[i] is not null, (column.Validity[i >> 6] >> (i & 63) & 1) != 0);
    }
}
