using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Runtime.Streaming.Apply;

/// <summary>Runs a view's row program over events of the log: conversion, filters, computed columns, as a scan of the same rows does. For one thread.</summary>
sealed class ProgramRows
{
    readonly RowProgram _program;
    readonly RowRun _run;
    readonly Schema _source;
    readonly int[] _ordinals; // of each input in the source; -1: its events never have it
    readonly List<int> _rows = [];

    public ProgramRows(RowProgram program, Schema source)
    {
        (_program, _source) = (program, source);
        _run = program.Open();
        _ordinals = [.. program.Inputs.Select(i => source.IndexOf(i.Column))];
    }

    /// <summary>The outputs of the rows that were kept, until the next call.</summary>
    public ColumnBatch Output => _run.Output;

    public long Dropped { get; private set; }
    public long Unreadable { get; private set; }

    /// <summary>The place in the batch of a row of <see cref="Output"/>.</summary>
    public int RowOf(int output) => _rows[output];

    public void Run(LogBatch batch)
    {
        _rows.Clear();
        (Dropped, Unreadable) = (0, 0);
        if (!TryFill(batch.Rows, 0, batch.Rows.Count) || !TryRun())
        {
            // One of them cannot be read: find out which, and go on with the others.
            List<int> readable = [];
            for (var row = 0; row < batch.Rows.Count; row++)
                if (TryFill(batch.Rows, row, row + 1) && TryRun()) readable.Add(row);
                else Unreadable++;
            _run.Input.Clear();
            foreach (var row in readable) Append(batch.Rows, row, row + 1);
            _rows.AddRange(readable);
            if (!TryRun()) throw new InvalidOperationException("Rows that could be read one by one could not be read together.");
        }
        else _rows.AddRange(Enumerable.Range(0, batch.Rows.Count));
        var kept = _run.Kept;
        if (kept.IsEmpty && _run.Output.Count == _rows.Count) return;
        List<int> left = [];
        foreach (var input in kept) left.Add(_rows[input]);
        Dropped = _rows.Count - left.Count;
        _rows.Clear();
        _rows.AddRange(left);
    }

    bool TryFill(ColumnBatch from, int first, int end)
    {
        _run.Input.Clear();
        return Append(from, first, end);
    }

    bool Append(ColumnBatch from, int first, int end)
    {
        var nonFinite = 0L;
        for (var i = 0; i < _ordinals.Length; i++)
        {
            var to = _run.Input[i];
            if (_ordinals[i] < 0)
                for (var row = first; row < end; row++) to.AppendNull();
            else if (from[_ordinals[i]].Type == to.Type && first == 0 && end == from.Count) AppendAll(from[_ordinals[i]], to, end);
            else if (ColumnCast.Append(from[_ordinals[i]], first, end, to, ref nonFinite) >= 0) return false;
        }
        return true;
    }

    static int[] s_all = [];

    static void AppendAll(Column from, Column to, int rows)
    {
        var all = s_all;
        if (all.Length < rows) s_all = all = [.. Enumerable.Range(0, Math.Max(rows, 8192))];
        to.AppendRows(from, all.AsSpan(0, rows));
    }

    bool TryRun()
    {
        try
        {
            _run.Run();
            return true;
        }
        catch (LockstepException)
        {
            return false; // a computed integer does not fit the feature's type
        }
    }

    /// <summary>What the values of events must convert to besides the source's own types, where not every value does.</summary>
    public static IEnumerable<(int Ordinal, FeatureType As)> Checks(RowProgram program, Schema source)
    {
        foreach (var input in program.Inputs)
            if (source.IndexOf(input.Column) is >= 0 and var at && TypeConversions.Find(source[at].Type, input.As.Type, TableFormat.Delta) == TypeConversion.Checked) yield return (at, input.As.Type);
    }
}
