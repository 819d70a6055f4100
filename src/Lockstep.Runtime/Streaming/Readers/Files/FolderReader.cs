using System.Globalization;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.Streaming.Intake;
using Lockstep.Runtime.Streaming.Log;
using Microsoft.Win32.SafeHandles;

namespace Lockstep.Runtime.Streaming.Readers.Files;

// A turn looks at the folder, finds out which file is which, and reads what is new, file by file in the order of their paths. How far it
// has come is logged with the events, in one piece: after a crash it goes on behind them.
//
// Lines are taken as they are ended. CSV and Parquet are taken whole, when they are complete: Parquet when its end is there, CSV when
// nobody has written to it for a while. A file is known by its content (FileMark), so that one that is renamed or copied and removed is
// gone on with under its new name.
//
// What cannot be told, nobody but people can decide: a file that holds other bytes than those that were taken is left alone and told
// until somebody chooses; the others are read meanwhile. A file that is gone before its end was read is told, and remembered for a week.
/// <summary>Reads the files of a folder, and lines that are added to them, as events.</summary>
public sealed class FolderReader : IStreamReader
{
    /// <summary>CSV counts as complete when nothing was written to it for so long.</summary>
    public static readonly TimeSpan Settle = TimeSpan.FromSeconds(5);

    /// <summary>How long a file that is gone is remembered.</summary>
    public const long Memory = 7 * Instant.Day;

    /// <summary>A file that cannot be read is tried again after so long.</summary>
    const long TryAgain = 30 * Instant.Second;

    static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    readonly SourceFeed _feed;
    readonly FileStreamSource _files;
    readonly IBatchEngine _engine;
    readonly string _projectFolder;
    readonly TimeProvider _clock;
    readonly Action<string, string>? _warn;

    /// <param name="feed">Of a source with a stream of files.</param>
    /// <param name="engine">Reads Parquet.</param>
    /// <param name="projectFolder">What the path is relative to.</param>
    /// <param name="clock">Of the process.</param>
    /// <param name="warn">Told of what people should know; by the name of the source.</param>
    public FolderReader(SourceFeed feed, IBatchEngine engine, string projectFolder, TimeProvider clock, Action<string, string>? warn = null)
    {
        (_feed, _engine, _projectFolder, _clock, _warn) = (feed ?? throw new ArgumentNullException(nameof(feed)), engine, projectFolder, clock, warn);
        _files = (FileStreamSource)feed.Source.Stream!;
    }

    bool IsWhole => _files.Format != TableFormat.JsonLines;

    public bool Owns(uint partition) => partition == LogPartitions.Files;

    public async Task RunAsync(ReaderStatus status, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(status);
        LogWriter? writer;
        while ((writer = await _feed.TryTakeAsync(LogPartitions.Files, token)) is null) await Task.Delay(Poll, _clock, token); // another process reads them
        try
        {
            using var watch = new FolderWatch(_projectFolder, _files.Path, _clock);
            var folder = Open(writer);
            while (true)
            {
                var began = _clock.GetTimestamp();
                await folder.TurnAsync(status, token);
                // Looking at thousands of files takes its time: not more than a fifth of all.
                var took = _clock.GetElapsedTime(began);
                await Task.Delay(took * 4 > Pause ? TimeSpan.FromTicks(Math.Min((took * 4).Ticks, Poll.Ticks)) : Pause, _clock, token);
                await watch.WaitAsync(Poll, token);
            }
        }
        finally
        {
            await _feed.RemoveAsync(writer);
        }
    }

    internal Folder Open(LogWriter writer) => new(this, writer);

    /// <summary><c>again</c> or <c>skip</c>, and behind a blank a file; without one, of all that wait for a choice.</summary>
    public async Task<IReadOnlyList<string>> ResetAsync(string to, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(to);
        var (choice, file) = to.IndexOf(' ', StringComparison.Ordinal) is > 0 and var blank ? (to[..blank], to[(blank + 1)..].Trim()) : (to, null);
        if (choice is not ("again" or "skip")) throw new LockstepException(ErrorKind.BadArguments, $"Where to go on with files is 'again', which reads a file from its beginning, or 'skip', which counts what it holds now as read; behind it a file, or none for all that wait for a choice. It is '{to}'.");
        var writer = await _feed.TryTakeAsync(LogPartitions.Files, token)
            ?? throw new LockstepException(ErrorKind.Conflict, $"The files of source '{_feed.Source.Name}' are being read by {_feed.Log.HolderOf(LogPartitions.Files)}. Stop it, choose, and start it again.");
        try
        {
            return await Open(writer).ChooseAsync(choice == "again", file, token);
        }
        finally
        {
            await _feed.RemoveAsync(writer);
        }
    }

