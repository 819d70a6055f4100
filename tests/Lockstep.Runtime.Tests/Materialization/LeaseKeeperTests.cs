using Lockstep.Compliance.OnlineStore;
using Lockstep.Runtime.Materialization;

namespace Lockstep.Runtime.Tests.Materialization;

public sealed class LeaseKeeperTests
{
    static readonly MaterializerOptions Options = new() { OnlineStore = "test", LeaseWait = TimeSpan.Zero, LeaseDuration = TimeSpan.FromSeconds(15) };

    [Fact]
    public async Task S7_a_lease_is_prolonged_while_the_run_works_and_let_go_at_its_end()
    {
        var clock = new TimerClock();
        var store = new MemoryOnlineStore(clock);
        await using (var keeper = await LeaseKeeper.TakeAsync(store, "v", "me", Options, clock, () => Task.CompletedTask, CancellationToken.None))
        {
            for (var i = 0; i < 5; i++)
            {
                var renewed = new TaskCompletionSource();
                store.Renewing = renewed.SetResult;
                clock.Advance(TimeSpan.FromSeconds(5));
                clock.Fire();
                await renewed.Task;
            }
            Assert.Null(await store.TryAcquireLeaseAsync("v", "you", TimeSpan.FromMinutes(1), CancellationToken.None));
            Assert.False(keeper.Token.IsCancellationRequested);
        }
        Assert.NotNull(await store.TryAcquireLeaseAsync("v", "you", TimeSpan.FromMinutes(1), CancellationToken.None));
    }

    [Fact]
    public async Task S7_a_run_whose_lease_has_passed_on_is_stopped()
    {
        var clock = new TimerClock();
        var store = new MemoryOnlineStore(clock);
        await using var keeper = await LeaseKeeper.TakeAsync(store, "v", "me", Options, clock, () => Task.CompletedTask, CancellationToken.None);
        clock.Advance(TimeSpan.FromSeconds(15));
        var other = await store.TryAcquireLeaseAsync("v", "you", TimeSpan.FromMinutes(1), CancellationToken.None);
        Assert.NotNull(other);
        var stopped = new TaskCompletionSource();
        keeper.Token.Register(stopped.SetResult);
        clock.Fire();
        await stopped.Task;
        Assert.True(keeper.IsLost);
    }

    /// <summary>A clock whose one timer fires when it is told to.</summary>
    sealed class TimerClock : TimeProvider
    {
        DateTimeOffset _now = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);
        Action? _fire;

        public void Advance(TimeSpan by) => _now += by;
        public override DateTimeOffset GetUtcNow() => _now;

        public void Fire() => _fire!();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Assert.Equal(TimeSpan.FromSeconds(5), period);
            _fire = () => callback(state);
            return new Timer();
        }

        sealed class Timer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;
            public void Dispose() { }
            public ValueTask DisposeAsync() => default;
        }
    }
}
