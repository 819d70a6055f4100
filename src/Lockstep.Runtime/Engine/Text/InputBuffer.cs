using Lockstep.Core;

namespace Lockstep.Runtime.Engine.Text;

/// <summary>A window over a stream that is filled from behind and eaten from the front; it grows while one record does not fit.</summary>
sealed class InputBuffer(Stream stream) : IDisposable
{
    const int First = 256 * 1024, Most = 1 << 30;

    byte[] _bytes = new byte[First];
    int _start, _end;

    /// <summary>What has been read and not eaten.</summary>
    public ReadOnlySpan<byte> Unread => _bytes.AsSpan(_start, _end - _start);

    /// <summary>Whether nothing comes after <see cref="Unread"/>.</summary>
    public bool AtEnd { get; private set; }

    /// <summary>Bytes eaten, as they stand in the file after decompression.</summary>
    public long Position { get; private set; }

    public void Eat(int bytes)
    {
        _start += bytes;
        Position += bytes;
    }

    /// <summary>Reads more behind what is there. Spans over <see cref="Unread"/> are void afterwards.</summary>
    public void Fill(string what)
    {
        if (AtEnd) return;
        if (_start > 0)
        {
            Unread.CopyTo(_bytes);
            (_start, _end) = (0, _end - _start);
        }
        if (_end == _bytes.Length)
        {
            if (_bytes.Length >= Most) throw new LockstepException(ErrorKind.Failed, $"{what}: a record is longer than {Most >> 20} MiB. Is a quote not closed?");
            Array.Resize(ref _bytes, _bytes.Length * 2);
        }
        var read = stream.Read(_bytes.AsSpan(_end));
        if (read == 0) AtEnd = true;
        _end += read;
    }

    /// <summary>Skips the mark that some programs put before UTF-8.</summary>
    public void SkipByteOrderMark(string what)
    {
        while (Unread.Length < 3 && !AtEnd) Fill(what);
        if (Unread.StartsWith("\uFEFF"u8)) Eat(3);
    }

    public void Dispose() => stream.Dispose();
}