    /// <summary>The files as one holder of the partition knows them.</summary>
    internal sealed class Folder(FolderReader reader, LogWriter writer)
    {
        readonly FolderPosition _position = FolderPosition.Open(writer.Log.PartitionFolder(LogPartitions.Files), writer.Position);
        readonly EventLines _lines = new(reader._feed);
        readonly Dictionary<string, FileStamp> _known = new(StringComparer.Ordinal); // files that were compared with their marks, as they were then
        readonly Dictionary<string, (FileStamp Stamp, long Since)> _settling = new(StringComparer.Ordinal);
        readonly Dictionary<string, (FileStamp Stamp, long At, string Problem)> _failed = new(StringComparer.Ordinal);
        SortedDictionary<string, FileStamp> _before = new(StringComparer.Ordinal);
        readonly SortedDictionary<string, string> _problems = new(StringComparer.Ordinal);
        long _waitingFiles, _waitingBytes;

        long Now => Instant.Now(reader._clock);

        /// <summary>What waits for somebody to choose, by file.</summary>
        public IReadOnlyDictionary<string, string> Problems => _problems;

        public async Task TurnAsync(ReaderStatus status, CancellationToken token)
        {
            _problems.Clear();
            (_waitingFiles, _waitingBytes) = (0, 0);
            var present = Present(token);
            await SortOutAsync(present, token);
            foreach (var (path, stamp) in present)
                if (_problems.ContainsKey(path)) Wait(stamp.Size);
                else await ReadAsync(path, stamp, token);
            foreach (var old in _position.Files.Values.Where(f => f.GoneAt != 0 && Now - f.GoneAt >= Memory).ToList()) _position.Forget(old.Path);
            if (_position.IsDirty) await LogAsync(null, token);
            _before = present;
            status.Reading(new Dictionary<string, long> { ["files"] = _waitingFiles, ["bytes"] = _waitingBytes }, Problem());
        }

        string? Problem()
        {
            if (_problems.Count == 0) return null;
            var (path, problem) = _problems.First();
            return $"{problem} Choose, with the stream stopped: lockstep stream reset {reader._feed.Source.Name} --to \"again {path}\" reads it from its beginning, --to \"skip {path}\" counts what it holds now as read.{(_problems.Count > 1 ? string.Create(CultureInfo.InvariantCulture, $" {_problems.Count - 1} more wait for a choice.") : "")}";
        }

        SortedDictionary<string, FileStamp> Present(CancellationToken token)
        {
            SortedDictionary<string, FileStamp> present = new(StringComparer.Ordinal);
            var pattern = reader._files.Path;
            var full = Path.GetFullPath(pattern, reader._projectFolder);
            foreach (var file in FilePattern.IsPattern(pattern) ? FilePattern.Expand(reader._projectFolder, pattern, token) : File.Exists(full) ? [full] : [])
            {
                try
                {
                    present.Add(NameOf(file), FileStamp.Of(file));
                }
                catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
                {
                    // it went while it was looked at
                }
            }
            return present;
        }

        string NameOf(string file) => Path.IsPathRooted(reader._files.Path) ? file : Path.GetRelativePath(reader._projectFolder, file).Replace('\\', '/');

        string FullPath(string path) => Path.GetFullPath(path, reader._projectFolder);

