using System.Diagnostics;

namespace Lockstep.Compliance;

/// <summary>
/// Looks again and again at what nobody signals: what another process, a broker or a server's health says. Where there is a signal (a line
/// of output, a place that is reached, an answer), wait for that instead.
/// </summary>
public static class Poll
{
    /// <summary>Between two looks.</summary>
    static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10);

    /// <summary>So that a test that waits in vain says for what; no test is to be quicker than this.</summary>
    static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    /// <summary>Returns what was seen when it is as wanted; fails with what was seen last when that does not come about.</summary>
    public static async Task<T> UntilAsync<T>(string what, Func<Task<T>> look, Func<T, bool> wanted, Func<T, string>? describe = null)
    {
        ArgumentNullException.ThrowIfNull(look);
        ArgumentNullException.ThrowIfNull(wanted);
        for (var begun = Stopwatch.GetTimestamp(); ;)
        {
            var seen = await look();
            if (wanted(seen)) return seen;
            if (Stopwatch.GetElapsedTime(begun) > s_limit) Assert.Fail($"Waited in vain for {what}. Last seen: {(describe is null ? seen?.ToString() : describe(seen))}");
            await Task.Delay(s_pause);
        }
    }

    public static Task<T> UntilAsync<T>(string what, Func<T> look, Func<T, bool> wanted, Func<T, string>? describe = null)
    {
        ArgumentNullException.ThrowIfNull(look);
        return UntilAsync(what, () => Task.FromResult(look()), wanted, describe);
    }

    /// <summary>A server is ready when it has read the registry.</summary>
    public static Task ReadyAsync(HttpClient http)
    {
        ArgumentNullException.ThrowIfNull(http);
        return UntilAsync("a server that is ready", () => http.GetAsync("/health/ready"), r => r.IsSuccessStatusCode);
    }
}
