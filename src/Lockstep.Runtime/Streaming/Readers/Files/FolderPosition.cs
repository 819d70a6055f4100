using System.Globalization;
using System.Text.Json;
using Lockstep.Core;
using Lockstep.Runtime.OfflineStore.Delta;

namespace Lockstep.Runtime.Streaming.Readers.Files;

// What is known of thousands of files does not go into every write of the log: most of it stands in a checkpoint, a file beside the
// log's position that is written whole and never changed, and a position says which one, and what has changed since.
//  1. A checkpoint is written and flushed under the next number. Nobody refers to it yet.
//  2. A position that does is logged, together with the events that it is behind.
//  3. Older checkpoints are removed.
// A crash between any two leaves the log's last position with the checkpoint that it names.
/// <summary>How far the files of a folder have been read.</summary>
sealed class FolderPosition
{
    /// <summary>More changes than this make a checkpoint.</summary>
    public const int MaxChanges = 128;

    const byte Version = 1;
    const string Prefix = "files-";

    readonly string _folder;
    readonly Dictionary<string, FileProgress> _files = new(StringComparer.Ordinal);
    readonly HashSet<string> _changed = new(StringComparer.Ordinal);
    long _checkpoint;
    bool _isNew = true; // what a process before us left is looked at once

    sealed record Stored(byte Version, long Checkpoint, IReadOnlyList<FileProgress> Files, IReadOnlyList<string> Forgotten);

    FolderPosition(string folder) => _folder = folder;

    public IReadOnlyDictionary<string, FileProgress> Files => _files;

    /// <summary>Something has changed that was not logged.</summary>
    public bool IsDirty { get; private set; }

    /// <param name="folder">Of the partition.</param>
    /// <param name="position">Of its last write; null: nothing was read.</param>
    public static FolderPosition Open(string folder, string? position)
    {
        var opened = new FolderPosition(folder);
        if (position is null) return opened;
        var stored = Parse(position, "The position of the files in the log");
        if (stored.Checkpoint > 0) opened.Load(stored.Checkpoint);
        foreach (var path in stored.Forgotten) opened.Forget(path);
        foreach (var file in stored.Files) opened.Set(file);
        opened.IsDirty = false;
        return opened;
    }

    void Load(long checkpoint)
    {
        var path = PathOf(checkpoint);
        if (!File.Exists(path)) throw new LockstepException(ErrorKind.Failed, $"{path} is missing: it says which files have been read. Bring it back from a copy of the folder.");
        foreach (var file in Parse(File.ReadAllText(path), path).Files) _files[file.Path] = file;
        _checkpoint = checkpoint;
    }

    static Stored Parse(string text, string what)
    {
        try
        {
            var stored = JsonSerializer.Deserialize<Stored>(text) ?? throw new JsonException("null");
            return stored.Version == Version ? stored : throw new LockstepException(ErrorKind.Failed, $"{what} has format {stored.Version}; this program reads {Version}.");
        }
        catch (JsonException e)
        {
            throw new LockstepException(ErrorKind.Failed, $"{what} cannot be read: {e.Message}", e);
        }
    }

    string PathOf(long checkpoint) => Path.Combine(_folder, Prefix + checkpoint.ToString("D12", CultureInfo.InvariantCulture));

    public FileProgress? Find(string path) => _files.GetValueOrDefault(path);

    public void Set(FileProgress file)
    {
        _files[file.Path] = file;
        _changed.Add(file.Path);
        IsDirty = true;
    }

    public void Forget(string path)
    {
        if (!_files.Remove(path)) return;
        _changed.Add(path);
        IsDirty = true;
    }

    /// <summary>As it is to be logged; followed by <see cref="Logged"/>.</summary>
    public string Write()
    {
        if (_changed.Count > MaxChanges)
        {
            DurableFile.Replace(PathOf(_checkpoint + 1), JsonSerializer.SerializeToUtf8Bytes(new Stored(Version, 0, [.. _files.Values], [])));
            _checkpoint++;
            _isNew = true;
            _changed.Clear();
        }
        return JsonSerializer.Serialize(new Stored(Version, _checkpoint, [.. _changed.Where(_files.ContainsKey).Select(p => _files[p])], [.. _changed.Where(p => !_files.ContainsKey(p))]));
    }

    /// <summary>What <see cref="Write"/> gave is in the log.</summary>
    public void Logged()
    {
        IsDirty = false;
        if (!_isNew) return;
        _isNew = false;
        foreach (var path in Directory.EnumerateFiles(_folder, Prefix + "*"))
            if (string.CompareOrdinal(Path.GetFileName(path), Path.GetFileName(PathOf(_checkpoint))) < 0) File.Delete(path);
    }
}
