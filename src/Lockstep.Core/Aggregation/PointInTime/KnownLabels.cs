using Lockstep.Core.Aggregation.PointInTime.Kernels;

namespace Lockstep.Core.Aggregation.PointInTime;

// S8: an event counts only from the instant on at which it was known, and until the table brings its day (S25). Of most labels every
// event of their windows was known, and the kernels have the answer. A label for which the widest window holds an event that was not
// is computed by itself, from the events of its windows that were known.
internal sealed class KnownLabels
{
    readonly WindowPlan _plan;
    readonly SweepEvents _events;
    readonly SweepLabels _labels;
    readonly int[] _windows; // a window whose lower end, and one whose upper end, is the outermost
    readonly Accumulator?[,] _states;
    readonly EventQueue _latest = new(), _soonest = new(); // those known the latest, and replaced the soonest, first
    int[] _rows = [];

    public KnownLabels(WindowPlan plan, SweepEvents events, SweepLabels labels)
    {
        (_plan, _events, _labels) = (plan, events, labels);
        _windows = [.. Enumerable.Range(0, plan.Windows.Count)];
        _states = new Accumulator?[plan.States.Count, plan.Windows.Count];
        foreach (var feature in plan.Features)
        {
            _states[feature.State, feature.Window] ??= plan.States[feature.State].Spec.Create();
            if (feature.Over >= 0) _states[feature.OverState, feature.Over] ??= plan.States[feature.OverState].Spec.Create();
        }
    }

    /// <summary>Sweeps runs of labels that know all their events, and computes the others.</summary>
    public void Run(int start, int end, ReadOnlySpan<long> labels, Action<int, int, SweepOutput> sweep, SweepOutput output)
    {
        if (_rows.Length < end - start) _rows = new int[end - start];
        _latest.Clear(end - start);
        _soonest.Clear(end - start);
        var known = _events.Known;
        var until = _events.Until;
        var (next, plain) = (start, 0);
        for (var label = 0; label < labels.Length; label++)
        {
            var (low, high) = (int.MaxValue, 0);
            foreach (var window in _windows) (low, high) = (Math.Min(low, _labels.Low(window)[label]), Math.Max(high, _labels.High(window)[label]));
            for (; next < high; next++)
            {
                _latest.Add(next, known[next]);
                if (!until.IsEmpty) _soonest.Add(next, ~until[next]); // the greatest is the soonest
            }
            if (_latest.MostFrom(low) is not { } last || (last <= labels[label] && (until.IsEmpty || ~_soonest.MostFrom(low)!.Value > labels[label]))) continue;
            if (plain < label) sweep(plain, label, output);
            plain = label + 1;
            Compute(label, labels[label], output);
        }
        if (plain < labels.Length) sweep(plain, labels.Length, output);
    }

    void Compute(int label, long at, SweepOutput output)
    {
        var known = _events.Known;
        var until = _events.Until;
        for (var state = 0; state < _plan.States.Count; state++)
        {
            var planned = _plan.States[state];
            var (input, passes) = (planned.Input < 0 ? null : _events.Input(planned.Input), _events.Passes(planned.Input, planned.Filter));
            foreach (var window in _windows)
            {
                if (_states[state, window] is not { } accumulator) continue;
                var count = 0;
                for (var i = _labels.Low(window)[label]; i < _labels.High(window)[label]; i++)
                    if (known[i] <= at && (until.IsEmpty || until[i] > at) && (passes is null || passes[i] != 0)) _rows[count++] = i;
                accumulator.Clear();
                accumulator.Add(input, _events.Times, _rows.AsSpan(0, count));
            }
        }
        for (var f = 0; f < _plan.Features.Count; f++)
        {
            var feature = _plan.Features[f];
            var (over, overBounds) = feature.Over < 0 ? (null, default) : (_states[feature.OverState, feature.Over], _labels.Bounds(feature.Over)[label]);
            var status = feature.AppendTo(_states[feature.State, feature.Window]!, _labels.Bounds(feature.Window)[label], over, overBounds, output.Columns[f]);
            if (status == AggregateStatus.OutOfRange) output.NoteOutOfRange(f);
        }
    }

    /// <summary>The greatest number among the last events: a deque of those that no later one exceeds.</summary>
    sealed class EventQueue
    {
        (int Event, long Number)[] _queue = [];
        int _head, _tail;

        public void Clear(int events)
        {
            if (_queue.Length < events) _queue = new (int, long)[events];
            (_head, _tail) = (0, 0);
        }

        public void Add(int e, long number)
        {
            while (_tail > _head && _queue[_tail - 1].Number <= number) _tail--;
            _queue[_tail++] = (e, number);
        }

        /// <summary>Of the events from this one on; null: there are none. It never goes back.</summary>
        public long? MostFrom(int first)
        {
            while (_head < _tail && _queue[_head].Event < first) _head++;
            return _head == _tail ? null : _queue[_head].Number;
        }
    }
}
