using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Lockstep.Core.Rows;

namespace Lockstep.DuckDb.Engine.Write.Parquet;

// A column of a row group as Parquet's pages (version 1), one with all its values: which rows have one, then those that are there, either
// as numbers of a dictionary, where few are distinct, or plain. The pages are compressed by Snappy where that makes them smaller.
// Values are looked at by their width, not by their type. One thread at a time; buffers are kept for the next column.
internal sealed class ColumnEncoder
{
    const int Plain = 0, PlainDictionary = 2, Rle = 3, LongText = 128;

    readonly PageBuffer _page = new(), _dictionary = new(), _compressed = new();
    readonly ValueDictionary _values = new();
    readonly Snappy _snappy = new();
    ulong[] _dense = []; // those that are not null
    int[] _numbers = [], _rows = [];
    byte[]? _least, _greatest;

    public ColumnChunk Encode(Column column)
    {
        _page.Clear();
        _dictionary.Clear();
        (_least, _greatest) = (null, null);
        var nulls = column.NullCount;
        var validity = nulls > 0 ? column.Validity : [];
        HybridRuns.WriteValidity(_page, validity, column.Count);
        switch (column)
        {
            case FixedColumn<byte> c: Bools(c.Values, validity); break;
            case FixedColumn<int> c: Range(MemoryMarshal.Cast<uint, int>(Narrow(MemoryMarshal.Cast<int, uint>(c.Values), validity))); break;
            case FixedColumn<float> c: Range(MemoryMarshal.Cast<uint, float>(Narrow(MemoryMarshal.Cast<float, uint>(c.Values), validity))); break;
            case FixedColumn<long> c: Range(MemoryMarshal.Cast<ulong, long>(Wide(MemoryMarshal.Cast<long, ulong>(c.Values), validity))); break;
            case FixedColumn<double> c: Range(MemoryMarshal.Cast<ulong, double>(Wide(MemoryMarshal.Cast<double, ulong>(c.Values), validity))); break;
            case FixedColumn<Int128> c: Decimals(c, validity); break;
            default: Texts((BytesColumn)column, nulls); break;
        }
        return Chunk(column.Count, nulls);
    }

    ColumnChunk Chunk(int rows, int nulls)
    {
        var distinct = _dictionary.Length > 0;
        var (plain, plainDictionary) = (_page.Length, _dictionary.Length);
        _compressed.Clear();
        var squeezedDictionary = distinct ? Squeeze(_dictionary.Written) : 0;
        var squeezed = Squeeze(_page.Written);
        var smaller = squeezedDictionary + squeezed < plainDictionary + plain;
        var dictionary = smaller ? _compressed.Written[..squeezedDictionary] : _dictionary.Written;
        var page = smaller ? _compressed.Written[squeezedDictionary..] : _page.Written;
        var header = new ThriftWriter();
        header.Int(1, 0);
        header.Int(2, plain);
        header.Int(3, page.Length);
        header.Begin(5);
        header.Int(1, rows);
        header.Int(2, distinct ? PlainDictionary : Plain);
        header.Int(3, Rle);
        header.Int(4, Rle);
        header.End();
        header.Stop();
        var dictionaryHeader = new ThriftWriter();
        if (distinct)
        {
            dictionaryHeader.Int(1, 2);
            dictionaryHeader.Int(2, plainDictionary);
            dictionaryHeader.Int(3, dictionary.Length);
            dictionaryHeader.Begin(7);
            dictionaryHeader.Int(1, _values.Count);
            dictionaryHeader.Int(2, PlainDictionary);
            dictionaryHeader.End();
            dictionaryHeader.Stop();
        }
        return new(dictionaryHeader.Written, dictionary, header.Written, page)
        {
            PlainLength = checked(dictionaryHeader.Written.Length + plainDictionary + header.Written.Length + plain),
            Compressed = smaller,
            Rows = rows,
            Nulls = nulls,
            Least = _least,
            Greatest = _greatest,
        };
    }

