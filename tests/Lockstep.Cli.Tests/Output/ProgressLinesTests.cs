using Lockstep.Cli.Output;

namespace Lockstep.Cli.Tests.Output;

public sealed class ProgressLinesTests
{
    sealed class HandClock : TimeProvider
    {
        public long Seconds { get; set; }
        public override long TimestampFrequency => 1;
        public override long GetTimestamp() => Seconds;
    }

    [Fact]
    public void A_log_gets_a_line_every_five_seconds_and_none_for_short_work()
    {
        var clock = new HandClock();
        var error = new StringWriter { NewLine = "\n" };
        var lines = new ProgressLines(new CliConsole { Out = TextWriter.Null, Error = error, Clock = clock });
        for (; clock.Seconds <= 11; clock.Seconds++) lines.Report(new("reading weather", clock.Seconds * 1000, clock.Seconds / 20.0));
        Assert.Equal("reading weather: 25% 5,000 rows after 5.00 s\nreading weather: 50% 10,000 rows after 10.0 s\n", error.ToString());
    }
}
