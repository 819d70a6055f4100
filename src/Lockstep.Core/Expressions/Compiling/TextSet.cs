using System.Buffers.Binary;
using System.Numerics;

namespace Lockstep.Core.Expressions.Compiling;

/// <summary>
/// Constant texts to look among, by open addressing. The hash is of the length and the first and last four bytes, which is all there is of most
/// codes and names, and costs two loads.
/// </summary>
sealed class TextSet
{
    readonly record struct Entry(ulong Ends, byte[]? Text);

    readonly Entry[] _entries;

    public TextSet(IEnumerable<string> texts)
    {
        List<byte[]> all = [.. texts.Distinct(StringComparer.Ordinal).Select(System.Text.Encoding.UTF8.GetBytes)];
        _entries = new Entry[BitOperations.RoundUpToPowerOf2((uint)all.Count * 4)];
        foreach (var text in all)
        {
            var ends = Ends(text);
            var at = Place(ends, text.Length);
            while (_entries[at].Text is not null) at = at + 1 & _entries.Length - 1;
            _entries[at] = new(ends, text);
        }
    }

    public bool Contains(Utf8Text value)
    {
        var text = value.Span;
        var ends = Ends(text);
        for (var at = Place(ends, text.Length); _entries[at].Text is { } candidate; at = at + 1 & _entries.Length - 1)
            if (_entries[at].Ends == ends && candidate.Length == text.Length && (text.Length <= 8 || text.SequenceEqual(candidate))) return true;
        return false;
    }

    // Of up to eight bytes all of them, each at its place; together with the length they are the text.
    static ulong Ends(ReadOnlySpan<byte> text)
    {
        if (text.Length >= 4) return BinaryPrimitives.ReadUInt32LittleEndian(text) | (ulong)BinaryPrimitives.ReadUInt32LittleEndian(text[^4..]) << 32;
        ulong bytes = 0;
        for (var i = 0; i < text.Length; i++) bytes |= (ulong)text[i] << 8 * i;
        return bytes;
    }

    int Place(ulong ends, int length) => (int)((ends + (ulong)length) * 0x9E3779B97F4A7C15 >> 40) & _entries.Length - 1;
}
