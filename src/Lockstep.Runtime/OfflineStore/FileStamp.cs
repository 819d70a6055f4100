using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.OfflineStore;

/// <summary>What the file system says of a file without reading it.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="Modified">When it was last written, microseconds. A program can set it to whatever it likes.</param>
/// <param name="Changed">
/// When it or its times were last changed, nanoseconds; on Linux only, 0 elsewhere. No program can set it, so that a file which was
/// rewritten with the same size and had its time put back is still told apart.
/// </param>
internal readonly partial record struct FileStamp(long Size, long Modified, long Changed)
{
    /// <exception cref="FileNotFoundException">It is gone.</exception>
    public static FileStamp Of(string path)
    {
        var file = new FileInfo(path);
        if (file.LinkTarget is not null && file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target) file = target;
        return new(file.Length, Instant.FromDateTimeOffset(file.LastWriteTimeUtc), OperatingSystem.IsLinux() ? ChangeTime(path) : 0);
    }

    [SupportedOSPlatform("linux")]
    static unsafe long ChangeTime(string path)
    {
        const int atCurrentFolder = -100;
        const uint wantChangeTime = 0x80;
        var name = Encoding.UTF8.GetBytes(path + '\0');
        var buffer = stackalloc byte[256]; // struct statx: the same layout on every architecture
        fixed (byte* pointer = name)
            if (StatX(atCurrentFolder, pointer, 0, wantChangeTime, buffer) != 0) return 0;
        return *(long*)(buffer + 96) * 1_000_000_000 + *(uint*)(buffer + 104);
    }

    [LibraryImport("libc", EntryPoint = "statx")]
    private static unsafe partial int StatX(int folder, byte* path, int flags, uint mask, byte* result);
}
