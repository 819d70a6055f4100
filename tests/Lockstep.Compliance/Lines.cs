namespace Lockstep.Compliance;

/// <summary>Lines that a process, or a part of this one, says, and those who wait for one of them. For any number of threads.</summary>
public sealed class Lines
{
    static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    readonly Lock _gate = new();
    readonly List<string> _lines = [];
    TaskCompletionSource _more = New();

    public string Text
    {
        get
        {
            lock (_gate) return string.Join('\n', _lines);
        }
    }

    public void Add(string line)
    {
        TaskCompletionSource wake;
        lock (_gate)
        {
            _lines.Add(line);
            (wake, _more) = (_more, New());
        }
        wake.SetResult();
    }

    /// <summary>The first line that holds a text, said already or to come; fails with all that was said when it does not come.</summary>
    public async Task<string> HearAsync(string text)
    {
        using CancellationTokenSource limit = new(s_limit);
        while (true)
        {
            Task more;
            lock (_gate)
            {
                if (_lines.Find(l => l.Contains(text, StringComparison.Ordinal)) is { } line) return line;
                more = _more.Task;
            }
            try
            {
                await more.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"'{text}' was never said. This was:\n{Text}");
            }
        }
    }

    static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
