using System.Buffers;
using System.Globalization;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.OfflineStore;

/// <summary>
/// A hash of a file's bytes. Files up to <see cref="WholeLimit"/> are read whole; of greater ones the first and last MiB, where formats
/// keep what describes the rest, and <see cref="Samples"/> blocks between, evenly spread: about 3 MiB, however large the file.
/// </summary>
internal static class FileFingerprint
{
    public const long WholeLimit = 4 << 20;
    public const int Samples = 64;
    const int EdgeBytes = 1 << 20, SampleBytes = 16 << 10;

    /// <summary>Whether equal fingerprints of files of this size say that every byte was compared.</summary>
    public static bool IsWhole(long size) => size <= WholeLimit;

    public static string Compute(string path, CancellationToken token)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var size = RandomAccess.GetLength(file);
        var buffer = ArrayPool<byte>.Shared.Rent(EdgeBytes);
        try
        {
            ulong hash = (ulong)size;
            if (IsWhole(size))
            {
                for (long at = 0; at < size; at += EdgeBytes) Take(at, EdgeBytes);
            }
            else
            {
                Take(0, EdgeBytes);
                var between = size - 2L * EdgeBytes;
                for (var i = 0; i < Samples; i++) Take(EdgeBytes + between / Samples * i, SampleBytes);
                Take(size - EdgeBytes, EdgeBytes);
            }
            return hash.ToString("x16", CultureInfo.InvariantCulture);

            void Take(long offset, int length)
            {
                token.ThrowIfCancellationRequested();
                var read = 0;
                while (read < length && RandomAccess.Read(file, buffer.AsSpan(read, length - read), offset + read) is var got and > 0) read += got;
                hash = XxHash64.Hash(buffer.AsSpan(0, read), hash);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
