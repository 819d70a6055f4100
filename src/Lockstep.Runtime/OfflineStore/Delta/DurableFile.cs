using System.Runtime.InteropServices;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>Small files that survive a crash of the machine, whole or not at all.</summary>
internal static partial class DurableFile
{
    /// <summary>A name, in a folder, for a file that is not finished; vacuum knows it by <see cref="IsUnfinished"/>.</summary>
    public static string Unfinished(string folder, string name) => Path.Combine(folder, $".{name}.{Guid.NewGuid():N}.tmp");

    /// <summary>Whether a file is what a writer was at when it died, as <see cref="FileReplacement"/> names them too.</summary>
    public static bool IsUnfinished(string name) => name[0] == '.' && name.EndsWith(".tmp", StringComparison.Ordinal);

    /// <summary>
    /// Creates a file with the bytes unless one of that name is there; false: it is. No reader ever sees a part of it: it is written and
    /// flushed under another name, and a hard link, which fails where the name is taken, gives it its own.
    /// </summary>
    public static bool TryCreate(string path, ReadOnlySpan<byte> bytes)
    {
        var folder = Path.GetDirectoryName(path)!;
        var unfinished = Unfinished(folder, Path.GetFileName(path));
        try
        {
            Write(unfinished, bytes);
            if (!TryLink(unfinished, path)) return false;
            FileReplacement.SyncFolder(folder);
            return true;
        }
        finally
        {
            try
            {
                File.Delete(unfinished);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The outcome is decided by the link. What stays here is no commit, and vacuum removes it.
            }
        }
    }

    /// <summary>Writes a file in place of one of that name; readers see the old bytes or the new ones.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = new FileReplacement(path);
        Write(file.TempPath, bytes);
        file.Commit();
    }

    static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        RandomAccess.Write(file, bytes, 0);
        RandomAccess.FlushToDisk(file);
    }

    static bool TryLink(string from, string to)
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
        if (Link(from, to) == 0) return true;
        var error = Marshal.GetLastPInvokeError();
        return error == nameIsTaken ? false
            : throw new IOException($"Could not create {to}: {Marshal.GetPInvokeErrorMessage(error)}. A commit needs a file system with hard links.");
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string from, string to);
}
