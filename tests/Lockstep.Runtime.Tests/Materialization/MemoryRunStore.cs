using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore;

namespace Lockstep.Runtime.Tests.Materialization;

/// <summary>A record of runs in a list.</summary>
internal sealed class MemoryRunStore : IRunStore
{
    readonly List<RecordedRun> _runs = [];

    public ValueTask<long> BeginAsync(RunStart start, CancellationToken token)
    {
        for (var i = 0; i < _runs.Count; i++)
            if (_runs[i].Start.View == start.View && _runs[i].Start.Store == start.Store && _runs[i].State == RunState.Running) _runs[i] = _runs[i] with { State = RunState.Abandoned };
        _runs.Add(new(_runs.Count + 1, start, RunState.Running, null, []));
        return new(_runs.Count);
    }

    public ValueTask AddReadAsync(long run, TableState state, CancellationToken token)
    {
        _runs[(int)run - 1] = _runs[(int)run - 1] with { Reads = [.. _runs[(int)run - 1].Reads, TableState.Parse(state.ToJson())] };
        return default;
    }

    public ValueTask EndAsync(long run, RunEnd end, CancellationToken token)
    {
        _runs[(int)run - 1] = _runs[(int)run - 1] with { State = end.State, End = end };
        return default;
    }

    public ValueTask<RecordedRun?> FindAsync(string view, string store, Guid token, CancellationToken cancellation)
        => new(_runs.Find(r => r.Start.View == view && r.Start.Store == store && r.Start.Token == token));

    public ValueTask<IReadOnlyList<RecordedRun>> FromAsync(string view, string store, long run, CancellationToken token)
        => new([.. _runs.Where(r => r.Start.View == view && r.Start.Store == store && r.Number >= run)]);

    public ValueTask<IReadOnlyList<RecordedRun>> ListAsync(string? view, int limit, CancellationToken token)
        => new([.. _runs.Where(r => view is null || r.Start.View == view).Reverse().Take(limit).Select(r => r with { Reads = [] })]);

    public ValueTask<long?> StoredVersionAsync(string view, CancellationToken token)
        => new(_runs.FindLast(r => r.Start.View == view && r.State == RunState.Finished && r.End!.StoredVersion is not null)?.End!.StoredVersion);

    readonly List<(string View, RecordedEnd End)> _ends = [];

    public ValueTask RecordEndAsync(string view, long end, long recordedAt, long? run, CancellationToken token)
    {
        if (!_ends.Exists(e => e.View == view && (run is null || e.End.End > end))) _ends.Add((view, new(end, recordedAt, run, false)));
        return default;
    }

    public ValueTask<IReadOnlyList<RecordedEnd>> EndsAsync(string view, CancellationToken token)
        => new([.. _ends.Where(e => e.View == view).Select(e => e.End with { Stands = e.End.Run is not { } run || _runs[(int)run - 1].State == RunState.Finished })]);

    /// <summary>As if the file had been deleted.</summary>
    public void Forget()
    {
        _runs.Clear();
        _ends.Clear();
    }

    public ValueTask DisposeAsync() => default;
}
