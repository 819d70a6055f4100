namespace Lockstep.Runtime.Tests.Model;

/// <summary>Counts over windows: tiles, single events, ends (S14, S15, S25).</summary>
internal sealed class WindowsModel(Clause broken = Clause.None) : World(broken)
{
    /// <summary>Length and hop; those of the view that the real thing plays.</summary>
    public static readonly (long Length, long Hop)[] Windows = [(5, 1), (60, 1), (3 * 3_600, 60), (long.MaxValue, Day)];

    sealed class Cell
    {
        public int Run { get; set; }
        public long End { get; set; }
        public long Cut { get; set; } = long.MinValue;
        public Dictionary<int, int> Places { get; } = [];
        public Dictionary<(long Hop, long Start), List<int>> Tiles { get; } = [];
        public List<Item> Singles { get; } = [];
    }

    readonly Dictionary<string, Cell> _cells = [];
    readonly List<(long End, RunRecord? Run)> _ends = [(Floor(Start, Day) - Day, null)]; // apply recorded the first

    long StandingEnd => _ends.Last(e => e.Run is null or { Finished: true }).End;

    static long Floor(long time, long hop) => time - (time % hop + hop) % hop;

    protected override long LookUpEnd() => _ends[^1].End;

    protected override Action ApplyTo(string key, Logged[] events, long end)
    {
        if (!_cells.TryGetValue(key, out var cell))
        {
            if (events.All(e => e.Item.Time < end)) return () => { }; // a key of which nothing counts has no cell, and no end
            _cells[key] = cell = new() { End = end };
        }
        Dictionary<int, int> places = new(cell.Places);
        foreach (var e in events)
        {
            if (e.Place < places.GetValueOrDefault(e.Partition)) continue;
            places[e.Partition] = e.Place + 1;
            if (e.Item.Time < (Holds(Clause.KeysKeepTheirEnd) ? cell.End : end) && Holds(Clause.NothingOfTheLogBeforeTheEnd)) continue;
            if (e.Item.Time < Now - 3_600 && !Holds(Clause.LateEventsAdded)) continue;
            cell.Singles.Add(e.Item);
        }
        Fold(cell);
        return () =>
        {
            foreach (var (partition, place) in places) cell.Places[partition] = Math.Max(place, cell.Places.GetValueOrDefault(partition));
        };
    }

    /// <summary>What no request can need apart goes into the tiles.</summary>
    void Fold(Cell cell)
    {
        cell.Cut = !Holds(Clause.EventsAheadStaySingle) ? long.MaxValue : Math.Max(cell.Cut, Now - (Holds(Clause.GraceKept) ? Grace : 0));
        foreach (var item in cell.Singles.Where(i => i.Time < cell.Cut))
            foreach (var hop in Windows.Select(w => w.Hop).Distinct())
            {
                if (!cell.Tiles.TryGetValue((hop, Floor(item.Time, hop)), out var tile)) cell.Tiles[(hop, Floor(item.Time, hop))] = tile = [];
                tile.Add(item.Id);
            }
        cell.Singles.RemoveAll(i => i.Time < cell.Cut);
    }

