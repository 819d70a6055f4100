using System.Runtime.ExceptionServices;
using Lockstep.Core;
using Lockstep.Core.Definitions;

namespace Lockstep.Runtime.Streaming;

/// <summary>The streams of a project in this process. For any number of threads.</summary>
public sealed class StreamHost(StreamContext context) : IAsyncDisposable
{
    readonly SemaphoreSlim _change = new(1, 1);
    volatile Dictionary<string, SourceFeed> _streams = [];
    volatile Catalog _catalog = Catalog.Empty;
    bool _disposed;

    public StreamContext Context => context;
    public IReadOnlyCollection<SourceFeed> Streams => _streams.Values;

    /// <summary>Follows the catalog: sources and views that are new, changed or gone.</summary>
    public async Task UpdateAsync(Catalog catalog, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        await _change.WaitAsync(token);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var streams = new Dictionary<string, SourceFeed>(StringComparer.Ordinal);
            foreach (var (name, stream) in _streams)
                if (catalog.Sources.GetValueOrDefault(name) is { Stream: not null } source && ReferenceEquals(context.Logs.Of(source), stream.Log) && source.Stream == stream.Source.Stream) streams.Add(name, stream);
                else await stream.DisposeAsync();
            foreach (var source in catalog.Sources.Values.Where(s => s.Stream is not null))
                if (!streams.ContainsKey(source.Name)) streams.Add(source.Name, new(source, context));
            (_streams, _catalog) = (streams, catalog);
            foreach (var stream in streams.Values) await stream.UpdateAsync(catalog, token);
        }
        finally
        {
            _change.Release();
        }
    }

    /// <summary>Begins to apply what is logged, also by processes that have ended.</summary>
    public async Task StartAsync(CancellationToken token)
    {
        foreach (var stream in _streams.Values) await stream.StartAsync(token);
    }

    /// <summary>To be called now and then: takes over partitions whose process has ended, forgets what is past every use.</summary>
    public async Task TurnAsync(CancellationToken token)
    {
        Exception? failed = null;
        foreach (var stream in _streams.Values)
            try
            {
                await stream.TurnAsync(token);
            }
            catch (Exception e) when (e is LockstepException or IOException)
            {
                failed ??= e; // the others need not wait for it
            }
        if (failed is not null) ExceptionDispatchInfo.Throw(failed);
    }

    /// <summary>The stream of a source.</summary>
    public SourceFeed Find(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (_streams.TryGetValue(source, out var stream)) return stream;
        var streams = _catalog.Sources.Values.Where(s => s.Stream is not null).Select(s => s.Name).ToList();
        throw new LockstepException(ErrorKind.NotFound, _catalog.Sources.ContainsKey(source)
            ? $"Source '{source}' has no stream: events cannot be sent to it. Add 'stream: {{ push: {{}} }}' to it, and apply."
            : $"There is no source '{source}'.{NearestName.Hint(source, streams, "Sources with a stream")}");
    }

    public async ValueTask DisposeAsync()
    {
        await _change.WaitAsync(CancellationToken.None);
        try
        {
            _disposed = true;
            foreach (var stream in _streams.Values) await stream.DisposeAsync();
            _streams = [];
        }
        finally
        {
            _change.Release();
        }
    }
}
