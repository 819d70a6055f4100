using System.Runtime.InteropServices;

namespace Lockstep.Sqlite.OnlineStore;

/// <summary>Counts the readers inside, spread over cache lines, so that closing can wait until the last is out: the file is unmapped then.</summary>
internal sealed class ReadGate
{
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    struct Counter
    {
        public long Inside;
    }

    readonly Counter[] _counters = new Counter[Environment.ProcessorCount + 1];
    volatile bool _closed;

    /// <summary>Returns the number to give back to <see cref="Leave"/>.</summary>
    public int Enter()
    {
        var stripe = Thread.GetCurrentProcessorId() % _counters.Length & int.MaxValue;
        if (stripe >= _counters.Length) stripe = 0;
        Interlocked.Increment(ref _counters[stripe].Inside); // a full fence: whoever closes afterwards sees it, or we see the closing
        if (!_closed) return stripe;
        Leave(stripe);
        throw new ObjectDisposedException("online store");
    }

    public void Leave(int stripe) => Interlocked.Decrement(ref _counters[stripe].Inside);

    public async ValueTask CloseAsync()
    {
        _closed = true;
        Interlocked.MemoryBarrierProcessWide();
        while (_counters.Any(c => Volatile.Read(ref c.Inside) != 0)) await Task.Yield();
    }
}
