using Lockstep.DuckDb.Native;

namespace Lockstep.DuckDb.Engine;

/// <summary>
/// While it is open, a cancelled token interrupts the connection. DuckDB forgets an interrupt that arrives just before a statement
/// begins, so it is repeated until the scope is closed.
/// </summary>
internal sealed class InterruptScope : IDisposable
{
    static readonly TimeSpan Again = TimeSpan.FromMilliseconds(20);

    readonly Connection _connection;
    readonly CancellationTokenRegistration _registration;
    readonly Lock _lock = new();
    Timer? _repeat;
    bool _closed;

    public InterruptScope(Connection connection, CancellationToken token)
    {
        _connection = connection;
        _registration = token.UnsafeRegister(static scope => ((InterruptScope)scope!).Begin(), this);
    }

    void Begin()
    {
        lock (_lock)
            if (!_closed) _repeat = new Timer(static scope => ((InterruptScope)scope!).Interrupt(), this, TimeSpan.Zero, Again);
    }

    void Interrupt()
    {
        lock (_lock)
            if (!_closed) Api.duckdb_interrupt(_connection.Handle);
    }

    public void Dispose()
    {
        _registration.Dispose();
        lock (_lock)
        {
            _closed = true;
            _repeat?.Dispose();
        }
    }
}