    int Squeeze(ReadOnlySpan<byte> bytes)
    {
        var start = _compressed.Length;
        var length = _snappy.Compress(bytes, _compressed.Skip(Snappy.MaxLength(bytes.Length)));
        _compressed.Cut(start + length);
        return length;
    }

    ReadOnlySpan<uint> Narrow(ReadOnlySpan<uint> values, ReadOnlySpan<ulong> validity)
    {
        // Widened, so that there is one dictionary; what is plain is narrowed again.
        var wide = Room(ref _dense, values.Length);
        var count = 0;
        for (var i = 0; i < values.Length; i++)
        {
            wide[count] = values[i];
            count += Has(validity, i);
        }
        var narrow = MemoryMarshal.Cast<int, uint>(Room(ref _rows, count).AsSpan(0, count));
        for (var i = 0; i < count; i++) narrow[i] = (uint)wide[i];
        var numbers = Room(ref _numbers, count).AsSpan(0, count);
        if (count > 0 && _values.TryNumber(wide.AsSpan(0, count), numbers))
        {
            foreach (var value in _values.Numbers) BinaryPrimitives.WriteUInt32LittleEndian(_dictionary.Skip(4), (uint)value);
            HybridRuns.WriteNumbers(_page, numbers, _values.Count);
        }
        else _page.Append(MemoryMarshal.AsBytes(narrow));
        return narrow;
    }

    ReadOnlySpan<ulong> Wide(ReadOnlySpan<ulong> values, ReadOnlySpan<ulong> validity)
    {
        if (!validity.IsEmpty)
        {
            var dense = Room(ref _dense, values.Length);
            var count = 0;
            for (var i = 0; i < values.Length; i++)
            {
                dense[count] = values[i];
                count += Has(validity, i);
            }
            values = dense.AsSpan(0, count);
        }
        var numbers = Room(ref _numbers, values.Length).AsSpan(0, values.Length);
        if (values.Length > 0 && _values.TryNumber(values, numbers))
        {
            _dictionary.Append(MemoryMarshal.AsBytes(_values.Numbers));
            HybridRuns.WriteNumbers(_page, numbers, _values.Count);
        }
        else _page.Append(MemoryMarshal.AsBytes(values));
        return values;
    }

    void Bools(ReadOnlySpan<byte> values, ReadOnlySpan<ulong> validity)
    {
        var (bits, count, some, all) = (0, 0, false, true);
        for (var i = 0; i < values.Length; i++)
        {
            if (Has(validity, i) == 0) continue;
            some |= values[i] != 0;
            all &= values[i] != 0;
            bits |= values[i] << (count & 7);
            if ((++count & 7) != 0) continue;
            _page.Byte((byte)bits);
            bits = 0;
        }
        if ((count & 7) != 0) _page.Byte((byte)bits);
        if (count > 0) (_least, _greatest) = ([all ? (byte)1 : (byte)0], [some ? (byte)1 : (byte)0]);
    }

    // As numbers of four or eight bytes where their digits fit, else as sixteen bytes, high ones first.
    void Decimals(FixedColumn<Int128> column, ReadOnlySpan<ulong> validity)
    {
        var values = column.Values;
        switch (ParquetType.Of(column.Type).Physical)
        {
            case ParquetType.Int32:
                var small = new int[values.Length];
                for (var i = 0; i < small.Length; i++) small[i] = (int)values[i];
                Range(MemoryMarshal.Cast<uint, int>(Narrow(MemoryMarshal.Cast<int, uint>(small), validity)));
                break;
            case ParquetType.Int64:
                var middle = new long[values.Length];
                for (var i = 0; i < middle.Length; i++) middle[i] = (long)values[i];
                Range(MemoryMarshal.Cast<ulong, long>(Wide(MemoryMarshal.Cast<long, ulong>(middle), validity)));
                break;
            default:
                Int128? least = null, greatest = null;
                for (var i = 0; i < values.Length; i++)
                {
                    if (Has(validity, i) == 0) continue;
                    BinaryPrimitives.WriteInt128BigEndian(_page.Skip(16), values[i]);
                    if (least is null || values[i] < least) least = values[i];
                    if (greatest is null || values[i] > greatest) greatest = values[i];
                }
                if (least is null) break;
                (_least, _greatest) = (new byte[16], new byte[16]);
                BinaryPrimitives.WriteInt128BigEndian(_least, least.Value);
                BinaryPrimitives.WriteInt128BigEndian(_greatest, greatest!.Value);
                break;
        }
    }