        /// <summary>Finds out which file is which: the same, under another name, gone, or another.</summary>
        async Task SortOutAsync(SortedDictionary<string, FileStamp> present, CancellationToken token)
        {
            List<FileProgress> lost = [.. _position.Files.Values.Where(f => f.GoneAt == 0 && !present.ContainsKey(f.Path))];
            foreach (var (path, stamp) in present)
                if (_position.Find(path) is { } file)
                {
                    if (IsSame(file, path, stamp, token))
                    {
                        if (file.GoneAt != 0) _position.Set(file with { GoneAt = 0 });
                    }
                    else if (file.GoneAt != 0) _position.Forget(path); // it was gone, and this is a new one of its name
                    else lost.Add(file);
                }
            Match(present, lost, token);
            foreach (var file in lost)
            {
                if (present.TryGetValue(file.Path, out var stamp)) _problems.TryAdd(file.Path, OtherContent(file, stamp)); // or why it could not be looked at
                else await GoneAsync(file, token);
            }
        }

        /// <summary>Files that are new here and hold what was read of another: one that is lost has moved; of one that is still there they are a copy.</summary>
        void Match(SortedDictionary<string, FileStamp> present, List<FileProgress> lost, CancellationToken token)
        {
            var fresh = present.Where(p => _position.Find(p.Key) is null).ToList();
            if (fresh.Count == 0) return;
            var read = _position.Files.Values.Where(f => f.IsWhole == reader.IsWhole && (f.Taken > 0 || f.Skipped)).ToList();
            var heads = read.ToLookup(f => f.IsWhole ? (-1, "") : (FileMark.HeadBytes(f.Taken), FileMark.HeadOf(f.Mark)));
            var lengths = heads.Select(h => h.Key.Item1).Distinct().ToList();
            var sizes = read.ToLookup(f => f.Size);
            foreach (var (path, stamp) in fresh)
            {
                var same = (reader.IsWhole ? sizes[stamp.Size].Where(f => TryMark(path, token) == f.Mark) : SameLines(path, stamp, heads, lengths)).ToList();
                if (same.Find(f => lost.Contains(f) || f.GoneAt != 0) is { } moved)
                {
                    if (_position.Find(moved.Path) != moved) continue; // under another name already
                    reader.Warn($"{path} holds what was read of {moved.Path}, which is {(present.ContainsKey(moved.Path) ? "another file now" : "gone")}: it is gone on with.");
                    _position.Forget(moved.Path);
                    _position.Set(moved with { Path = path, GoneAt = 0 });
                    lost.Remove(moved);
                }
                else if (same.Count > 0) _problems[path] = $"{path} {(reader.IsWhole ? "is the same as" : "begins with what was read of")} {same[0].Path}, which is still there: its events would count twice.";
            }
        }

        IEnumerable<FileProgress> SameLines(string path, FileStamp stamp, ILookup<(int, string), FileProgress> heads, List<int> lengths)
        {
            using var file = TryOpen(path);
            if (file is null) yield break;
            foreach (var length in lengths.Where(l => l <= stamp.Size))
                foreach (var candidate in heads[(length, FileMark.Head(file, length))])
                    if (candidate.Taken <= stamp.Size && FileMark.OfLines(file, candidate.Taken) == candidate.Mark) yield return candidate;
        }

        bool IsSame(FileProgress file, string path, FileStamp stamp, CancellationToken token)
        {
            if (_known.TryGetValue(path, out var seen) && seen == stamp) return true;
            if (file.IsWhole != reader.IsWhole) return false;
            var same = file.IsWhole ? stamp.Size == file.Size && TryMark(path, token) == file.Mark : IsSame(file, stamp);
            // One that was written to just now may be again, without its times telling.
            if (same && stamp.Changed != 0 && stamp.Changed / 1_000 < Now - 2 * Instant.Second) _known[path] = stamp;
            return same;
        }

        bool IsSame(FileProgress file, FileStamp stamp)
        {
            if (stamp.Size < file.Taken) return false;
            using var open = TryOpen(file.Path);
            return open is not null && FileMark.OfLines(open, file.Taken) == file.Mark;
        }

        static string OtherContent(FileProgress file, FileStamp now) => file.IsWhole
            ? string.Create(CultureInfo.InvariantCulture, $"{file.Path} is not what it was when {(file.Done ? "it was read" : $"its first {file.Taken} rows were read")}: it had {file.Size} bytes and has {now.Size}, or other ones.")
            : now.Size < file.Taken
                ? string.Create(CultureInfo.InvariantCulture, $"{file.Path} has {now.Size} bytes, and {file.Taken} of it were read: it was cut or replaced.")
                : string.Create(CultureInfo.InvariantCulture, $"{file.Path} does not begin with the {file.Taken} bytes that were read of it: it was replaced.");

