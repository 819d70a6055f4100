namespace Lockstep.Runtime.Tests.Model;

/// <summary>The newest row of each key from files and pushes together (S5, S6, S7, S14).</summary>
internal sealed class NewestModel(Clause broken = Clause.None) : World(broken)
{
    sealed class Cell
    {
        public int Run { get; set; }
        public Dictionary<int, int> Places { get; } = [];
        public List<Item> Rows { get; set; } = [];
    }

    readonly Dictionary<string, Cell> _cells = [];

    protected override Action ApplyTo(string key, Logged[] events, long end)
    {
        if (!_cells.TryGetValue(key, out var cell)) _cells[key] = cell = new();
        foreach (var e in events)
        {
            if (e.Place < cell.Places.GetValueOrDefault(e.Partition)) continue;
            cell.Places[e.Partition] = e.Place + 1;
            cell.Rows.Add(e.Item);
        }
        Prune(cell);
        return () => { };
    }

    /// <summary>Kept are the row that is current at now - grace, and all after it.</summary>
    void Prune(Cell cell)
    {
        var cut = Now - (Holds(Clause.GraceKept) ? Grace : 0);
        var current = cell.Rows.Where(r => r.Time <= cut).OrderBy(r => r.Time).ThenBy(r => r.Id).LastOrDefault();
        cell.Rows.RemoveAll(r => r.Time <= cut && r.Id != current!.Id);
    }

    protected override void Write(RunRecord run, Dictionary<string, Item[]> files, RunRecord? baseline, List<RunRecord> before)
    {
        var log = Log.ToList(); // as it was read
        Step();
        Item[] rows = [.. files.Values.SelectMany(f => f).Where(r => r.Time <= run.Horizon)];
        if (baseline is null)
        {
            foreach (var key in rows.Select(r => r.Key).Concat(_cells.Keys).Distinct().ToList()) Replace(key);
            return;
        }
        var (added, gone) = Changes(files, before);
        var again = Holds(Clause.ChangedKeysAfresh) ? gone.Select(r => r.Key).ToHashSet() : [];
        foreach (var key in again) Replace(key);
        Item[] more = [.. added.Where(r => r.Time <= run.Horizon), .. rows.Where(r => r.Time > baseline.Horizon && Holds(Clause.LeftOutIsTaken))];
        foreach (var key in more.Select(r => r.Key).Distinct().Where(k => !again.Contains(k)))
        {
            BeforeWriting(run);
            if (!_cells.TryGetValue(key, out var cell)) _cells[key] = cell = new();
            if (cell.Run > run.Number && Holds(Clause.LowerRunsDropped)) continue;
            cell.Rows.AddRange(more.Where(r => r.Key == key));
            cell.Run = Math.Max(cell.Run, run.Number);
            Prune(cell);
        }

        void Replace(string key)
        {
            var read = log;
            BeforeWriting(run);
            if (!_cells.TryGetValue(key, out var cell)) _cells[key] = cell = new();
            if (cell.Run > run.Number && Holds(Clause.LowerRunsDropped)) return;
            if (cell.Places.Any(p => p.Value > read.Count(l => l.Partition == p.Key)) && Holds(Clause.UnreadPushComputedAgain)) read = Log;
            cell.Rows = [.. rows.Where(r => r.Key == key), .. read.Select(l => l.Item).Where(i => i.Key == key)];
            foreach (var partition in read.GroupBy(l => l.Partition)) cell.Places[partition.Key] = Math.Max(cell.Places.GetValueOrDefault(partition.Key), partition.Count());
            cell.Run = run.Number;
            Prune(cell);
            if (cell.Rows.Count == 0 && !Holds(Clause.MarksStay)) _cells.Remove(key);
        }
    }

    public int? Read(string key, long at) => _cells.GetValueOrDefault(key)?.Rows.Where(r => r.Time <= at).OrderBy(r => r.Time).ThenBy(r => r.Id).LastOrDefault()?.Id;

    public override string? Judge()
    {
        Item[] truth = [.. TableRows, .. Log.Select(l => l.Item)];
        foreach (var key in Keys())
            foreach (var at in Instants())
            {
                var expected = truth.Where(r => r.Key == key && r.Time <= at).OrderBy(r => r.Time).ThenBy(r => r.Id).LastOrDefault()?.Id;
                if (expected != Read(key, at)) return $"key {key} at now{at - Now:+0;-0;+0}: {Read(key, at)?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "nothing"} instead of {expected?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "nothing"}";
            }
        return null;
    }
}
