using System.Buffers.Binary;

namespace Lockstep.DuckDb.Engine.Scan;

/// <summary>
/// The one thing in a Parquet footer that DuckDB's reading needs changed: whether an instant in nanoseconds is marked as UTC. The mark is a
/// boolean of Thrift's compact protocol, half a byte, so that nothing moves when it is turned.
/// </summary>
internal static class ParquetFooter
{
    const byte True = 1, False = 2, ByteField = 3, Double = 7, Binary = 8, List = 9, Set = 10, Map = 11, Struct = 12;

    /// <summary>Turns the mark of all nanosecond columns; returns how many there were. The footer is without its length and magic.</summary>
    public static int MarkNanos(Span<byte> footer, bool utc)
    {
        var marks = new List<int>();
        var reader = new Reader(footer);
        for (short id = 0; reader.Field(ref id, out var type);)
        {
            if (id != 2 || type != List) { reader.Skip(type); continue; }
            var (count, _) = reader.ListHeader(); // the schema, its elements in depth-first order
            for (var i = 0; i < count; i++) Element(ref reader, marks);
            break;
        }
        foreach (var at in marks) footer[at] = (byte)(footer[at] & 0xF0 | (utc ? True : False));
        return marks.Count;
    }

    /// <summary>Copies a file with its mark turned.</summary>
    public static void CopyMarked(string from, string to, bool utc)
    {
        File.Copy(from, to);
        using var file = new FileStream(to, FileMode.Open, FileAccess.ReadWrite);
        Span<byte> tail = stackalloc byte[8];
        file.Seek(-8, SeekOrigin.End);
        file.ReadExactly(tail);
        var length = BinaryPrimitives.ReadInt32LittleEndian(tail);
        if (length < 0 || length > file.Length - 12) throw new InvalidDataException("The footer is longer than the file.");
        var footer = new byte[length];
        file.Seek(-8 - length, SeekOrigin.End);
        file.ReadExactly(footer);
        MarkNanos(footer, utc);
        file.Seek(-8 - length, SeekOrigin.End);
        file.Write(footer);
    }

    // SchemaElement { 10: LogicalType { 8: TimestampType { 1: isAdjustedToUTC, 2: TimeUnit { 3: NANOS } } } }
    static void Element(ref Reader reader, List<int> marks)
    {
        for (short id = 0; reader.Field(ref id, out var type);)
        {
            if (id != 10 || type != Struct) { reader.Skip(type); continue; }
            for (short logical = 0; reader.Field(ref logical, out var kind);)
            {
                if (logical != 8 || kind != Struct) { reader.Skip(kind); continue; }
                var (mark, nanos) = (-1, false);
                for (short part = 0; reader.Field(ref part, out var what);)
                {
                    if (part == 1) mark = reader.At - 1;
                    if (part != 2 || what != Struct) { reader.Skip(what); continue; }
                    for (short unit = 0; reader.Field(ref unit, out var of); reader.Skip(of)) nanos |= unit == 3;
                }
                if (nanos && mark >= 0) marks.Add(mark);
            }
        }
    }

    ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        readonly ReadOnlySpan<byte> _bytes = bytes;

        public int At { get; private set; }

        byte Byte() => At < _bytes.Length ? _bytes[At++] : throw new InvalidDataException("The footer ends within a field.");

        ulong Varint()
        {
            ulong value = 0;
            for (var shift = 0; shift < 64; shift += 7)
            {
                var b = Byte();
                value |= (ulong)(b & 0x7F) << shift;
                if (b < 0x80) return value;
            }
            throw new InvalidDataException("A number in the footer has no end.");
        }

        void Advance(ulong count)
        {
            if (count > (ulong)(_bytes.Length - At)) throw new InvalidDataException("The footer ends within a field.");
            At += (int)count;
        }

        /// <summary>False at the end of the struct.</summary>
        public bool Field(ref short id, out byte type)
        {
            var header = Byte();
            type = (byte)(header & 0x0F);
            if (header == 0) return false;
            if (header >> 4 is > 0 and var delta) id += (short)delta;
            else
            {
                // A long id stands between header and value: for a boolean the mark is then not the last byte read, and is left alone.
                var raw = Varint();
                id = (short)((long)(raw >> 1) ^ -(long)(raw & 1));
                if (type is True or False && id == 1) throw new InvalidDataException("The footer writes a small field number the long way.");
            }
            return true;
        }

        public (int Count, byte Type) ListHeader()
        {
            var header = Byte();
            var count = header >> 4;
            return (count == 15 ? (int)Math.Min(Varint(), int.MaxValue) : count, (byte)(header & 0x0F));
        }

        public void Skip(byte type)
        {
            switch (type)
            {
                case True or False: break;
                case ByteField: Advance(1); break;
                case 4 or 5 or 6: Varint(); break;
                case Double: Advance(8); break;
                case Binary: Advance(Varint()); break;
                case List or Set:
                    var (count, element) = ListHeader();
                    for (var i = 0; i < count; i++) Element(element);
                    break;
                case Map:
                    var pairs = Varint();
                    if (pairs == 0) break;
                    var kinds = Byte();
                    for (ulong i = 0; i < pairs; i++)
                    {
                        Element((byte)(kinds >> 4));
                        Element((byte)(kinds & 0x0F));
                    }
                    break;
                case Struct:
                    for (short id = 0; Field(ref id, out var inner);) Skip(inner);
                    break;
                default: throw new InvalidDataException($"The footer has a field of type {type}.");
            }
        }

        // Within a collection a boolean is a byte of its own.
        void Element(byte type)
        {
            if (type is True or False) Advance(1);
            else Skip(type);
        }
    }
}