        /// <summary>What was seen of it and not read is kept as refused: nobody would find out otherwise.</summary>
        async Task GoneAsync(FileProgress file, CancellationToken token)
        {
            _position.Set(file with { GoneAt = Now });
            _known.Remove(file.Path);
            var seen = Math.Max(file.Seen, _before.TryGetValue(file.Path, out var before) ? before.Size : 0);
            var left = file.IsWhole ? file.Done ? 0 : 1 : seen - file.Taken;
            if (left <= 0) return;
            var what = file.IsWhole ? string.Create(CultureInfo.InvariantCulture, $"it is gone, and {file.Taken} of its rows were read")
                : string.Create(CultureInfo.InvariantCulture, $"it is gone, and its last {left} bytes were not read");
            reader.Warn($"{file.Path}: {what}. If it comes back within a week, it is gone on with.");
            var rows = reader._feed.Decode(file.Path, (_, to, _) =>
            {
                to.Rows++;
                to.Refuse(what, []);
            });
            await LogAsync(rows, token);
        }

        async Task ReadAsync(string path, FileStamp stamp, CancellationToken token)
        {
            var file = _position.Find(path) ?? new() { Path = path, Size = reader.IsWhole ? stamp.Size : -1 };
            if (file.Done || !file.IsWhole && stamp.Size == file.Taken) return;
            if (!file.IsWhole) await ReadLinesAsync(file, stamp, token);
            else if (!IsComplete(path, stamp)) Wait(stamp.Size);
            else if (!_failed.TryGetValue(path, out var failed) || failed.Stamp != stamp || Now - failed.At >= TryAgain) await ReadWholeAsync(file, stamp, token);
            else
            {
                Wait(stamp.Size);
                _problems[path] = failed.Problem;
            }
        }

        void Wait(long bytes)
        {
            _waitingFiles++;
            _waitingBytes += bytes;
        }

        async Task ReadLinesAsync(FileProgress file, FileStamp stamp, CancellationToken token)
        {
            using var open = TryOpen(file.Path);
            if (open is null) return;
            if (file.Taken > 0 && FileMark.OfLines(open, file.Taken) != file.Mark) return; // replaced since it was looked at: the next turn tells
            foreach (var (rows, next) in _lines.Read(open, file.Path, new(file.Taken, file.Lines), stamp.Size, toEnd: false, token))
            {
                file = file with { Taken = next.Bytes, Seen = stamp.Size, Lines = next.Lines, Mark = FileMark.OfLines(open, next.Bytes) };
                _position.Set(file);
                await LogAsync(rows, token);
            }
            if (stamp.Size <= file.Taken) return;
            Wait(stamp.Size - file.Taken);
            // It has waited for a turn: should it go, it is known that it was there.
            if (stamp.Size != file.Seen && _before.TryGetValue(file.Path, out var before) && before == stamp) _position.Set(file with { Seen = stamp.Size, Mark = FileMark.OfLines(open, file.Taken) });
        }

        bool IsComplete(string path, FileStamp stamp)
        {
            if (reader._files.Format == TableFormat.Parquet) return stamp.Size >= 12 && HasParquetEnd(path, stamp.Size);
            var now = Now;
            if (now - stamp.Modified >= Settle.Ticks / TimeSpan.TicksPerMicrosecond) return true;
            if (!_settling.TryGetValue(path, out var seen) || seen.Stamp != stamp) _settling[path] = seen = (stamp, now);
            return now - seen.Since >= Settle.Ticks / TimeSpan.TicksPerMicrosecond;
        }

        bool HasParquetEnd(string path, long size)
        {
            using var open = TryOpen(path);
            if (open is null) return false;
            Span<byte> end = stackalloc byte[4];
            return RandomAccess.Read(open, end, size - 4) == 4 && end.SequenceEqual("PAR1"u8);
        }