    protected override void Write(RunRecord run, Dictionary<string, Item[]> files, RunRecord? baseline, List<RunRecord> before)
    {
        Item[] rows = [.. files.Values.SelectMany(f => f).Where(r => r.Time <= run.Horizon)];
        var (standing, last) = (StandingEnd, _ends.Max(e => e.End));
        var newest = rows.Where(r => r.Time <= Now).Select(r => r.Time).DefaultIfEmpty(long.MinValue / 2).Max();
        var end = Holds(Clause.EndNeverBack) ? Math.Max(last, Floor(newest, Day)) : Floor(newest, Day);
        string[] early = KeysOfTheLog(standing);
        Step();
        if (!Holds(Clause.EndNeverBack) || end >= _ends.Max(e => e.End)) _ends.Add((end, run));
        Step();
        Func<long, bool> isReplaced = _ => true;
        List<string> keys = [.. rows.Select(r => r.Key)];
        if (baseline is not null)
        {
            var (added, gone) = Changes(files, before);
            var ahead = rows.Where(r => r.Time > baseline.Horizon && Holds(Clause.LeftOutIsTaken));
            var days = added.Concat(gone).Concat(ahead).Select(r => Floor(r.Time, Day)).ToHashSet();
            keys.AddRange(gone.Select(r => r.Key)); // a run that died may be about to write them
            isReplaced = time => days.Contains(Floor(time, Day)) || (time >= standing && time < end);
        }
        HashSet<string> written = [];
        foreach (var key in keys.Distinct()) Replace(key);
        Step();
        foreach (var key in _cells.Keys.ToList()) Replace(key);
        Step();
        if (!Holds(Clause.KeysOfTheLogCovered)) return;
        foreach (var key in Holds(Clause.EndRecordedBeforeReadingTheLog) ? KeysOfTheLog(standing) : early)
            if (!_cells.TryGetValue(key, out var cell) || cell.Run != run.Number)
            {
                written.Remove(key);
                Replace(key);
            }

        void Replace(string key)
        {
            if (!written.Add(key)) return;
            BeforeWriting(run);
            if (!_cells.TryGetValue(key, out var cell)) _cells[key] = cell = new() { End = end };
            if (cell.Run > run.Number && Holds(Clause.LowerRunsDropped)) return;
            if (Holds(Clause.RunsReplace))
            {
                foreach (var tile in cell.Tiles.Keys.Where(t => t.Start < end && isReplaced(t.Start)).ToList()) cell.Tiles.Remove(tile);
                cell.Singles.RemoveAll(i => i.Time < end && isReplaced(i.Time));
            }
            cell.Singles.AddRange(rows.Where(r => r.Key == key && r.Time < end && isReplaced(r.Time)));
            (cell.Run, cell.End) = (run.Number, Holds(Clause.EndNeverBack) ? Math.Max(cell.End, end) : end);
            Fold(cell);
        }
    }

    /// <summary>Also of events from the new end on: whoever looked up the old one may be about to make their cells with it.</summary>
    string[] KeysOfTheLog(long from) => [.. Log.Where(l => l.Item.Time >= from).Select(l => l.Item.Key).Distinct()];

    /// <summary>What a reader sees: the ids of the events in a window, in order.</summary>
    public List<int> Read(string key, long at, (long Length, long Hop) window)
    {
        if (!_cells.TryGetValue(key, out var cell)) return [];
        var low = window.Length == long.MaxValue ? long.MinValue : Floor(at - window.Length, window.Hop);
        return [.. cell.Tiles.Where(t => t.Key.Hop == window.Hop && t.Key.Start >= low).SelectMany(t => t.Value).Concat(cell.Singles.Where(i => i.Time >= low && i.Time < at).Select(i => i.Id)).Order()];
    }

    public override string? Judge()
    {
        var end = StandingEnd;
        Item[] truth = [.. TableRows.Where(r => r.Time < end), .. Log.Select(l => l.Item).DistinctBy(i => i.Id).Where(i => i.Time >= end)];
        foreach (var key in Keys())
            foreach (var at in Instants())
                foreach (var window in Windows)
                {
                    var low = window.Length == long.MaxValue ? long.MinValue : Floor(at - window.Length, window.Hop);
                    List<int> expected = [.. truth.Where(i => i.Key == key && i.Time >= low && i.Time < at).Select(i => i.Id).Order()], found = Read(key, at, window);
                    if (!expected.SequenceEqual(found)) return $"key {key} over {window.Length} s at now{at - Now:+0;-0;+0}: [{string.Join(",", found)}] instead of [{string.Join(",", expected)}], end now{end - Now:+0;-0;+0}";
                }
        return null;
    }
}
