using System.Buffers;

namespace Lockstep.DuckDb.Engine.Write.Parquet;

/// <summary>A column of a row group as it goes into the file: perhaps a page with its dictionary, then one with its values.</summary>
internal sealed class ColumnChunk
{
    readonly byte[] _bytes;

    public ColumnChunk(ReadOnlySpan<byte> dictionaryHeader, ReadOnlySpan<byte> dictionary, ReadOnlySpan<byte> header, ReadOnlySpan<byte> page)
    {
        DictionaryLength = dictionaryHeader.Length + dictionary.Length;
        Length = DictionaryLength + header.Length + page.Length;
        _bytes = ArrayPool<byte>.Shared.Rent(Length);
        var to = _bytes.AsSpan();
        dictionaryHeader.CopyTo(to);
        dictionary.CopyTo(to[dictionaryHeader.Length..]);
        header.CopyTo(to[DictionaryLength..]);
        page.CopyTo(to[(DictionaryLength + header.Length)..]);
    }

    public int Length { get; }

    /// <summary>Bytes of the page with the dictionary; 0 where there is none.</summary>
    public int DictionaryLength { get; }

    /// <summary>Bytes before compression, with the headers.</summary>
    public required int PlainLength { get; init; }

    public required bool Compressed { get; init; }
    public required int Rows { get; init; }
    public required int Nulls { get; init; }

    /// <summary>The least and the greatest value, as they stand in pages of numbers; null where nothing is said of them.</summary>
    public byte[]? Least { get; init; }

    public byte[]? Greatest { get; init; }

    /// <summary>Where it begins in the file.</summary>
    public long Offset { get; set; }

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, Length);

    /// <summary>Its bytes are in the file: only its description is needed from here on.</summary>
    public void Release() => ArrayPool<byte>.Shared.Return(_bytes);
}
