using Lockstep.Core.Aggregation.Functions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation.PointInTime.Kernels;

/// <summary>mode and top_k: how often each value is in the window, with a list of those that are.</summary>
internal sealed class FrequencyKernel(WindowPlan plan, int state) : SweepKernel(plan, state)
{
    sealed class Window
    {
        public int[] Counts = [], PlaceOf = [], Present = []; // by value, by value, the values that are in the window
        public int Head, Tail, Different;
    }

    readonly ValidEvents _valid = new();
    readonly GroupValues _values = new(byHash: false);
    readonly Window[] _windows = [.. Enumerable.Range(0, plan.Windows.Count).Select(_ => new Window())];
    readonly int[] _best = new int[FrequencyAccumulator.Limit];
    Column _input = null!;
    byte[]? _passes;

    public override void Load(SweepEvents events) => (_input, _passes) = (events.Input(State.Input), events.Passes(State.Input, State.Filter));

    public override void Begin(int start, int end)
    {
        _valid.Load(_passes, start, end);
        _values.Load(_input, _valid);
        for (var r = 0; r < Windows.Length; r++)
        {
            var window = _windows[r];
            if (window.Counts.Length < _values.Count)
            {
                var size = Math.Max(_values.Count, 2 * window.Counts.Length);
                (window.Counts, window.PlaceOf, window.Present) = (new int[size], new int[size], new int[size]);
            }
            window.Counts.AsSpan(0, _values.Count).Clear();
            (window.Head, window.Tail, window.Different) = (0, 0, 0);
        }
    }

    public override void Run(SweepLabels labels, int first, int end, SweepOutput to)
    {
        for (var label = first; label < end; label++)
            for (var f = 0; f < Features.Count; f++)
            {
                var window = _windows[Readings[f]];
                Move(window, _valid.Before(labels.Low(Features[f].Window)[label]), _valid.Before(labels.High(Features[f].Window)[label]));
                var column = to.Columns[Places[f]];
                if (window.Different == 0 || window.Different > FrequencyAccumulator.Limit)
                {
                    column.AppendNull();
                    if (window.Different > 0) to.NoteOutOfRange(Places[f]);
                    continue;
                }
                var many = ((FrequencyOutput)Features[f].Output).Many;
                var best = Best(window, many ?? 1);
                if (many is null) column.AppendFrom(_input, _values.EventOf(best[0]));
                else
                {
                    var list = (ListColumn)column;
                    foreach (var value in best) list.Elements.AppendFrom(_input, _values.EventOf(value));
                    list.EndRow();
                }
            }
    }

    ReadOnlySpan<int> Best(Window window, int many)
    {
        var kept = 0;
        for (var i = 0; i < window.Different; i++)
        {
            var value = window.Present[i];
            if (kept == many && !Precedes(window, value, _best[kept - 1])) continue;
            var at = kept < many ? kept++ : kept - 1;
            for (; at > 0 && Precedes(window, value, _best[at - 1]); at--) _best[at] = _best[at - 1];
            _best[at] = value;
        }
        return _best.AsSpan(0, kept);
    }

    bool Precedes(Window window, int a, int b) => window.Counts[a] != window.Counts[b]
        ? window.Counts[a] > window.Counts[b] : _input.Compare(_values.EventOf(a), _input, _values.EventOf(b)) < 0;

    void Move(Window window, int low, int high)
    {
        for (; window.Head < high; window.Head++)
        {
            var value = _values[window.Head];
            if (window.Counts[value]++ > 0) continue;
            window.PlaceOf[value] = window.Different;
            window.Present[window.Different++] = value;
        }
        for (; window.Tail < low; window.Tail++)
        {
            var value = _values[window.Tail];
            if (--window.Counts[value] > 0) continue;
            var last = window.Present[--window.Different];
            window.Present[window.PlaceOf[value]] = last;
            window.PlaceOf[last] = window.PlaceOf[value];
        }
    }

    protected override Accumulator At(int reading, int low, int high) => throw new NotSupportedException();
}