        async Task ReadWholeAsync(FileProgress file, FileStamp stamp, CancellationToken token)
        {
            var full = FullPath(file.Path);
            var logging = false; // what cannot be logged is not the file's fault: reading begins again where the log ends
            try
            {
                if (file.Mark.Length == 0) file = file with { Mark = FileMark.OfWhole(full, token) };
                foreach (var rows in EventFile.Read(reader._feed, reader._engine, full, file.Path, reader._files.Format!.Value, file.Taken, token))
                {
                    file = file with { Taken = file.Taken + rows.Rows };
                    _position.Set(file);
                    logging = true;
                    await LogAsync(rows, token);
                    logging = false;
                }
                if (FileStamp.Of(full) != stamp && FileMark.OfWhole(full, token) != file.Mark) return; // the next turn tells that it is another
                _settling.Remove(file.Path);
                _failed.Remove(file.Path);
                _position.Set(file with { Done = true });
            }
            catch (Exception e) when (!logging && e is FileNotFoundException or DirectoryNotFoundException)
            {
                // gone: the next turn tells
            }
            catch (Exception e) when (!logging && e is LockstepException or InvalidDataException)
            {
                Wait(stamp.Size);
                _problems[file.Path] = $"{file.Path} cannot be read{(file.Taken > 0 ? string.Create(CultureInfo.InvariantCulture, $" behind its first {file.Taken} rows, which are in the log") : "")}: {e.Message} Put {(file.Taken > 0 ? "what follows them" : "it right")} under another name, and skip this one.";
                _failed[file.Path] = (stamp, Now, _problems[file.Path]);
            }
        }

        async Task LogAsync(EventRows? rows, CancellationToken token)
        {
            await reader._feed.LogAsync(writer, rows ?? reader._feed.Decode("", (_, _, _) => { }), new() { Position = _position.Write() }, token);
            _position.Logged();
        }

        SafeFileHandle? TryOpen(string path) => Try(path, full => File.OpenHandle(full, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));

        string? TryMark(string path, CancellationToken token) => Try(path, full => FileMark.OfWhole(full, token));

        /// <summary>Null: it is gone, or its problem is kept.</summary>
        T? Try<T>(string path, Func<string, T> look) where T : class
        {
            try
            {
                return look(FullPath(path));
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                return null;
            }
            catch (UnauthorizedAccessException e)
            {
                _problems[path] = $"{path} cannot be read: {e.Message}";
                return null;
            }
        }

        /// <summary>What people chose of files that are not what they were.</summary>
        public async Task<IReadOnlyList<string>> ChooseAsync(bool again, string? only, CancellationToken token)
        {
            var present = Present(token);
            await SortOutAsync(present, token);
            if (only is not null && !present.ContainsKey(only)) throw new LockstepException(ErrorKind.NotFound, $"The folder has no file '{only}'.{NearestName.Hint(only, present.Keys, "Files")}");
            List<string> done = [];
            foreach (var path in only is not null ? [only] : _problems.Keys.ToList())
            {
                _position.Set(again ? FromBeginning(path, present[path], token) : TakenAsItIs(path, present[path], token));
                done.Add(again ? $"{path} is read from its beginning." : $"{path} counts as read, as it is now.");
            }
            if (_position.IsDirty) await LogAsync(null, token);
            return done.Count > 0 ? done : ["No file waits for a choice."];
        }

        FileProgress FromBeginning(string path, FileStamp stamp, CancellationToken token) => reader.IsWhole
            ? new() { Path = path, Size = stamp.Size, Mark = FileMark.OfWhole(FullPath(path), token) }
            : new() { Path = path, Mark = FileMark.OfNothing };

        FileProgress TakenAsItIs(string path, FileStamp stamp, CancellationToken token)
        {
            if (reader.IsWhole) return new() { Path = path, Size = stamp.Size, Mark = FileMark.OfWhole(FullPath(path), token), Done = true, Skipped = true };
            using var open = TryOpen(path) ?? throw new LockstepException(ErrorKind.NotFound, $"{path} is gone.");
            var place = EventLines.LastEnd(open, stamp.Size, token);
            return new() { Path = path, Taken = place.Bytes, Lines = place.Lines, Seen = place.Bytes, Mark = FileMark.OfLines(open, place.Bytes) };
        }
    }

    void Warn(string text) => _warn?.Invoke(_feed.Source.Name, text);
}
