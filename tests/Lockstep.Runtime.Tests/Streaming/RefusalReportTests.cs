using Lockstep.Core.Rows;
using Lockstep.Runtime.Streaming;
using Lockstep.Runtime.Streaming.Intake;

namespace Lockstep.Runtime.Tests.Streaming;

/// <summary>What people are told of refused events.</summary>
public sealed class RefusalReportTests
{
    /// <summary>Its second is over when the test says so.</summary>
    sealed class Seconds : TimeProvider, ITimer
    {
        TimerCallback? _callback;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Assert.Null(_callback);
            Assert.Equal((TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan), (dueTime, period));
            _callback = callback;
            return this;
        }

        public void End() => _callback!(null);

        public bool Change(TimeSpan dueTime, TimeSpan period) => throw new NotSupportedException();
        public void Dispose() => _callback = null;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }

    static EventRows Refused(params string[] reasons)
    {
        EventRows rows = new(new Schema([]), "in/a.jsonl") { Unit = "line" };
        foreach (var reason in reasons)
        {
            (rows.Rows, rows.Number) = (rows.Rows + 1, rows.Number + 1);
            rows.Refuse(reason, "secret"u8);
        }
        return rows;
    }

    [Fact]
    public void The_first_of_a_second_are_told_one_by_one_and_the_others_by_their_number()
    {
        var (told, clock) = (new List<string>(), new Seconds());
        using (RefusalReport report = new(told.Add, "/p/clicks.refused", clock))
        {
            report.Add(Refused());
            Assert.Empty(told);
            report.Add(Refused("a", "b\nc\u001b[31m"));
            report.Add(Refused("d", "e", "f", "g", "h"));
            report.Add(Refused("i"));
            Assert.Equal([
                "refused: in/a.jsonl, line 1: a (kept, like all that are refused, in /p/clicks.refused)", "refused: in/a.jsonl, line 2: b c [31m",
                "refused: in/a.jsonl, line 1: d", "refused: in/a.jsonl, line 2: e", "refused: in/a.jsonl, line 3: f"], told);
            told.Clear();
            clock.End();
            Assert.Equal(["refused: 3 more within a second; all are kept with their places and reasons in /p/clicks.refused"], told);
            told.Clear();
            report.Add(Refused("j"));
            clock.End();
            Assert.Equal(["refused: in/a.jsonl, line 1: j (kept, like all that are refused, in /p/clicks.refused)"], told);
            told.Clear();
            report.Add(Refused([.. Enumerable.Repeat(new string('x', 1_000), 1_000)]));
            Assert.Equal((RefusalReport.Each, true), (told.Count, told.TrueForAll(t => t.Length < 500)));
            told.Clear();
        }
        Assert.Equal(["refused: 995 more within a second; all are kept with their places and reasons in /p/clicks.refused"], told); // also when it ends before the second does
    }
}