    void Texts(BytesColumn column, int nulls)
    {
        var rows = Room(ref _rows, column.Count);
        var count = 0;
        for (var row = 0; row < column.Count; row++)
            if (nulls == 0 || !column.IsNull(row)) rows[count++] = row;
        if (count == 0) return;
        ReadOnlySpan<int> some = rows.AsSpan(0, count);
        var numbers = Room(ref _numbers, count).AsSpan(0, count);
        var to = _page;
        var distinct = _values.TryNumber(column, some, numbers);
        if (distinct)
        {
            HybridRuns.WriteNumbers(_page, numbers, _values.Count);
            some = _values.Rows;
            to = _dictionary;
        }
        var (least, greatest) = (some[0], some[0]);
        foreach (var row in some)
        {
            var text = column[row];
            BinaryPrimitives.WriteInt32LittleEndian(to.Skip(4), text.Length);
            to.Append(text);
            if (text.SequenceCompareTo(column[least]) < 0) least = row;
            else if (text.SequenceCompareTo(column[greatest]) > 0) greatest = row;
        }
        if (column[least].Length <= LongText && column[greatest].Length <= LongText) (_least, _greatest) = (column[least].ToArray(), column[greatest].ToArray());
    }

    void Range(ReadOnlySpan<int> values)
    {
        if (values.IsEmpty) return;
        var (least, greatest) = (values[0], values[0]);
        foreach (var value in values) (least, greatest) = (Math.Min(least, value), Math.Max(greatest, value));
        (_least, _greatest) = (BitConverter.GetBytes(least), BitConverter.GetBytes(greatest));
    }

    void Range(ReadOnlySpan<long> values)
    {
        if (values.IsEmpty) return;
        var (least, greatest) = (values[0], values[0]);
        foreach (var value in values) (least, greatest) = (Math.Min(least, value), Math.Max(greatest, value));
        (_least, _greatest) = (BitConverter.GetBytes(least), BitConverter.GetBytes(greatest));
    }

    // There is no NaN and no -0 in a column (S3).
    void Range(ReadOnlySpan<float> values)
    {
        if (values.IsEmpty) return;
        var (least, greatest) = (values[0], values[0]);
        foreach (var value in values) (least, greatest) = (value < least ? value : least, value > greatest ? value : greatest);
        (_least, _greatest) = (BitConverter.GetBytes(least), BitConverter.GetBytes(greatest));
    }

    void Range(ReadOnlySpan<double> values)
    {
        if (values.IsEmpty) return;
        var (least, greatest) = (values[0], values[0]);
        foreach (var value in values) (least, greatest) = (value < least ? value : least, value > greatest ? value : greatest);
        (_least, _greatest) = (BitConverter.GetBytes(least), BitConverter.GetBytes(greatest));
    }

    static int Has(ReadOnlySpan<ulong> validity, int row) => validity.IsEmpty ? 1 : (int)(validity[row >> 6] >> (row & 63) & 1);

    static T[] Room<T>(ref T[] buffer, int count)
    {
        if (buffer.Length < count) buffer = new T[Math.Max(count, 2 * buffer.Length)];
        return buffer;
    }
}
