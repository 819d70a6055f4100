using System.Runtime.InteropServices;
using System.Text;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>Files that survive a crash of the machine, whole or not at all.</summary>
internal static partial class DurableFile
{
    /// <summary>Unfinished files begin with this; whatever is left of a crash is vacuumed.</summary>
    public const string UnfinishedPrefix = ".unfinished-";

    /// <summary>
    /// Creates a file with the bytes unless one of that name is there; false: it is. No reader ever sees a part of it: it is written and
    /// flushed under another name, and a hard link, which fails where the name is taken, gives it its own.
    /// </summary>
    public static bool TryCreate(string path, ReadOnlySpan<byte> bytes)
    {
        var folder = Path.GetDirectoryName(path)!;
        var unfinished = WriteUnfinished(folder, bytes);
        try
        {
            if (!TryLink(unfinished, path)) return false;
            FlushFolder(folder);
            return true;
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    /// <summary>Writes a file in place of one of that name; readers see the old bytes or the new ones.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> bytes)
    {
        var folder = Path.GetDirectoryName(path)!;
        File.Move(WriteUnfinished(folder, bytes), path, overwrite: true);
        FlushFolder(folder);
    }

    /// <summary>Brings the bytes of a file that is written to the disk itself.</summary>
    public static void Flush(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        RandomAccess.FlushToDisk(file);
    }

    /// <summary>Brings the names in a folder to the disk; where the system cannot (Windows), it does so by itself.</summary>
    public static unsafe void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        int descriptor;
        fixed (byte* name = Encoding.UTF8.GetBytes(folder + '\0')) descriptor = Open(name, 0);
        if (descriptor < 0) throw Failure($"open the folder {folder}");
        try
        {
            if (FSync(descriptor) != 0) throw Failure($"flush the folder {folder}");
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    static string WriteUnfinished(string folder, ReadOnlySpan<byte> bytes)
    {
        var path = Path.Combine(folder, UnfinishedPrefix + Guid.NewGuid().ToString("N"));
        try
        {
            using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
            RandomAccess.Write(file, bytes, 0);
            RandomAccess.FlushToDisk(file);
            return path;
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    static unsafe bool TryLink(string from, string to)
    {
        if (OperatingSystem.IsWindows())
        {
            try
            {
                File.Move(from, to, overwrite: false); // one call of the system there, which fails where the name is taken
                return true;
            }
            catch (IOException) when (File.Exists(to))
            {
                return false;
            }
        }
        const int nameIsTaken = 17;
        fixed (byte* source = Encoding.UTF8.GetBytes(from + '\0'), target = Encoding.UTF8.GetBytes(to + '\0'))
            if (Link(source, target) == 0) return true;
        return Marshal.GetLastPInvokeError() == nameIsTaken ? false : throw Failure($"create {to} (a commit needs a file system with hard links)");
    }

    static IOException Failure(string what) => new($"Could not {what}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true)]
    private static unsafe partial int Link(byte* from, byte* to);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    private static unsafe partial int Open(byte* path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
