using System.Buffers;
using System.Runtime.InteropServices;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Expectations;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Expectations;

/// <summary>
/// The expectations of an aggregation view, over its features as of the instant of a run: of each key that the run is about to write, as
/// they will be once it has. For one thread.
/// </summary>
internal sealed class WindowExpectations
{
    const int MostRows = 1024;
    static readonly int[] First = [0];

    readonly ViewVersion _view;
    readonly ExpectationTally _tally;
    readonly TileWindows _windows;
    readonly TileCellMerger _merger;
    readonly Column[] _inputs;
    readonly Column[] _keys;
    readonly FixedColumn<long> _time = new(FeatureType.Timestamp);
    readonly ArrayBufferWriter<byte> _update = new(1 << 12);
    readonly ArrayBufferWriter<byte> _cell = new(1 << 12);

    WindowExpectations(EventProgram program, ExpectationProgram expected)
    {
        _view = program.View;
        _tally = new(expected);
        _merger = new(program.Layout);
        _windows = new(program.Layout, [.. expected.Inputs.Select(i => _view.Features.IndexOf(i.Name))]);
        _inputs = [.. expected.Inputs.Select(i => Column.Create(i.Type))];
        _keys = [.. _view.Keys.Fields.Select(k => Column.Create(k.Type))];
    }

    /// <summary>Null: there are none.</summary>
    public static WindowExpectations? Of(EventProgram program)
    {
        var view = program.View;
        return ExpectationProgram.Compile(view.Id, view.View.Expect, new($"view '{view.Id}'", view.Features.Fields, [])) is { } expected ? new(program, expected) : null;
    }

    public IReadOnlyList<ExpectationResult> Results => _tally.Results;

    /// <summary>Evaluates the features of a key as of an instant, as if the tiles of these days had been replaced.</summary>
    public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> stored, List<DayRange> ranges, ReadOnlySpan<byte> computed, long at)
    {
        _update.ResetWrittenCount();
        _cell.ResetWrittenCount();
        TileUpdate.Replace(_update, 0, CollectionsMarshal.AsSpan(ranges), computed);
        var changed = _merger.Apply(at, stored, _update.WrittenSpan, _cell) == TileOutcome.Changed;
        _windows.Read(changed ? _cell.WrittenSpan : stored, at);
        for (var i = 0; i < _inputs.Length; i++) _inputs[i].AppendRows(_windows.Value(i), First);
        foreach (var (column, part) in _keys.Zip(EntityKey.Read(key))) column.Append(part);
        _time.Append(at);
        if (_time.Count >= MostRows) Flush();
    }

    void Flush()
    {
        if (_time.Count == 0) return;
        _tally.Add(_inputs, _time.Count, _time, [.. _view.Keys.Fields.Zip(_keys, (k, c) => (k.Name, c))]);
        foreach (var column in _inputs.Concat(_keys).Append(_time)) column.Clear();
    }

    /// <summary>After the last key: ends a run before it has written anything.</summary>
    public void ThrowIfBlocked()
    {
        Flush();
        if (Results is var results && results.Any(r => r.Blocks)) throw new ExpectationsFailedException("Nothing of this run was brought online.", results);
    }
}
