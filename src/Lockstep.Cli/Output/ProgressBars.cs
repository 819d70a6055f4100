using Lockstep.Runtime;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Lockstep.Cli.Output;

/// <summary>One bar a step.</summary>
internal sealed class ProgressBars(ProgressContext context) : IProgress<WorkProgress>
{
    readonly Lock _lock = new();
    readonly Dictionary<string, ProgressTask> _tasks = new(StringComparer.Ordinal);

    const int StepWidth = 44;

    public void Report(WorkProgress value)
    {
        lock (_lock)
        {
            if (!_tasks.TryGetValue(value.Step, out var task))
            {
                task = context.AddTask(Markup.Escape(Short(value.Step)), maxValue: 1);
                _tasks.Add(value.Step, task);
            }
            task.State.Update<long>(RateColumn.Rows, _ => value.Rows);
            task.IsIndeterminate = double.IsNaN(value.Fraction);
            if (!task.IsIndeterminate) task.Value = Math.Clamp(value.Fraction, 0, 1);
        }
    }

    /// <summary>One line a bar, whatever the names of views.</summary>
    static string Short(string step) => step.Length <= StepWidth ? step : step[..(StepWidth - 1)] + "…";
}

/// <summary>Rows done, and rows a second since the step began.</summary>
internal sealed class RateColumn : ProgressColumn
{
    public const string Rows = "rows";

    protected override bool NoWrap => true;

    public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
    {
        var rows = task.State.Get<long>(Rows);
        if (rows == 0) return Text.Empty;
        var elapsed = task.ElapsedTime?.TotalSeconds ?? 0;
        var rate = elapsed > 0.2 ? $", {Words.Number((long)(rows / elapsed))}/s" : "";
        return new Text($"{Words.Count(rows, "row")}{rate}");
    }
}
