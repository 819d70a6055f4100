using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Microsoft.Win32.SafeHandles;

namespace Lockstep.Runtime.Streaming.Log;

/// <summary>Appends frames to the newest segment of a partition and begins another where it is large, old, or of another schema. For one thread.</summary>
sealed class SegmentWriter(EventLog log, uint partition, long lastSequence) : IDisposable
{
    readonly Queue<ClosedSegment> _closed = new();
    SafeFileHandle? _file;
    string _path = "";
    Schema? _schema;
    long _length, _begun, _last, _at;

    /// <summary>A failed write could not be taken back: what the segment holds is known again when it is opened anew.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Returns when the frames are on the disk; they are all there or, after an exception, none.</summary>
    public void Append(ReadOnlySpan<byte> frames, Schema schema, long last, long now)
    {
        if (_file is not null && !_schema!.Equals(schema)) Close();
        if (_file is null) Begin(schema, now);
        try
        {
            RandomAccess.Write(_file!, frames, _length);
            RandomAccess.FlushToDisk(_file!);
        }
        catch
        {
            TakeBack();
            throw;
        }
        (_length, _last, _at) = (_length + frames.Length, last, now);
        if (_length >= log.Options.SegmentBytes) Close();
    }

    void Begin(Schema schema, long now)
    {
        var head = SegmentFormat.FileHead(partition, schema);
        _path = Path.Combine(log.PartitionFolder(partition), (lastSequence + 1).ToString("D12", CultureInfo.InvariantCulture) + ".seg");
        var file = File.OpenHandle(_path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            RandomAccess.Write(file, head, 0);
            FileReplacement.SyncFolder(Path.GetDirectoryName(_path)!);
        }
        catch
        {
            file.Dispose();
            File.Delete(_path);
            throw;
        }
        lastSequence++;
        (_file, _schema, _length, _begun) = (file, schema, head.Length, now);
    }

    // Half of a frame at the end would be in the way of the next one; whole frames that nobody was told of would be events.
    void TakeBack()
    {
        try
        {
            RandomAccess.SetLength(_file!, _length);
            RandomAccess.FlushToDisk(_file!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            IsBroken = true;
        }
    }

    public void CloseIfDue(long now)
    {
        if (_file is not null && now - _begun >= log.Options.SegmentAge.Ticks / TimeSpan.TicksPerMicrosecond) Close();
    }

    public void Close()
    {
        if (_file is null) return;
        _file.Dispose();
        _file = null;
        _closed.Enqueue(new(_path, _length, _begun));
    }

    /// <summary>Closed segments in the order of their places, whatever they were closed for: the table takes them in this order.</summary>
    public bool TryTakeClosed([NotNullWhen(true)] out ClosedSegment? closed) => _closed.TryDequeue(out closed);

    public void Dispose() => _file?.Dispose();
}

/// <summary>A segment that is not written to any more.</summary>
sealed record ClosedSegment(string Path, long Bytes, long BegunAt)
{
    /// <summary>Of pushes that may stand in it and whose answers may not be kept elsewhere.</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];
}
