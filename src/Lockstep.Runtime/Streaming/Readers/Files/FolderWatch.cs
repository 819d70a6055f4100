using Lockstep.Runtime.OfflineStore;

namespace Lockstep.Runtime.Streaming.Readers.Files;

/// <summary>Tells soon that something has changed under a folder, where the system says so; in any case now and then.</summary>
sealed class FolderWatch : IDisposable
{
    readonly string _folder;
    readonly bool _deep;
    readonly TimeProvider _clock;
    readonly SemaphoreSlim _changed = new(0, 1);
    FileSystemWatcher? _watcher;

    public FolderWatch(string projectFolder, string pattern, TimeProvider clock)
    {
        _folder = FilePattern.IsPattern(pattern) ? FilePattern.Root(projectFolder, pattern) : Path.GetDirectoryName(Path.GetFullPath(pattern, projectFolder))!;
        (_deep, _clock) = (FilePattern.IsPattern(Path.GetDirectoryName(pattern) ?? ""), clock);
    }

    public async Task WaitAsync(TimeSpan most, CancellationToken token)
    {
        TryWatch();
        using var late = CancellationTokenSource.CreateLinkedTokenSource(token);
        var changed = _changed.WaitAsync(late.Token);
        await Task.WhenAny(changed, Task.Delay(most, _clock, late.Token));
        await late.CancelAsync();
        await changed.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        token.ThrowIfCancellationRequested();
    }

    void TryWatch()
    {
        if (_watcher is not null || !Directory.Exists(_folder)) return;
        try
        {
            _watcher = new(_folder) { IncludeSubdirectories = _deep, NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.Size | NotifyFilters.LastWrite };
            _watcher.Changed += (_, _) => Tell();
            _watcher.Created += (_, _) => Tell();
            _watcher.Deleted += (_, _) => Tell();
            _watcher.Renamed += (_, _) => Tell();
            _watcher.Error += (_, _) => Forget(); // what was missed is seen by looking
            _watcher.EnableRaisingEvents = true;
            Tell(); // what came before it was there
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            Forget(); // the system has no more watches: looking now and then is enough
        }
    }

    void Tell()
    {
        try
        {
            if (_changed.CurrentCount == 0) _changed.Release();
        }
        catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
        {
            // it was told already
        }
    }

    void Forget()
    {
        Interlocked.Exchange(ref _watcher, null)?.Dispose();
        Tell();
    }

    public void Dispose()
    {
        Interlocked.Exchange(ref _watcher, null)?.Dispose();
        _changed.Dispose();
    }
}
