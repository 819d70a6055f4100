using System.Buffers.Binary;
using Lockstep.Core;

namespace Lockstep.Runtime.Materialization;

/// <summary>Sorted runs of cells in files that are gone when the process is. A record: length of the key (4), of the cell (4), both.</summary>
internal sealed class CellSpill(string folder) : IDisposable
{
    const int BufferSize = 1 << 18;

    readonly List<FileStream> _runs = [];

    public int Count => _runs.Count;

    public void Write(SortedCells cells, CancellationToken token)
    {
        var path = Path.Combine(folder, $"lockstep-{Guid.NewGuid():N}.spill");
        try
        {
            Directory.CreateDirectory(folder);
            var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete, BufferSize, FileOptions.DeleteOnClose);
            _runs.Add(file);
            if (!OperatingSystem.IsWindows()) File.Delete(path); // it stays readable, and a killed process leaves nothing
            Span<byte> lengths = stackalloc byte[8];
            for (var written = 0; cells.MoveNext(); written++)
            {
                if (written % 4096 == 0) token.ThrowIfCancellationRequested();
                BinaryPrimitives.WriteInt32LittleEndian(lengths, cells.Key.Length);
                BinaryPrimitives.WriteInt32LittleEndian(lengths[4..], cells.Cell.Length);
                file.Write(lengths);
                file.Write(cells.Key);
                file.Write(cells.Cell);
            }
            file.Flush();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LockstepException(ErrorKind.Failed, $"Rows that do not fit into memory could not be written to '{folder}': {e.Message} Free some space there, or set another folder.", e);
        }
    }

    public IEnumerable<SortedCells> Read() => _runs.Select(r => new Run(r));

    public void Dispose()
    {
        foreach (var run in _runs) run.Dispose();
    }

    sealed class Run : SortedCells
    {
        readonly FileStream _file;
        byte[] _record = new byte[256];
        int _key, _cell;

        public Run(FileStream file)
        {
            _file = file;
            _file.Position = 0;
        }

        public override ReadOnlySpan<byte> Key => _record.AsSpan(0, _key);
        public override ReadOnlySpan<byte> Cell => _record.AsSpan(_key, _cell);

        public override bool MoveNext()
        {
            Span<byte> lengths = stackalloc byte[8];
            if (_file.ReadAtLeast(lengths, 8, throwOnEndOfStream: false) == 0) return false;
            (_key, _cell) = (BinaryPrimitives.ReadInt32LittleEndian(lengths), BinaryPrimitives.ReadInt32LittleEndian(lengths[4..]));
            if (_record.Length < _key + _cell) _record = new byte[(_key + _cell) * 2];
            _file.ReadExactly(_record, 0, _key + _cell);
            return true;
        }
    }
}
