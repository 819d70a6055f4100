using System.Buffers;
using System.Buffers.Binary;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Compliance.OnlineStore;

public abstract partial class OnlineStoreCompliance
{
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public async Task S21_cells_whose_body_is_kept_apart_are_whole_to_everybody(int seed)
    {
        var random = new Random(seed);
        IOnlineStore[] stores = [await OpenAsync(), await OpenAsync()];
        Dictionary<int, (int Sum, byte[] Body)> truth = [];
        ICellMerge merge = new PartedCells();
        for (var step = 0; step < 300; step++)
        {
            var store = stores[random.Next(2)];
            List<(byte[], byte[])> entries = [];
            foreach (var key in Enumerable.Range(0, 6).Where(_ => random.Next(3) == 0))
            {
                var (sum, body) = truth.GetValueOrDefault(key, (0, []));
                switch (random.Next(8))
                {
                    case 0:
                        body = new byte[random.Next(3) switch { 0 => 0, 1 => random.Next(1, 40), _ => random.Next(5_000, 60_000) }];
                        random.NextBytes(body);
                        entries.Add((Number(key), [PartedCells.SetBody, .. body]));
                        truth[key] = (sum + 1, body);
                        break;
                    case 1:
                        entries.Add((Number(key), [PartedCells.Remove]));
                        truth.Remove(key);
                        break;
                    case 2:
                        entries.Add((Number(key), [PartedCells.Leave]));
                        break;
                    default:
                        var more = random.Next(1, 100);
                        entries.Add((Number(key), [PartedCells.Add, (byte)more]));
                        truth[key] = (sum + more, body);
                        break;
                }
            }
            await WriteAsync(store, merge, Fence.None, [.. entries]);
            var reader = stores[random.Next(2)];
            for (var key = 0; key < 6; key++) Assert.Equal(Cell(key), await ReadAsync(reader, Number(key)));
            if (step % 20 != 0) continue;
            var scanned = await ScanAsync(reader);
            Assert.Equal(truth.OrderBy(t => Convert.ToHexString(Number(t.Key))).Select(t => Cell(t.Key)), scanned.Select(s => s.Cell));
            var listed = (await reader.ListAsync(None)).SingleOrDefault(t => t.Name == Table);
            Assert.Equal((truth.Count, truth.Keys.Sum(k => 8L + Cell(k).Length)), (listed?.Cells ?? 0, listed?.Bytes ?? 0));
        }
        await stores[0].DropAsync(Table, None);
        await WriteAsync(stores[1], merge, Fence.None, (Number(0), [PartedCells.Add, 7]));
        Assert.Equal(PartedCells.Cell(7, []), await ReadAsync(stores[0], Number(0)));

        byte[] Cell(int key) => truth.TryGetValue(key, out var cell) ? PartedCells.Cell(cell.Sum, cell.Body) : [];
    }

    [Fact]
    public async Task S21_a_reader_sees_both_parts_as_of_one_moment()
    {
        var (store, other) = (await OpenAsync(), await OpenAsync());
        ICellMerge merge = new PartedCells();
        // In every cell that is ever there, the body says what the sum was when it was written: at most 20 less.
        using var done = new CancellationTokenSource();
        var writer = Task.Run(async () =>
        {
            for (var (round, sum) = (0, 0); round < 60; round++)
            {
                var body = new byte[6_000];
                BinaryPrimitives.WriteInt32LittleEndian(body, ++sum);
                await WriteAsync(store, merge, Fence.None, (Number(1), [PartedCells.SetBody, .. body]));
                for (var i = 0; i < 20; i++, sum++) await WriteAsync(store, merge, Fence.None, (Number(1), [PartedCells.Add, 1]));
            }
            await done.CancelAsync();
        });
        while (!done.IsCancellationRequested)
        {
            var cell = await ReadAsync(other, Number(1));
            if (cell.Length == 0) continue;
            var (sum, then) = (BinaryPrimitives.ReadInt32LittleEndian(cell.AsSpan(4)), BinaryPrimitives.ReadInt32LittleEndian(cell.AsSpan(8)));
            Assert.InRange(sum - then, 0, 20);
        }
        await writer;
    }

    /// <summary>Cells of a length, a sum and a body. Adding needs the front alone.</summary>
    sealed class PartedCells : IPartedMerge
    {
        public const byte Add = 0, SetBody = 1, Remove = 2, Leave = 3;

        public static byte[] Cell(int sum, ReadOnlySpan<byte> body)
        {
            var cell = new byte[8 + body.Length];
            BinaryPrimitives.WriteInt32LittleEndian(cell, body.Length);
            BinaryPrimitives.WriteInt32LittleEndian(cell.AsSpan(4), sum);
            body.CopyTo(cell.AsSpan(8));
            return cell;
        }

        public int BodyOf(ReadOnlySpan<byte> cell) => BinaryPrimitives.ReadInt32LittleEndian(cell);

        public bool Merge(ReadOnlySpan<byte> cell, ReadOnlySpan<byte> update, IBufferWriter<byte> merged)
        {
            if (cell.Length > 0) Assert.Equal(8 + BodyOf(cell), cell.Length);
            var sum = cell.Length == 0 ? 0 : BinaryPrimitives.ReadInt32LittleEndian(cell[4..]);
            if (update[0] == Leave) return false;
            if (update[0] == Remove) return true;
            merged.Write(update[0] == Add ? Cell(sum + update[1], cell.Length == 0 ? [] : cell[8..]) : Cell(sum + 1, update[1..]));
            return true;
        }

        public bool TryMergeFront(ReadOnlySpan<byte> front, ReadOnlySpan<byte> update, IBufferWriter<byte> merged, out bool changed)
        {
            Assert.Equal(8, front.Length);
            changed = update[0] == Add;
            if (update[0] is not (Add or Leave) || update[0] == Add && update[1] % 10 == 0) return false;
            if (changed) merged.Write([.. front[..4], .. Cell(BinaryPrimitives.ReadInt32LittleEndian(front[4..]) + update[1], [])[4..]]);
            return true;
        }
    }
}
