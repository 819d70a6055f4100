namespace Lockstep.Core.Expressions.Functions;

/// <summary>
/// A constant pattern of <c>like</c> without <c>_</c>, cut at its <c>%</c>: the text begins with the first piece, ends with the last, and holds the
/// others in between, in order. In UTF-8 a piece is found only where it begins with a code point, so that bytes will do.
/// </summary>
sealed class LikePattern
{
    readonly byte[] _first;
    readonly byte[]? _last; // null: no %, the text is the first piece
    readonly byte[][] _between;

    LikePattern(byte[] first, byte[][] between, byte[]? last) => (_first, _between, _last) = (first, between, last);

    public static LikePattern? Of(ReadOnlySpan<byte> pattern)
    {
        if (pattern.Contains((byte)'_')) return null;
        List<byte[]> pieces = [];
        foreach (var piece in pattern.Split((byte)'%')) pieces.Add(pattern[piece].ToArray());
        return new(pieces[0], [.. pieces.Skip(1).SkipLast(1).Where(p => p.Length > 0)], pieces.Count > 1 ? pieces[^1] : null);
    }

    public bool Matches(ReadOnlySpan<byte> text)
    {
        if (_last is null) return text.SequenceEqual(_first);
        if (text.Length < _first.Length + _last.Length || !text.StartsWith(_first) || !text.EndsWith(_last)) return false;
        text = text[_first.Length..^_last.Length];
        foreach (var piece in _between)
        {
            var at = text.IndexOf(piece);
            if (at < 0) return false;
            text = text[(at + piece.Length)..];
        }
        return true;
    }
}
