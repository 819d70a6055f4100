using System.Runtime.InteropServices;
using Lockstep.Core;

namespace Lockstep.Runtime.Engine;

/// <summary>
/// Writes a file whole or not at all: into a temporary file beside it, which takes its name on <see cref="Commit"/>, after everything has
/// reached the disk. Disposing without it removes the temporary file; a killed process leaves one that begins with a dot and ends in .tmp.
/// </summary>
public sealed partial class FileReplacement : IDisposable
{
    bool _committed;

    public FileReplacement(string path)
    {
        FinalPath = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(FinalPath) ?? throw new LockstepException(ErrorKind.Failed, $"'{path}' is a folder, not a file to write.");
        if (Directory.Exists(FinalPath)) throw new LockstepException(ErrorKind.Failed, $"{path} is a folder, not a file to write.");
        if (!Directory.Exists(folder)) throw new LockstepException(ErrorKind.Failed, $"{path} cannot be written: there is no folder {folder}.");
        TempPath = Path.Combine(folder, $".{Path.GetFileName(FinalPath)[..Math.Min(Path.GetFileName(FinalPath).Length, 60)]}.{Guid.NewGuid():N}.tmp");
    }

    public string FinalPath { get; }

    /// <summary>Where to write. Not there yet.</summary>
    public string TempPath { get; }

    /// <summary>Gives the file its name. It replaces one that is there in one step.</summary>
    public void Commit()
    {
        using (var written = new FileStream(TempPath, FileMode.Open, FileAccess.ReadWrite, FileShare.Read, 1)) written.Flush(flushToDisk: true);
        File.Move(TempPath, FinalPath, overwrite: true);
        _committed = true;
        SyncFolder(Path.GetDirectoryName(FinalPath)!);
    }

    public void Dispose()
    {
        if (!_committed) File.Delete(TempPath);
    }

    /// <summary>Makes a new name in a folder outlast a power failure. Windows keeps folders in its own journal.</summary>
    public static void SyncFolder(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        var descriptor = open(folder, 0);
        if (descriptor < 0) return; // the name is there; a folder that may be written but not read cannot be synchronised
        _ = fsync(descriptor);
        _ = close(descriptor);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)] private static partial int open(string path, int flags);
    [LibraryImport("libc")] private static partial int fsync(int descriptor);
    [LibraryImport("libc")] private static partial int close(int descriptor);
}
