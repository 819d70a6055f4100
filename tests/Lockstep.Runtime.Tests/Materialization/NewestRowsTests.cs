using System.Text;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Materialization;

namespace Lockstep.Runtime.Tests.Materialization;

/// <summary>Rows in any order, reduced in memory and over spilled runs, against sorting them all.</summary>
public sealed class NewestRowsTests
{
    const long Now = 1_000 * Instant.Second;
    const long Cut = Now - ValueCell.Grace;
    static readonly RowLayout Layout = new(new Schema([new("n", FeatureType.Int64), new("s", FeatureType.String)]));

    [Theory]
    [InlineData(1, 40, 3_000, long.MaxValue)]
    [InlineData(2, 20_000, 60_000, long.MaxValue)]
    [InlineData(3, 20_000, 60_000, 2_000_000)]
    [InlineData(4, 200, 5_000, 0)]
    [InlineData(5, 1, 200, 0)]
    public void S6_agrees_with_sorting_all_rows(int seed, int keys, int rows, long budget)
    {
        var random = new Random(seed);
        var all = Enumerable.Range(0, rows).Select(_ => (
            Key: $"key {random.Next(keys)}",
            Time: random.Next(4) switch { 0 => Cut + random.Next(-1, 2), 1 => Now + random.Next(3) * Instant.Second, _ => Cut - random.Next(20) * Instant.Second },
            Created: random.Next(3) == 0 ? (long?)null : random.Next(3),
            Values: new[] { random.Next(4) == 0 ? Value.Null : Value.Of((long)random.Next(3)), random.Next(4) == 0 ? Value.Null : Value.Of(new string((char)('a' + random.Next(3)), random.Next(random.Next(50) == 0 ? 3_000 : 20))) })).ToList();
        using var collected = new Collected(Layout, Now, new(Layout, Cut), new(Path.GetTempPath()), c => c.Begin(1));
        var packer = new RowWriter(Layout);
        var batch = new ColumnBatch(Layout.Schema);
        var done = 0;
        foreach (var row in all)
        {
            batch.Clear();
            batch.AppendRow(row.Values);
            collected.Offer(Encoding.UTF8.GetBytes(row.Key), row.Time, row.Created, packer, [.. batch.Columns], 0);
            if (++done % 100 == 0) collected.SpillIfLarge(budget, CancellationToken.None);
        }
        Assert.Equal(budget == long.MaxValue, collected.Keys >= 0);

        var expected = all.GroupBy(r => r.Key).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => (g.Key, Cell: Cell(g))).ToList();
        var cells = collected.Open();
        var at = 0;
        for (; cells.MoveNext(); at++)
        {
            Assert.Equal(expected[at].Key, Encoding.UTF8.GetString(cells.Key));
            Assert.True(expected[at].Cell.AsSpan().SequenceEqual(cells.Cell), $"seed {seed}, {expected[at].Key}");
        }
        Assert.Equal(expected.Count, at);

        byte[] Cell(IEnumerable<(string Key, long Time, long? Created, Value[] Values)> of)
        {
            var writer = new ValueCellWriter();
            writer.Begin(1);
            foreach (var instant in of.GroupBy(r => r.Time).OrderByDescending(g => g.Key))
            {
                var best = instant.OrderBy(r => r.Created ?? -1).ThenBy(r => r.Values[0], ByValue).ThenBy(r => r.Values[1], ByValue).Last();
                writer.AddRow(best.Time, best.Created, packer.Write(best.Values));
                if (best.Time <= Cut) break;
            }
            var bytes = new System.Buffers.ArrayBufferWriter<byte>();
            writer.Write(bytes);
            return bytes.WrittenSpan.ToArray();
        }
    }

    static readonly Comparer<Value> ByValue = Comparer<Value>.Create(Value.CompareForNewest);

    [Fact]
    public void Nothing_is_left_of_spilled_runs()
    {
        var folder = Directory.CreateTempSubdirectory("lockstep-spill-").FullName;
        using (var collected = new Collected(Layout, Now, new(Layout, Cut), new(folder), c => c.Begin(1)))
        {
            var batch = new ColumnBatch(Layout.Schema);
            batch.AppendRow(Value.Of(1L), Value.Null);
            for (var i = 0; i < 3; i++)
            {
                collected.Offer([(byte)i], i, null, new(Layout), [.. batch.Columns], 0);
                collected.SpillIfLarge(0, CancellationToken.None);
            }
            Assert.Equal(-1, collected.Keys);
        }
        Assert.Empty(Directory.GetFiles(folder));
        Directory.Delete(folder);
    }
}
