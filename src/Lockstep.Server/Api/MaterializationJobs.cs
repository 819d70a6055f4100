using System.Globalization;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime;
using Lockstep.Runtime.Materialization;
using Microsoft.Extensions.Hosting;

namespace Lockstep.Server.Api;

enum JobState { Running, Succeeded, Failed }

/// <summary>A run that was started over HTTP.</summary>
sealed class MaterializationJob(string id, long startedAt) : IProgress<WorkProgress>
{
    volatile MaterializeReport? _report;
    volatile Exception? _error;
    volatile object? _progress;
    long _endedAt = -1;

    public string Id => id;
    public long StartedAt => startedAt;
    public long? EndedAt => Volatile.Read(ref _endedAt) is >= 0 and var end ? end : null;
    public MaterializeReport? Report => _report;
    public Exception? Error => _error;
    public WorkProgress? Progress => (WorkProgress?)_progress;
    public JobState State => EndedAt is null ? JobState.Running : _error is null && _report is { Succeeded: true } ? JobState.Succeeded : JobState.Failed;

    void IProgress<WorkProgress>.Report(WorkProgress value) => _progress = value;

    public void End(MaterializeReport? report, Exception? error, long at)
    {
        (_report, _error) = (report, error);
        Volatile.Write(ref _endedAt, at);
    }
}

/// <summary>
/// Runs in the background, the last hundred of this process to be asked about. A run that the server's end stops leaves nothing half
/// done: the next one goes on (S7). What ran is recorded with the project besides.
/// </summary>
sealed class MaterializationJobs(Func<Materializer> materializer, TimeProvider clock) : IHostedService, IDisposable
{
    const int Kept = 100;

    readonly Lock _gate = new();
    readonly List<(MaterializationJob Job, Task Running)> _jobs = [];
    readonly CancellationTokenSource _stop = new();
    int _last;

    public IReadOnlyList<MaterializationJob> All
    {
        get
        {
            lock (_gate) return [.. _jobs.Select(j => j.Job).Reverse()];
        }
    }

    public MaterializationJob Start(MaterializeRequest request)
    {
        lock (_gate)
        {
            if (_stop.IsCancellationRequested) throw new LockstepException(ErrorKind.Conflict, "The server is stopping; start the run on another, or later.");
            MaterializationJob job = new((++_last).ToString(CultureInfo.InvariantCulture), Instant.Now(clock));
            if (_jobs.Count >= Kept && _jobs.FindIndex(j => j.Running.IsCompleted) is >= 0 and var oldest) _jobs.RemoveAt(oldest);
            _jobs.Add((job, Task.Run(() => RunAsync(job, request), CancellationToken.None)));
            return job;
        }
    }

    /// <summary>Completes when it has ended, however.</summary>
    public Task WaitAsync(MaterializationJob job, CancellationToken token)
    {
        lock (_gate) return _jobs.Find(j => j.Job == job).Running?.WaitAsync(token) ?? Task.CompletedTask; // forgotten: it has ended
    }

    public MaterializationJob Find(string id)
    {
        lock (_gate)
            return _jobs.Find(j => j.Job.Id == id).Job ?? throw new LockstepException(ErrorKind.NotFound, _jobs.Count == 0
                ? $"There is no run '{id}': none was started since this server began."
                : $"There is no run '{id}'. Of those started since this server began it knows {_jobs[0].Job.Id} to {_jobs[^1].Job.Id}.");
    }

    async Task RunAsync(MaterializationJob job, MaterializeRequest request)
    {
        try
        {
            job.End(await materializer().RunAsync(request, job, _stop.Token), null, Instant.Now(clock));
        }
        catch (Exception failed) when (failed is not OutOfMemoryException)
        {
            job.End(null, failed, Instant.Now(clock)); // told to whoever asks for the run
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Task[] running;
        lock (_gate)
        {
            _stop.Cancel();
            running = [.. _jobs.Select(j => j.Running)];
        }
        await Task.WhenAll(running).WaitAsync(cancellationToken);
    }

    public void Dispose() => _stop.Dispose();
}
