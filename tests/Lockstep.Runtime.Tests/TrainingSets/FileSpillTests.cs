using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Tests.TrainingSets;

public sealed class FileSpillTests : IDisposable
{
    readonly string _folder = Path.Combine(Path.GetTempPath(), $"lockstep-test-{Guid.NewGuid():N}");

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, true);
    }

    static readonly Schema s_schema = new([
        new("a", FeatureType.Bool), new("b", FeatureType.Int32), new("c", FeatureType.Int64), new("d", FeatureType.Float32), new("e", FeatureType.Float64), new("f", FeatureType.Decimal(38, 3)),
        new("g", FeatureType.String), new("h", FeatureType.Bytes), new("i", FeatureType.List(FeatureType.List(FeatureType.String))), new("j", FeatureType.List(FeatureType.Float32))]);

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void What_was_put_away_comes_back_the_same(int seed)
    {
        var random = new Random(seed);
        List<Value[]>[] rows = [[], [], []];
        using (var spill = new FileSpill(_folder))
        {
            for (var batch = 0; batch < 20; batch++)
            {
                var (partition, written) = (random.Next(3), new ColumnBatch(s_schema));
                for (var i = random.Next(150); i > 0; i--)
                {
                    Value[] row = [.. s_schema.Fields.Select(f => Draw(random, f.Type))];
                    written.AppendRow(row);
                    rows[partition].Add(row);
                }
                spill.Write(partition, written);
            }
            Assert.Single(Directory.EnumerateFiles(_folder));
            for (var partition = 0; partition < 3; partition++)
            {
                List<Value[]> found = [];
                using var reader = spill.Read(partition, s_schema);
                for (var batch = new ColumnBatch(s_schema); reader.Read(batch, CancellationToken.None);)
                    for (var row = 0; row < batch.Count; row++) found.Add(batch.GetRow(row));
                Assert.Equal(rows[partition], found);
            }
        }
        Assert.Empty(Directory.EnumerateFiles(_folder));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_named()
    {
        Directory.CreateDirectory(_folder);
        var file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        using var spill = new FileSpill(Path.Combine(file, "below"));
        var batch = new ColumnBatch(new([new("a", FeatureType.Int64)]));
        batch.AppendRow(Value.Of(1L));

        var refused = Assert.Throws<LockstepException>(() => spill.Write(0, batch));

        Assert.Contains(Path.Combine(file, "below"), refused.Message, StringComparison.Ordinal);
    }

    static Value Draw(Random random, FeatureType type) => random.Next(4) == 0 ? Value.Null : type.Kind switch
    {
        TypeKind.Bool => Value.Of(random.Next(2) == 0),
        TypeKind.Int32 => Value.Of(random.Next()),
        TypeKind.Int64 => Value.Of(random.NextInt64()),
        TypeKind.Float32 => Value.Of(random.NextSingle()),
        TypeKind.Float64 => Value.Of(random.NextDouble()),
        TypeKind.Decimal => Value.Decimal(random.NextInt64(), 3),
        TypeKind.String => Value.Of(new string('é', random.Next(4))),
        TypeKind.Bytes => Value.Of(new byte[random.Next(4)]),
        _ => Value.List([.. Enumerable.Range(0, random.Next(3)).Select(_ => Draw(random, type.Element!))]),
    };
}
