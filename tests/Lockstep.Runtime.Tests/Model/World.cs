namespace Lockstep.Runtime.Tests.Model;

/// <summary>The rules S7, S14, S15 and S25 clause by clause. A model with one of them broken must be found out.</summary>
internal enum Clause
{
    None,

    // S15
    LoggedFirst,
    OwnPartition,
    KeysOfPushes,
    AppliedInOrder,
    PlaceWithState,
    RunsReplace,

    // S7
    LeaseHeld,
    RecordedBeforeWriting,
    ComparedWithAllSinceTheLastThatFinished,
    LowerRunsDropped,
    UnreadPushComputedAgain,
    ChangedKeysAfresh,
    MarksStay,

    // S14
    EventsAheadStaySingle,
    GraceKept,
    LateEventsAdded,
    LeftOutIsTaken,

    // S25
    EndLookedUpAfterLogging,
    EndRecordedBeforeReadingTheLog,
    EndNeverBack,
    KeysKeepTheirEnd,
    KeysOfTheLogCovered,
    NothingOfTheLogBeforeTheEnd,
}

/// <summary>The end of a process.</summary>
internal sealed class ModelDeath : Exception;

/// <summary>What all of it stands on: files, the log, the clock, the record of runs.</summary>
internal abstract class World(Clause broken)
{
    public const long Day = 86_400, Grace = 5, MaxFuture = 100, Start = 20 * Day + 43_200;

    /// <summary>An event in the log of a partition.</summary>
    protected sealed record Logged(int Partition, int Place, Item Item);

    /// <summary>A run: the files that it read, how far ahead it took rows, and whether it finished.</summary>
    protected sealed class RunRecord(int number)
    {
        public int Number => number;
        public Dictionary<string, Item[]>? Read { get; set; }
        public long Horizon { get; set; }
        public bool HasLeftOut { get; set; }
        public bool Finished { get; set; }
    }

    readonly HashSet<int> _answered = []; // keys of pushes that are logged
    readonly Queue<IEnumerator<int>> _asleep = [];
    readonly Dictionary<int, int> _applied = []; // by partition: what its server has applied since it started
    Func<int, bool>? _hook;
    int _step;

    public long Now { get; private set; } = Start;
    protected Dictionary<string, Item[]> Files { get; private set; } = [];
    protected List<Logged> Log { get; } = [];
    protected List<RunRecord> Runs { get; } = [];
    protected IEnumerable<Item> TableRows => Files.Values.SelectMany(r => r);

    protected bool Holds(Clause clause) => clause != broken;

    /// <summary>Plays an action; inner ones at the step that it names.</summary>
    public void Play(Act act)
    {
        switch (act)
        {
            case Put put: Files = new(Files) { [put.File] = put.Rows }; break;
            case Remove remove:
                Files = new(Files);
                Files.Remove(remove.File);
                break;
            case Pass pass: Now += pass.Seconds; break;
            case CatchUp catchUp:
                while (_asleep.TryDequeue(out var sleeper)) Finish(sleeper);
                _applied.Remove(Partition(catchUp.Server));
                Finish(Apply(Partition(catchUp.Server), int.MaxValue).GetEnumerator());
                break;
            case Push push: Play(push, Take(push).GetEnumerator()); break;
            case Run run: Steps(run.At, run.Within, run.Dies, RunOnce); break;
        }
    }

    /// <summary>A run that nothing disturbs, after which the log is applied: now the store must say what the rules say.</summary>
    public void Settle()
    {
        for (var server = 0; server < HistoryMaker.Servers; server++) Play(new CatchUp(server));
        RunOnce();
        for (var server = 0; server < HistoryMaker.Servers; server++) Play(new CatchUp(server));
    }

    /// <summary>The instants that a request can have and that edges are near to.</summary>
    public IEnumerable<long> Instants() => TableRows.Concat(Log.Select(l => l.Item)).SelectMany(i => new[] { i.Time, i.Time + 1, i.Time + 5 }).Concat([Now - Grace, Now, Now + MaxFuture]).Where(t => t >= Now - Grace && t <= Now + MaxFuture).Distinct().Order();

    protected IEnumerable<string> Keys() => TableRows.Concat(Log.Select(l => l.Item)).Concat(Runs.Where(r => r.Read is not null).SelectMany(r => r.Read!.Values.SelectMany(f => f))).Select(i => i.Key).Distinct();

    /// <summary>What is different from what the rules say; null: nothing.</summary>
    public abstract string? Judge();

    void Play(Push push, IEnumerator<int> steps)
    {
        for (var step = 1; steps.MoveNext(); step++)
        {
            if (step != push.At) continue;
            foreach (var act in push.Within) Play(act);
            if (push.End == PushEnd.Sleeps) _asleep.Enqueue(steps);
            if (push.End == PushEnd.Dies) _applied.Remove(Partition(push.Server));
            if (push.End != PushEnd.Done) return;
        }
    }

