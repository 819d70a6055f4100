using System.Buffers;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Microsoft.Win32.SafeHandles;

namespace Lockstep.Runtime.Streaming.Log;

/// <summary>A segment opened for reading, as far as it was whole when it was opened. Another may be appending to it, or remove it.</summary>
sealed class SegmentFile : IDisposable
{
    readonly SafeFileHandle _file;
    readonly List<(FrameHead Head, long At, int Length)> _frames = [];

    SegmentFile(string path, SafeFileHandle file) => (Path, _file) = (path, file);

    public string Path { get; }
    public uint Partition { get; private set; }
    public Schema Schema { get; private set; } = new([]);

    /// <summary>Where the last whole write ends.</summary>
    public long End { get; private set; }

    public IReadOnlyList<(FrameHead Head, long At, int Length)> Frames => _frames;

    /// <summary>The last place of a row that it holds; -1: none.</summary>
    public long LastPlace
    {
        get
        {
            for (var i = _frames.Count - 1; i >= 0; i--)
                if (_frames[i].Head.Kind == FrameKind.Rows) return _frames[i].Head.Last;
            return -1;
        }
    }

    /// <summary>Null: it is gone, or was never begun.</summary>
    /// <exception cref="LockstepException">Whole frames stand behind a damaged one, or a damaged head: what was acknowledged cannot be read.</exception>
    public static SegmentFile? TryOpen(string path)
    {
        SafeFileHandle handle;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        var segment = new SegmentFile(path, handle);
        try
        {
            if (segment.ReadHeads()) return segment;
            if (segment.HoldsFrames()) return segment.ReadHeads() ? segment : throw DamagedHead(path); // its writer may have come to the head meanwhile
        }
        catch
        {
            segment.Dispose();
            throw;
        }
        segment.Dispose();
        return null;
    }

    bool ReadHeads()
    {
        var length = RandomAccess.GetLength(_file);
        var buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
        try
        {
            if (Read(buffer.AsSpan(0, SegmentFormat.FileHeadSize), 0) < SegmentFormat.FileHeadSize) return false;
            var head = SegmentFormat.FileHeadLength(buffer);
            if (head == 0 || head > length) return false;
            if (head > buffer.Length) Grow(ref buffer, head);
            if (Read(buffer.AsSpan(0, head), 0) < head || !SegmentFormat.TryReadFileHead(buffer.AsSpan(0, head), out var partition, out var schema)) return false;
            (Partition, Schema, End) = (partition, schema, head);
            var (at, whole) = (End, 0);
            while (TryReadFrame(ref buffer, at, length, out var found, out var size))
            {
                _frames.Add((found, at + SegmentFormat.HeadSize, size));
                at += SegmentFormat.HeadSize + size;
                if (!found.More) (End, whole) = (at, _frames.Count);
            }
            RefuseDamage(ref buffer, at, length);
            _frames.RemoveRange(whole, _frames.Count - whole);
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    bool TryReadFrame(ref byte[] buffer, long at, long length, out FrameHead head, out int size)
    {
        (head, size) = (default, 0);
        if (length - at < SegmentFormat.HeadSize) return false;
        Span<byte> start = stackalloc byte[SegmentFormat.HeadSize];
        if (Read(start, at) < start.Length) return false;
        size = SegmentFormat.PayloadLength(start);
        if (size < 0 || at + SegmentFormat.HeadSize + size > length) return false;
        if (size > buffer.Length) Grow(ref buffer, size);
        if (Read(buffer.AsSpan(0, size), at + SegmentFormat.HeadSize) < size || !SegmentFormat.IsWhole(start, buffer.AsSpan(0, size))) return false;
        head = SegmentFormat.ReadHead(start);
        return true;
    }

    public static LockstepException DamagedHead(string path) => new(ErrorKind.Failed, $"{path} is damaged at its head: it is no segment any more. Bring it back from a copy, or remove it to go on without its events.");

    // What a process was writing when it died is at the end. A whole frame behind something else was damaged later, and what is damaged may
    // not say any more where the next one begins.
    void RefuseDamage(ref byte[] buffer, long at, long length)
    {
        if (TryFindFrame(ref buffer, at + 1, length, out var behind))
            throw new LockstepException(ErrorKind.Failed, $"{Path} is damaged at byte {at}: whole frames follow ({behind.Count} {behind.Kind} from place {behind.First}), so events that were acknowledged cannot be read. Bring the file back from a copy, or cut it at that byte to go on without them.");
    }

    bool HoldsFrames()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
        try
        {
            return TryFindFrame(ref buffer, 0, RandomAccess.GetLength(_file), out _);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The first whole frame that begins at a place or behind it.</summary>
    bool TryFindFrame(ref byte[] buffer, long from, long length, out FrameHead head)
    {
        head = default;
        if (length - from < SegmentFormat.HeadSize) return false;
        var piece = new byte[1 << 16];
        for (; length - from >= SegmentFormat.HeadSize; from += piece.Length - SegmentFormat.HeadSize + 1)
        {
            var read = Read(piece, from);
            for (var i = 0; i + SegmentFormat.HeadSize <= read; i++)
                if (SegmentFormat.MayBeHead(piece.AsSpan(i, SegmentFormat.HeadSize)) && TryReadFrame(ref buffer, from + i, length, out head, out _)) return true;
        }
        return false;
    }

    /// <summary>The payload of a frame, in a buffer that is reused.</summary>
    public ReadOnlySpan<byte> Payload(int frame, ref byte[] buffer)
    {
        var (_, at, length) = _frames[frame];
        if (buffer.Length < length) buffer = new byte[Math.Max(length, buffer.Length * 2)];
        return Read(buffer.AsSpan(0, length), at) == length ? buffer.AsSpan(0, length)
            : throw new LockstepException(ErrorKind.Failed, $"{Path} was cut short while it was read.");
    }

    int Read(Span<byte> to, long at)
    {
        var read = 0;
        while (read < to.Length && RandomAccess.Read(_file, to[read..], at + read) is var got and > 0) read += got;
        return read;
    }

    static void Grow(ref byte[] buffer, int size)
    {
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = ArrayPool<byte>.Shared.Rent(size);
    }

    public void Dispose() => _file.Dispose();
}
