using System.Collections.Concurrent;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.TrainingSets;

// Reads a table on a thread of its own, a few batches ahead of whoever uses them: decoding goes on while the batch before is swept.
// Batches go round: a batch is read into again once the next one was asked for. The reader is touched by that thread alone until it
// has ended, and by nobody after Dispose, which waits for it.
internal sealed class ReadAhead : IDisposable
{
    const int Batches = 3;

    readonly BlockingCollection<(RowRun Rows, double Progress)> _full = new(Batches);
    readonly BlockingCollection<RowRun> _free = new(Batches);
    readonly List<RowRun> _all = [];
    readonly CancellationTokenSource _stop;
    readonly Task _reading;
    RowRun? _used;

    /// <param name="reader">Reads the program's inputs.</param>
    /// <param name="program">Filters and computes on that thread, too.</param>
    /// <param name="token">Stops it.</param>
    public ReadAhead(ScanReader reader, RowProgram program, CancellationToken token)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(token);
        for (var i = 0; i < Batches; i++) _all.Add(program.Open());
        foreach (var rows in _all) _free.Add(rows, token);
        _reading = Task.Factory.StartNew(() => Read(reader), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>How far the reader was with the current batch.</summary>
    public double Progress { get; private set; } = double.NaN;

    /// <summary>The next batch, which is good until the next call; null at the end.</summary>
    public ColumnBatch? Next(CancellationToken token)
    {
        if (_used is not null) _free.Add(_used, token);
        _used = null;
        if (_full.TryTake(out var next, Timeout.Infinite, token))
        {
            (_used, Progress) = next;
            return _used.Output;
        }
        _reading.GetAwaiter().GetResult(); // no more batches come: because it is the end, or because reading failed, which is told here
        return null;
    }

    void Read(ScanReader reader)
    {
        try
        {
            while (true)
            {
                var rows = _free.Take(_stop.Token);
                if (!reader.Read(rows.Input, _stop.Token)) return;
                rows.Run();
                _full.Add((rows, reader.Progress), _stop.Token);
            }
        }
        finally
        {
            _full.CompleteAdding();
        }
    }

    /// <summary>Rows that the filters dropped, when the end was reached.</summary>
    public long Dropped => _all.Sum(r => r.Dropped);

    public void Dispose()
    {
        _stop.Cancel();
        ((IAsyncResult)_reading).AsyncWaitHandle.WaitOne(); // how it ended was told by Next, or nobody asked
        _stop.Dispose();
        _full.Dispose();
        _free.Dispose();
    }
}
