using Microsoft.Win32.SafeHandles;

namespace Lockstep.Runtime.Streaming.Intake;

/// <summary>A place behind whole lines of a file.</summary>
/// <param name="Bytes">Up to it.</param>
/// <param name="Lines">Up to it.</param>
public readonly record struct LinePlace(long Bytes, long Lines);

/// <summary>Reads the lines of files as events, piece by piece; a line that is not ended waits. Keeps its buffer: for one thread.</summary>
public sealed class EventLines(SourceFeed feed)
{
    const int PieceBytes = 4 << 20;

    byte[] _buffer = [];

    /// <param name="file">May be written to meanwhile.</param>
    /// <param name="name">What refused events say that they are from.</param>
    /// <param name="from">Where to begin.</param>
    /// <param name="end">Where to end: what is behind it is left.</param>
    /// <param name="toEnd">The last line counts, ended or not.</param>
    /// <param name="token">Stops it.</param>
    public IEnumerable<(EventRows Rows, LinePlace Next)> Read(SafeFileHandle file, string name, LinePlace from, long end, bool toEnd, CancellationToken token)
    {
        if (_buffer.Length == 0) _buffer = new byte[PieceBytes];
        while (from.Bytes < end)
        {
            token.ThrowIfCancellationRequested();
            var length = Fill(file, from.Bytes, end);
            var last = from.Bytes + length == end && toEnd;
            var whole = last ? length : _buffer.AsSpan(0, length).LastIndexOf((byte)'\n') + 1;
            if (whole > 0)
            {
                var (begin, before) = (from.Bytes == 0 && _buffer.AsSpan(0, whole).StartsWith("\uFEFF"u8) ? 3 : 0, from.Lines);
                var rows = feed.Decode(name, (decoder, to, now) =>
                {
                    (to.Unit, to.Number) = ("line", before);
                    decoder.Lines(_buffer.AsSpan(begin, whole - begin), to, now);
                });
                from = new(from.Bytes + whole, rows.Number);
                yield return (rows, from);
            }
            else if (length < _buffer.Length) yield break; // not ended yet, or the file is shorter than it was
            else if (_buffer.Length < feed.Limits.MaxEventBytes) Array.Resize(ref _buffer, _buffer.Length * 2);
            else if (FindEnd(file, from.Bytes + length, end, toEnd) is not { } next) yield break;
            else
            {
                var (bytes, line) = (next - from.Bytes, from.Lines + 1);
                var rows = feed.Decode(name, (decoder, to, _) =>
                {
                    (to.Unit, to.Number) = ("line", line);
                    decoder.TooLong(_buffer, bytes, to);
                });
                from = new(next, line);
                yield return (rows, from);
            }
        }
    }

    /// <summary>Behind the last line of a file that is ended.</summary>
    public static LinePlace LastEnd(SafeFileHandle file, long end, CancellationToken token)
    {
        var piece = new byte[1 << 16];
        LinePlace last = default;
        for (var at = 0L; at < end && RandomAccess.Read(file, piece, at) is var read and > 0; at += read)
        {
            token.ThrowIfCancellationRequested();
            var text = piece.AsSpan(0, (int)Math.Min(read, end - at));
            if (text.LastIndexOf((byte)'\n') is >= 0 and var newline) last = new(at + newline + 1, last.Lines + text.Count((byte)'\n'));
        }
        return last;
    }

    int Fill(SafeFileHandle file, long at, long end)
    {
        var (length, most) = (0, (int)Math.Min(_buffer.Length, end - at));
        while (length < most && RandomAccess.Read(file, _buffer.AsSpan(length, most - length), at + length) is var read and > 0) length += read;
        return length;
    }

    /// <summary>Behind the end of the line that holds a place; null: it has none yet.</summary>
    static long? FindEnd(SafeFileHandle file, long at, long end, bool toEnd)
    {
        var piece = new byte[1 << 16];
        while (at < end && RandomAccess.Read(file, piece, at) is var read and > 0)
        {
            var found = piece.AsSpan(0, read).IndexOf((byte)'\n');
            if (found >= 0) return at + found < end ? at + found + 1 : null;
            at += read;
        }
        return toEnd ? end : null;
    }
}
