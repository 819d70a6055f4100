using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.Tests.Materialization;

namespace Lockstep.Runtime.Tests.Model;

/// <summary>Plays the histories of the model with the real runs, record of runs, merges of cells, and a server that logs and applies.</summary>
internal sealed class RealPlayer : IDisposable
{
    const int StepsOfOne = 3; // a step of the model is about so many of a real run

    readonly MaterializationLab _lab;
    readonly bool _windows;
    readonly long _origin;
    readonly HashSet<int> _answered = [];
    readonly Queue<(int Until, long? End)> _asleep = [];

    RealPlayer(bool windows)
    {
        _windows = windows;
        _lab = windows ? MaterializationLab.OfWindows(TableFormat.Parquet, stream: true) : new(TableFormat.Parquet);
        _lab.Clock.Advance(TimeSpan.FromSeconds(World.Start % World.Day)); // midnights are midnights
        _origin = _lab.Now - World.Start * Instant.Second;
        _lab.Put("always there"); // a table without a file is an error
    }

    public static async Task<RealPlayer> CreateAsync(bool windows)
    {
        RealPlayer player = new(windows);
        if (windows) await player._lab.Runs.RecordEndAsync(player._lab.View.Id, Instant.Floor(player._lab.Now, Instant.Day) - Instant.Day, player._lab.Now, null, CancellationToken.None);
        return player;
    }

    LabRow Row(Item item) => new(item.Key, _origin + item.Time * Instant.Second, null, item.Id % 2, $"{item.Id}");

    public async Task PlayAsync(Act act)
    {
        switch (act)
        {
            case Put put: _lab.Put(put.File, [.. put.Rows.Select(Row)]); break;
            case Remove remove when _lab.Paths.Select(_lab.NameOf).Contains(remove.File): _lab.Remove(remove.File); break;
            case Pass pass: _lab.Clock.Advance(TimeSpan.FromSeconds(pass.Seconds)); break;
            case CatchUp: await CatchUpAsync(again: 3); break;
            case Push push: await PushAsync(push); break;
            case Run run: await RunAsync(run); break;
            default: break;
        }
    }

    async Task PlayAsync(Act[] acts)
    {
        foreach (var act in acts) await PlayAsync(act);
    }

    async Task PushAsync(Push push)
    {
        if (push.At == 1)
        {
            await PlayAsync(push.Within);
            if (push.End != PushEnd.Done) return; // nothing is logged, and nothing answered
        }
        if (_answered.Add(push.Key))
            foreach (var item in push.Events) _lab.Push(Row(item));
        if (push.At == 2)
        {
            await PlayAsync(push.Within);
            if (push.End != PushEnd.Done) return;
        }
        if (_asleep.Count > 0) return; // behind whoever sleeps: a partition is applied in order
        var (end, until) = (_windows ? await ViewEnds.ForWritersAsync(_lab.Runs, _lab.View, CancellationToken.None) : null, _lab.Pushed);
        if (push.At >= 3)
        {
            await PlayAsync(push.Within);
            if (push.End == PushEnd.Sleeps) _asleep.Enqueue((until, end));
            if (push.End != PushEnd.Done) return;
        }
        await _lab.ApplyPushesAsync(end: end, until: until);
    }

    async Task CatchUpAsync(int again)
    {
        while (_asleep.TryDequeue(out var sleeper)) await _lab.ApplyPushesAsync(end: sleeper.End, until: sleeper.Until);
        await _lab.ApplyPushesAsync(again);
    }

    async Task RunAsync(Run run)
    {
        _lab.Clock.Advance(_lab.Options.LeaseDuration); // of a run that died, or that this one overtakes
        Steps steps = new();
        if (run.At > 0) steps.At(run.At * StepsOfOne, () => PlayAsync(run.Within));
        if (run.Dies) steps.DieAt(run.At * StepsOfOne + 1);
        try
        {
            await _lab.RunAsync(null, steps);
        }
        catch (DeathException)
        {
            // What it wrote stays.
        }
    }

    /// <summary>A run that nothing disturbs, the log applied: now the store says what the rules say of files and log.</summary>
    public async Task JudgeAsync(string where)
    {
        await CatchUpAsync(again: 0);
        _lab.Clock.Advance(_lab.Options.LeaseDuration);
        await _lab.RunWellAsync();
        await CatchUpAsync(again: 2);
        if (_windows) await _lab.JudgeWindowsAsync(where);
        else await _lab.JudgeAsync(where);
    }

    public void Dispose() => _lab.Dispose();
}
