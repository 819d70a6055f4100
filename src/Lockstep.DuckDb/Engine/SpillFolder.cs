namespace Lockstep.DuckDb.Engine;

/// <summary>
/// A folder of this process for what does not fit into memory. Beside it stands a lock file that is held open, so that another
/// process can tell the folder of a living process from one that a killed process left, and sweep the latter.
/// </summary>
internal sealed class SpillFolder : IDisposable
{
    readonly FileStream _lock;

    public SpillFolder(string parent)
    {
        parent = System.IO.Path.GetFullPath(parent);
        Directory.CreateDirectory(parent);
        Sweep(parent);
        Path = System.IO.Path.Combine(parent, $"spill-{Guid.NewGuid():N}");
        _lock = new FileStream(Path + ".lock", FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        Directory.CreateDirectory(Path);
    }

    public string Path { get; }

    public void Dispose()
    {
        if (Directory.Exists(Path)) Directory.Delete(Path, true);
        _lock.Dispose();
    }

    static void Sweep(string parent)
    {
        foreach (var lockFile in Directory.EnumerateFiles(parent, "spill-*.lock"))
        {
            try
            {
                using var held = new FileStream(lockFile, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
                var folder = lockFile[..^".lock".Length];
                if (Directory.Exists(folder)) Directory.Delete(folder, true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Its process lives, belongs to someone else, or another sweeper was faster: not ours to remove.
            }
        }
    }
}
