using System.Globalization;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OfflineStore;
using Microsoft.Win32.SafeHandles;

namespace Lockstep.Runtime.Streaming.Readers.Files;

// A file is known by what it holds, not by its name or number: lines may be renamed while they are read, copied to another disk, brought
// back from a backup. Of lines it is the first and the last KiBs of what was taken, which every line behind leaves as they are. Whoever
// rewrites only what is between keeps the mark; nothing short of reading everything again would tell.
/// <summary>By what a file is known again.</summary>
static class FileMark
{
    const int Edge = 4096;

    /// <summary>Of a file of lines of which none was taken: any is the same.</summary>
    public static readonly string OfNothing = $"{XxHash64.Hash([]):x16}-{XxHash64.Hash([]):x16}";

    /// <summary>Of the first bytes of a file of lines.</summary>
    public static string OfLines(SafeFileHandle file, long taken) => $"{Head(file, taken)}-{Hash(file, Math.Max(0, taken - Edge), taken)}";

    /// <summary>How many bytes the first part of a mark is of.</summary>
    public static int HeadBytes(long taken) => (int)Math.Min(Edge, taken);

    public static string Head(SafeFileHandle file, long taken) => Hash(file, 0, HeadBytes(taken));

    public static string HeadOf(string mark) => mark[..mark.IndexOf('-', StringComparison.Ordinal)];

    /// <summary>Of a file that is taken whole.</summary>
    public static string OfWhole(string path, CancellationToken token) => FileFingerprint.Compute(path, token);

    static string Hash(SafeFileHandle file, long from, long end)
    {
        Span<byte> bytes = stackalloc byte[Edge];
        bytes = bytes[..(int)(end - from)];
        var length = 0;
        while (length < bytes.Length && RandomAccess.Read(file, bytes[length..], from + length) is var read and > 0) length += read;
        return XxHash64.Hash(bytes[..length]).ToString("x16", CultureInfo.InvariantCulture);
    }
}
