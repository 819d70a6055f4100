using System.Buffers;
using System.Text;

namespace Lockstep.DuckDb.Engine.Write.Parquet;

/// <summary>Thrift's compact protocol, as far as Parquet's footers and page headers need it. Fields of a struct come in ascending order.</summary>
internal sealed class ThriftWriter
{
    const byte True = 1, False = 2, I32 = 5, I64 = 6, Binary = 8, List = 9, Struct = 12;

    readonly ArrayBufferWriter<byte> _bytes = new();
    readonly Stack<short> _outer = new();
    short _last;

    public ReadOnlySpan<byte> Written => _bytes.WrittenSpan;

    public void Bool(short id, bool value) => Field(id, value ? True : False);

    public void Int(short id, int value)
    {
        Field(id, I32);
        ZigZag(value);
    }

    public void Long(short id, long value)
    {
        Field(id, I64);
        ZigZag(value);
    }

    public void Text(short id, string value) => Bytes(id, Encoding.UTF8.GetBytes(value));

    public void Bytes(short id, ReadOnlySpan<byte> value)
    {
        Field(id, Binary);
        Blob(value);
    }

    public void Begin(short id)
    {
        Field(id, Struct);
        Push();
    }

    public void End()
    {
        Byte(0);
        _last = _outer.Pop();
    }

    /// <summary>An empty struct: how a union names a case without fields.</summary>
    public void Empty(short id)
    {
        Begin(id);
        End();
    }

    public void Structs<T>(short id, IReadOnlyCollection<T> items, Action<T> write)
    {
        Header(id, items.Count, Struct);
        foreach (var item in items)
        {
            Push();
            write(item);
            End();
        }
    }

    public void Ints(short id, params ReadOnlySpan<int> values)
    {
        Header(id, values.Length, I32);
        foreach (var value in values) ZigZag(value);
    }

    public void Texts(short id, params ReadOnlySpan<string> values)
    {
        Header(id, values.Length, Binary);
        foreach (var value in values) Blob(Encoding.UTF8.GetBytes(value));
    }

    /// <summary>The outermost struct ends.</summary>
    public void Stop() => Byte(0);

    void Push()
    {
        _outer.Push(_last);
        _last = 0;
    }

    void Header(short id, int count, byte type)
    {
        Field(id, List);
        if (count < 15)
        {
            Byte((byte)(count << 4 | type));
            return;
        }
        Byte((byte)(0xF0 | type));
        Varint((ulong)count);
    }

    void Field(short id, byte type)
    {
        Byte((byte)(id - _last << 4 | type)); // ids of Parquet's structs are never 16 apart
        _last = id;
    }

    void Blob(ReadOnlySpan<byte> value)
    {
        Varint((ulong)value.Length);
        _bytes.Write(value);
    }

    void ZigZag(long value) => Varint((ulong)(value << 1 ^ value >> 63));

    void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) Byte((byte)(value | 0x80));
        Byte((byte)value);
    }

    void Byte(byte value)
    {
        _bytes.GetSpan(1)[0] = value;
        _bytes.Advance(1);
    }
}
