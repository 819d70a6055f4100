using Lockstep.Runtime;

namespace Lockstep.Cli.Output;

/// <summary>Progress for logs: a line every five seconds of work, nothing for work that is done sooner.</summary>
internal sealed class ProgressLines(CliConsole console) : IProgress<WorkProgress>
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    readonly Lock _lock = new();
    readonly long _begin = console.Clock.GetTimestamp();
    long _last = console.Clock.GetTimestamp();

    public void Report(WorkProgress value)
    {
        lock (_lock)
        {
            if (console.Clock.GetElapsedTime(_last) < Every) return;
            _last = console.Clock.GetTimestamp();
            var elapsed = console.Clock.GetElapsedTime(_begin);
            var percent = double.IsNaN(value.Fraction) ? "" : $" {(int)(value.Fraction * 100)}%";
            var rows = value.Rows == 0 ? "" : $" {Words.Count(value.Rows, "row")}";
            console.Error.WriteLine($"{value.Step}:{percent}{rows} after {Words.Duration(elapsed)}");
        }
    }
}
