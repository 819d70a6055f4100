using Lockstep.Compliance.Aggregation;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Aggregation.Tiles;

/// <summary>Histories of one key at random: a log whose events come late, early, twice and in any cut, and wait to be written; a table that changes, ends that move, a clock; against the judge.</summary>
public sealed class TileRandomTests
{
    const long Second = Instant.Second;
    const int Steps = 60;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 60)];

    [Theory, MemberData(nameof(Seeds))]
    public void S9_S11_S14_S15_S25_tiles_answer_as_the_events_do(int seed) => Play(seed, false);

    [Theory, MemberData(nameof(Seeds))]
    public void S9_S11_S14_S15_S25_tiles_of_a_cell_in_two_parts_answer_as_the_events_do(int seed) => Play(seed, true);

    static void Play(int seed, bool parted)
    {
        Random random = new(seed);
        var history = new History(random, parted);
        for (var step = 0; step < Steps; step++)
        {
            history.Pass();
            if (random.Next(5) > 0) history.Stream($"seed {seed}, step {step}");
            if (random.Next(4) == 0) history.Run();
            if (random.Next(6) == 0) history.Clean();
            history.Check($"seed {seed}, step {step}");
        }
        Assert.True(!parted || !history.HasLog || history.Fronts > 5, $"seed {seed}: {history.Fronts} updates of the front alone");
    }

    /// <summary>The parts that move.</summary>
    sealed class History
    {
        readonly Random _random;
        readonly TileLab _lab;
        readonly bool _hasTable, _hasLog;
        readonly List<NaiveEvent> _table = [];
        readonly List<(LogPlace Place, NaiveEvent Event)> _log = [];
        readonly Dictionary<uint, long> _next = [];
        List<NaiveEvent> _known = []; // the table as the last run read it
        byte[] _cell = [], _seen = [];
        long _now, _end, _run;

        public History(Random random, bool parted)
        {
            _random = random;
            _lab = TileLab.Everything(random.Next(3) < 2 ? 0 : random.NextInt64(1, 20 * Second), exact: random.Next(2) == 0, parted);
            (_hasTable, _hasLog) = random.Next(3) switch { 0 => (true, false), 1 => (false, true), _ => (true, true) };
            // Near a midnight, before 1970 too, so that days, ends and negative instants take part.
            _now = random.Next(3) switch { 0 => -3 * Instant.Day, 1 => 0, _ => 16_000 * Instant.Day } + Instant.Day - random.NextInt64(2 * Instant.Hour);
            _end = !_hasLog ? TileCell.TableAlone : !_hasTable ? TileCell.LogAlone : Instant.Floor(_now, Instant.Day) - random.Next(0, 2) * Instant.Day;
        }

        public bool HasLog => _hasLog;
        public int Fronts => _lab.Fronts;

        public void Pass() => _now += _random.Next(4) switch { 0 => _random.NextInt64(0, 2 * Instant.Hour), 1 => 0, _ => _random.NextInt64(0, 8 * Second) };

        NaiveEvent Event() => TileLab.Event(_random, _random.Next(12) switch
        {
            0 => _now + _random.NextInt64(0, 10 * Instant.Minute),
            1 => _now - _random.NextInt64(0, 3 * Instant.Day),
            2 => _now - _random.NextInt64(0, 2 * Instant.Hour),
            3 => Instant.Floor(_now - _random.NextInt64(0, 2 * Instant.Minute), Second),
            4 => Instant.Floor(_now, Second) - _random.Next(0, 2),
            5 => _now - 5 * Second - _random.Next(-1, 2),
            _ => _now - _random.NextInt64(0, 20 * Second),
        });

        // Events are applied in any cut, and again from earlier on.
        public void Stream(string what)
        {
            if (!_hasLog) return;
            for (var i = _random.Next(1, 6); i > 0; i--)
            {
                var partition = (uint)_random.Next(3);
                _log.Add((new(partition, _next[partition] = _next.GetValueOrDefault(partition, -1) + _random.Next(1, 3)), Event()));
                if (_hasTable && _random.Next(2) == 0) _table.Add(_log[^1].Event);
            }
            _pending.Add(_lab.LogUpdate(_end, [.. _log.Skip(Math.Max(0, Math.Min(_applied, _log.Count - _random.Next(1, 12))))]));
            _applied = _log.Count;
            if (_random.Next(2) == 0) Write(what);
        }

        int _applied;
        readonly List<ReadOnlyMemory<byte>> _pending = []; // of which readers know already

        byte[] Combined() => TileLab.Bytes(to => TileEvents.Combine(_pending, to));

        void Write(string what)
        {
            var (update, one) = (Combined(), _cell);
            foreach (var single in _pending) one = _lab.Apply(one, single.ToArray(), _now, out _);
            _cell = _lab.Apply(_cell, update, _now, out _);
            Assert.True(_lab.IsParted || _cell.AsSpan().SequenceEqual(one), $"{what}: {_pending.Count} updates in one, and one by one");
            _lab.Apply(_cell, update, _now + _random.Next(3), out var outcome); // a reader that took them before
            Assert.True(outcome == TileOutcome.Unchanged, $"{what}: applied twice");
            _pending.Clear();
        }

        // Days that hold other events than before are computed afresh, or all; where there is a log the end moves.
        public void Run()
        {
            if (!_hasTable) return;
            for (var i = _random.Next(5); i > 0; i--)
                if (_table.Count > 0 && _random.Next(3) == 0) _table.RemoveAt(_random.Next(_table.Count));
                else _table.Add(Event());
            var (before, whole) = (_end, _run++ == 0 || _random.Next(3) == 0);
            if (_hasLog) _end = Math.Max(_end, Instant.Floor(_now, Instant.Day));
            var changed = _table.Except(_known).Concat(_known.Except(_table)).Select(e => Instant.Floor(e.Time!.Value, Instant.Day)).Distinct().Select(d => new DayRange(d, d + Instant.Day));
            List<DayRange> ranges = whole ? [new(long.MinValue, _end)] : [.. changed.Where(r => r.From < _end), .. before < _end ? new[] { new DayRange(before, _end) } : []];
            var computed = _lab.Build(_table.Where(e => e.Time < _end && ranges.Any(r => e.Time >= r.From && e.Time < r.To)), _now, _run, _end) ?? _lab.Nothing(_run, _end);
            _known = [.. _table];
            _now += _random.NextInt64(0, 9 * Second); // until it is written
            _cell = _lab.Apply(_cell, TileLab.Bytes(to => TileUpdate.Replace(to, 0, [.. ranges], computed)), _now, out _);
        }

        public void Clean() => _cell = _lab.Apply(_cell, TileLab.Bytes(to => TileUpdate.Clean(to, 0)), _now, out _);

        public void Check(string what)
        {
            List<NaiveEvent> truth = [.. _known.Where(e => e.Time < _end), .. _log.Select(l => l.Event).Where(e => e.Time >= _end)];
            if (_hasTable && _run == 0) return;
            _seen = _pending.Count == 0 ? _cell : _lab.Apply(_cell, Combined(), _now, out _);
            for (var i = 0; i < 4; i++)
            {
                var at = _random.Next(5) switch { 0 => _now - 5 * Second, 1 => _now, 2 => _now + _random.NextInt64(0, 3 * Instant.Day), 3 => Instant.Floor(_now + _random.NextInt64(0, 20 * Second), Second), _ => _now - _random.NextInt64(0, 5 * Second) };
                _lab.Check(_seen, truth, at, what);
                var (from, until) = (_lab.Windows.From, _lab.Windows.Until);
                foreach (var other in new[] { from, until, _random.NextInt64(Math.Max(from, at - Instant.Day), Math.Min(until, at + Instant.Day) + 1) })
                    if (other >= _now - 5 * Second && other < at + Instant.Day) Same(at, other, $"{what}: as of {at} it says that it holds from {from} until {until}, but not at {other}");
            }
        }

        void Same(long at, long other, string what) => Assert.True(Answer(at).SequenceEqual(Answer(other)), what);

        List<(Value, int)> Answer(long at)
        {
            _lab.Windows.Read(_seen, at);
            return [.. _lab.Naive.Select((_, i) => (_lab.Windows.Value(i).GetValue(0), (int)_lab.Windows.Status(i))), (Value.Of(_lab.Windows.Newest ?? -1), 0)];
        }
    }
}