    static void Finish(IEnumerator<int> steps)
    {
        while (steps.MoveNext()) continue;
    }

    void Steps(int at, Act[] within, bool dies, Action action)
    {
        var (hook, step) = (_hook, _step);
        (_hook, _step) = (n =>
        {
            if (n != at) return false;
            foreach (var act in within) Play(act);
            return dies;
        }, 0);
        try
        {
            action();
        }
        catch (ModelDeath)
        {
            // What it wrote stays.
        }
        finally
        {
            (_hook, _step) = (hook, step);
        }
    }

    /// <summary>Between two steps anything may happen.</summary>
    protected void Step()
    {
        if (_hook is not { } hook) return;
        if (hook(++_step)) throw new ModelDeath();
    }

    /// <summary>Before a write: who has lost the lease writes nothing. What is on its way then still arrives.</summary>
    protected void BeforeWriting(RunRecord run)
    {
        if (Holds(Clause.LeaseHeld) && Runs.Count != run.Number) throw new ModelDeath();
        Step();
    }

    int Partition(int server) => Holds(Clause.OwnPartition) ? server : 0;

    /// <summary>S15: a push with a key that the log has seen changes nothing; it is logged, and then applied. Between two steps anything may happen.</summary>
    IEnumerable<int> Take(Push push)
    {
        var partition = Partition(push.Server);
        var early = Holds(Clause.EndLookedUpAfterLogging) ? (long?)null : LookUpEnd();
        yield return 0;
        if (Holds(Clause.KeysOfPushes) && !_answered.Add(push.Key))
        {
            foreach (var step in Apply(partition, int.MaxValue)) yield return step;
            yield break;
        }
        var place = Log.Count(l => l.Partition == partition);
        if (!Holds(Clause.OwnPartition)) yield return 0; // the other server counts, too
        Logged[] events = [.. push.Events.Select((e, i) => new Logged(partition, place + i, e))];
        if (!Holds(Clause.LoggedFirst))
            foreach (var step in Apply(events, early)) yield return step;
        Log.AddRange(events); // and the key in the same frame
        yield return 0;
        foreach (var step in Holds(Clause.AppliedInOrder) ? Apply(partition, place + events.Length, early) : Apply(events, early)) yield return step;
    }

    IEnumerable<int> Apply(int partition, int until, long? early = null)
    {
        var from = _applied.GetValueOrDefault(partition);
        Logged[] events = [.. Log.Where(l => l.Partition == partition && l.Place >= from && l.Place < until).OrderBy(l => l.Place)];
        if (events.Length == 0) yield break;
        foreach (var step in Apply(events, early)) yield return step;
        _applied[partition] = events[^1].Place + 1;
    }

    IEnumerable<int> Apply(Logged[] events, long? early)
    {
        var end = early ?? LookUpEnd();
        yield return 0;
        foreach (var key in events.GroupBy(e => e.Item.Key))
        {
            var places = ApplyTo(key.Key, [.. key], end);
            if (!Holds(Clause.PlaceWithState)) yield return 0;
            places();
            yield return 0;
        }
    }

    protected virtual long LookUpEnd() => long.MinValue;

    /// <summary>One write of a key: what the events change, and then their places.</summary>
    protected abstract Action ApplyTo(string key, Logged[] events, long end);

    void RunOnce()
    {
        var baseline = Runs.LastOrDefault(r => r.Finished);
        RunRecord run = new(Runs.Count + 1) { Horizon = Now + MaxFuture };
        Runs.Add(run);
        Step();
        var read = Files; // never changed in place
        List<RunRecord> before = baseline is null ? [] : Holds(Clause.ComparedWithAllSinceTheLastThatFinished) ? [.. Runs.Where(r => r.Number >= baseline.Number && r.Read is not null)] : [Runs.Last(r => r.Read is not null)];
        if (Holds(Clause.RecordedBeforeWriting)) run.Read = read;
        Step();
        run.HasLeftOut = read.Values.Any(f => f.Any(r => r.Time > run.Horizon));
        Write(run, read, baseline, before);
        Step();
        run.Read = read;
        if (Runs.Count == run.Number) run.Finished = true; // or it has lost its lease
    }

    protected abstract void Write(RunRecord run, Dictionary<string, Item[]> files, RunRecord? baseline, List<RunRecord> before);

    /// <summary>Files that differ from any that was read before, as they were and as they are.</summary>
    protected static (IEnumerable<Item> Added, IEnumerable<Item> Gone) Changes(Dictionary<string, Item[]> files, List<RunRecord> before)
    {
        List<Item> added = [], gone = [];
        foreach (var old in before.Select(b => b.Read!))
        {
            added.AddRange(files.Where(f => !old.TryGetValue(f.Key, out var rows) || rows != f.Value).SelectMany(f => f.Value));
            gone.AddRange(old.Where(f => !files.TryGetValue(f.Key, out var rows) || rows != f.Value).SelectMany(f => f.Value));
        }
        return (added, gone);
    }
}
