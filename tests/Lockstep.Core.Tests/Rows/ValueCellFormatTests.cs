using System.Buffers;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Rows;

/// <summary>Pins the bytes of cells and updates: stores keep them, and other versions read them back.</summary>
public sealed class ValueCellFormatTests
{
    [Fact]
    public void Golden_bytes_of_a_cell_with_rows_and_places()
    {
        var writer = new ValueCellWriter();
        writer.Begin(7);
        writer.AddPlace(new(1, 2));
        writer.AddPlace(new(0x01020304, -1));
        writer.AddRow(1_000, 500, [0xAA, 0xBB]);
        writer.AddRow(-2, null, [0xCC]);
        Assert.Equal(
            "01" + "02" + "0700000000000000" // version, flags, run
            + "0200" + "01000000" + "0200000000000000" + "04030201" + "FFFFFFFFFFFFFFFF" // places
            + "02000000" // rows
            + "01" + "E803000000000000" + "F401000000000000" + "02000000"
            + "00" + "FEFFFFFFFFFFFFFF" + "0000000000000000" + "03000000"
            + "AABBCC",
            Hex(writer.Write));
    }

    [Fact]
    public void Golden_bytes_of_a_removed_mark()
    {
        var writer = new ValueCellWriter();
        writer.Begin(258);
        writer.MarkRemoved(9);
        Assert.Equal("01" + "01" + "0201000000000000" + "0900000000000000" + "00000000", Hex(writer.Write));
    }

    [Theory]
    [InlineData(ValueUpdateKind.Add, "01")]
    [InlineData(ValueUpdateKind.Push, "02")]
    [InlineData(ValueUpdateKind.Replace, "03")]
    public void Golden_bytes_of_an_update(ValueUpdateKind kind, string number)
    {
        var writer = new ValueCellWriter();
        writer.Begin(1);
        Assert.Equal(number + "05000000" + "01" + "00" + "0100000000000000" + "00000000", Hex(to => ValueCellUpdate.Write(to, kind, 5, writer)));
    }

    [Fact]
    public void What_was_written_is_read_back()
    {
        var writer = new ValueCellWriter();
        writer.Begin(3);
        writer.AddPlace(new(4, 40));
        writer.AddRow(20, 21, [1]);
        writer.AddRow(10, null, [2, 3]);
        var bytes = Bytes(writer.Write);
        var cell = new ValueCellReader(bytes);
        Assert.Equal((3L, false, 2, 1), (cell.Run, cell.IsRemoved, cell.Count, cell.PlaceCount));
        Assert.Equal((40L, -1L), (cell.PlaceOf(4), cell.PlaceOf(5)));
        Assert.Equal((20L, (long?)21L, 10L, (long?)null), (cell.EventTimestamp(0), cell.Created(0), cell.EventTimestamp(1), cell.Created(1)));
        Assert.Equal([1], cell.Row(0).ToArray());
        Assert.Equal([2, 3], cell.Row(1).ToArray());
    }

    [Fact]
    public void S5_the_newest_row_at_an_instant_includes_the_instant_itself()
    {
        var writer = new ValueCellWriter();
        for (var rows = 0; rows <= 12; rows++)
        {
            writer.Begin(1);
            for (var i = rows; i >= 1; i--) writer.AddRow(i * 10, null, [(byte)i]);
            var cell = new ValueCellReader(Bytes(writer.Write));
            for (var at = 0; at <= 130; at++)
            {
                var expected = Math.Min(at / 10, rows);
                var found = cell.TryNewest(at, out var time, out var row);
                Assert.Equal(expected > 0, found);
                if (found) Assert.Equal((expected * 10L, (byte)expected), (time, row[0]));
            }
        }
    }

    [Fact]
    public void No_bytes_are_a_key_that_was_never_written()
    {
        var cell = new ValueCellReader([]);
        Assert.Equal((0L, 0, 0, false), (cell.Run, cell.Count, cell.PlaceCount, cell.IsRemoved));
        Assert.False(cell.TryNewest(long.MaxValue, out _, out _));
    }

    [Fact]
    public void A_cell_of_another_format_is_refused_by_its_number()
    {
        var error = Assert.Throws<RowFormatException>(() => new ValueCellReader([2, 0, 0, 0]).Count);
        Assert.Equal("Cell format 2; this program reads 1.", error.Message);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Damaged_bytes_are_refused_or_read_inside_the_span(int seed)
    {
        var random = new Random(seed);
        var writer = new ValueCellWriter();
        var (refused, read) = (0, 0);
        for (var round = 0; round < 20_000; round++)
        {
            writer.Begin(random.Next(3));
            for (var i = 0u; i < random.Next(3); i++) writer.AddPlace(new(i * 2, i));
            var rows = random.Next(4);
            if (rows == 0 && random.Next(2) == 0) writer.MarkRemoved(1);
            for (var i = 0; i < rows; i++) writer.AddRow(-i, null, new byte[random.Next(4)]);
            var bytes = Bytes(writer.Write);
            var changes = random.Next(1, 4);
            for (var i = 0; i < changes; i++) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (random.Next(3) == 0) bytes = bytes[..random.Next(bytes.Length + 1)];
            try
            {
                var cell = new ValueCellReader(bytes);
                for (var i = 0; i < cell.Count; i++) _ = cell.Row(i).Length + cell.EventTimestamp(i) + (cell.Created(i) ?? 0);
                for (var i = 0; i < cell.PlaceCount; i++) _ = cell.Place(i);
                cell.TryNewest(random.Next(-5, 5), out _, out _);
                read++;
            }
            catch (RowFormatException)
            {
                refused++;
            }
        }
        Assert.True(refused > 5_000 && read > 1_000, $"seed {seed}: {refused} refused, {read} read");
    }

    static byte[] Bytes(Action<IBufferWriter<byte>> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        write(buffer);
        return buffer.WrittenSpan.ToArray();
    }

    static string Hex(Action<IBufferWriter<byte>> write) => Convert.ToHexString(Bytes(write));
}
