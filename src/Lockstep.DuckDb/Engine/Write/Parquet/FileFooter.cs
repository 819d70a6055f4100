using System.Buffers.Binary;
using Lockstep.Core.Rows;

namespace Lockstep.DuckDb.Engine.Write.Parquet;

/// <summary>Parquet's FileMetaData, the last part of a file, where readers begin.</summary>
internal static class FileFooter
{
    const int Plain = 0, PlainDictionary = 2, Rle = 3, Uncompressed = 0, Snappy = 1;

    public static ReadOnlySpan<byte> Magic => "PAR1"u8;

    /// <summary>The footer with its length and the magic behind it.</summary>
    public static byte[] Of(Schema schema, IReadOnlyList<RowGroup> groups)
    {
        var to = new ThriftWriter();
        to.Int(1, 1);
        to.Structs(2, [null, .. schema.Fields], f => Element(to, f, schema.Count));
        to.Long(3, groups.Sum(g => (long)g.Rows));
        to.Structs(4, groups, g => Group(to, schema, g));
        to.Text(6, $"Lockstep version {typeof(FileFooter).Assembly.GetName().Version!.ToString(3)}");
        to.Structs(7, schema.Fields, _ => to.Empty(1)); // statistics are in the order of the type
        to.Stop();
        var footer = new byte[to.Written.Length + 4 + Magic.Length];
        to.Written.CopyTo(footer);
        BinaryPrimitives.WriteInt32LittleEndian(footer.AsSpan(to.Written.Length), to.Written.Length);
        Magic.CopyTo(footer.AsSpan(to.Written.Length + 4));
        return footer;
    }

    static void Element(ThriftWriter to, Field? field, int columns)
    {
        if (field is not null)
        {
            ParquetType.Describe(to, field);
            return;
        }
        to.Int(3, 0);
        to.Text(4, "schema");
        to.Int(5, columns);
    }

    static void Group(ThriftWriter to, Schema schema, RowGroup group)
    {
        to.Structs(1, [.. schema.Fields.Zip(group.Chunks)], c => Chunk(to, c.First, c.Second));
        to.Long(2, group.Chunks.Sum(c => (long)c.PlainLength));
        to.Long(3, group.Rows);
    }

    static void Chunk(ThriftWriter to, Field field, ColumnChunk chunk)
    {
        to.Long(2, chunk.Offset);
        to.Begin(3);
        to.Int(1, ParquetType.Of(field.Type).Physical);
        if (chunk.DictionaryLength > 0) to.Ints(2, PlainDictionary, Rle);
        else to.Ints(2, Plain, Rle);
        to.Texts(3, field.Name);
        to.Int(4, chunk.Compressed ? Snappy : Uncompressed);
        to.Long(5, chunk.Rows);
        to.Long(6, chunk.PlainLength);
        to.Long(7, chunk.Length);
        to.Long(9, chunk.Offset + chunk.DictionaryLength);
        if (chunk.DictionaryLength > 0) to.Long(11, chunk.Offset);
        to.Begin(12);
        to.Long(3, chunk.Nulls);
        if (chunk.Greatest is { } greatest) to.Bytes(5, greatest);
        if (chunk.Least is { } least) to.Bytes(6, least);
        to.End();
        to.End();
    }
}
