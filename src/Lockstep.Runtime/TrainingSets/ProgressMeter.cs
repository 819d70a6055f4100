namespace Lockstep.Runtime.TrainingSets;

/// <summary>Reports a step's progress when it begins and then at most ten times a second.</summary>
internal sealed class ProgressMeter(IProgress<WorkProgress>? progress, TimeProvider clock)
{
    static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    string _step = "";
    long _rows;
    long _last;

    public void Begin(string step)
    {
        if (progress is null) return;
        (_step, _rows, _last) = (step, 0, clock.GetTimestamp());
        progress.Report(new(step, 0, double.NaN));
    }

    public void Add(int rows, double fraction)
    {
        if (progress is null) return;
        _rows += rows;
        if (clock.GetElapsedTime(_last) < Interval) return;
        _last = clock.GetTimestamp();
        progress.Report(new(_step, _rows, fraction));
    }
}
