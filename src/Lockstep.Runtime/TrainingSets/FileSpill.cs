using System.Buffers;
using Lockstep.Core;
using Lockstep.Core.Aggregation.PointInTime;
using Lockstep.Core.Rows;
using Microsoft.Win32.SafeHandles;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>Batches in one temporary file, which is made when the first one comes and goes with the process, however that ends.</summary>
public sealed class FileSpill(string folder) : IBatchSpill
{
    readonly Dictionary<int, List<(long Start, int Length, int Rows)>> _batches = [];
    readonly ArrayBufferWriter<byte> _bytes = new();
    SafeFileHandle? _file;
    long _end;

    /// <summary>Bytes on disk.</summary>
    public long Bytes => _end;

    public void Write(int partition, ColumnBatch batch)
    {
        _bytes.ResetWrittenCount();
        ColumnBlock.Write(_bytes, batch.Columns);
        try
        {
            _file ??= Open();
            RandomAccess.Write(_file, _bytes.WrittenSpan, _end);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LockstepException(ErrorKind.Failed, $"What does not fit into memory cannot be put into the folder '{folder}': {e.Message} Free some space there, or allow more memory.", e);
        }
        if (!_batches.TryGetValue(partition, out var list)) _batches.Add(partition, list = []);
        list.Add((_end, _bytes.WrittenCount, batch.Count));
        _end += _bytes.WrittenCount;
    }

    SafeFileHandle Open()
    {
        Directory.CreateDirectory(folder);
        return File.OpenHandle(Path.Combine(folder, $"lockstep-{Guid.NewGuid():N}.spill"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
    }

    public BatchReader Read(int partition, Schema schema) => new Reader(schema, _file, _batches.GetValueOrDefault(partition) ?? []);

    public void Dispose() => _file?.Dispose();

    sealed class Reader(Schema schema, SafeFileHandle? file, List<(long Start, int Length, int Rows)> batches) : BatchReader
    {
        byte[] _buffer = [];
        int _next;

        public override Schema Schema => schema;

        public override bool Read(ColumnBatch batch, CancellationToken token)
        {
            token.ThrowIfCancellationRequested();
            if (_next == batches.Count) return false;
            var (start, length, rows) = batches[_next++];
            if (_buffer.Length < length) _buffer = new byte[length];
            for (var done = 0; done < length;)
            {
                var read = RandomAccess.Read(file!, _buffer.AsSpan(done, length - done), start + done);
                if (read == 0) throw new LockstepException(ErrorKind.Failed, "The file with what did not fit into memory has become shorter while it was in use.");
                done += read;
            }
            batch.Clear();
            ColumnBlock.Read(_buffer.AsSpan(0, length), rows, batch.Columns);
            return true;
        }
    }
}
