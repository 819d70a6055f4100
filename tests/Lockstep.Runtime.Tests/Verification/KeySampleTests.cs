using Lockstep.Runtime.Verification;

namespace Lockstep.Runtime.Tests.Verification;

public sealed class KeySampleTests
{
    [Fact]
    public void A_sample_depends_on_the_set_of_keys_alone()
    {
        var keys = Enumerable.Range(0, 1_000).Select(i => BitConverter.GetBytes(i)).ToList();
        KeySample forward = new(50, 7), backward = new(50, 7), other = new(50, 8);
        foreach (var key in keys) forward.Offer(key);
        foreach (var key in keys.Concat(keys).Reverse()) backward.Offer(key);
        foreach (var key in keys) other.Offer(key);
        Assert.Equal(50, forward.Keys.Count);
        Assert.Equal(forward.Keys, backward.Keys);
        Assert.NotEqual(forward.Keys, other.Keys);
    }
}
