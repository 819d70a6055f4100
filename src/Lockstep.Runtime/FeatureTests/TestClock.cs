namespace Lockstep.Runtime.FeatureTests;

/// <summary>Stands at the instant that a test asks for.</summary>
sealed class TestClock(long at) : TimeProvider
{
    long _at = at;

    public void Set(long at) => Volatile.Write(ref _at, at);
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(Volatile.Read(ref _at) * 10);
}
