using Lockstep.Core.Aggregation;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Serving;

/// <summary>
/// The features of one aggregation view that a plan reads: windows evaluated at the request's instant, from the tiles of a cell in
/// place (S9, S11). Immutable; what belongs to one request is a <see cref="WindowState"/>, kept from one to the next.
/// </summary>
public sealed class ServedWindows
{
    readonly FreeSlots<WindowState> _free = new(16);

    internal ServedWindows(ViewVersion view, IEnumerable<int> ordinals)
    {
        Program = EventProgram.Of(view);
        Ordinals = [.. ordinals.Distinct().Order()];
        Layout = new(view.Features);
    }

    internal EventProgram Program { get; }

    /// <summary>Features that are computed, by all lookups of the view.</summary>
    internal int[] Ordinals { get; }

    internal RowLayout Layout { get; }

    internal WindowState Rent() => _free.Take() ?? new(this);
    internal void Return(WindowState state) => _free.Leave(state);
}

/// <summary>What one request needs to compute the windows of a view: accumulators, and the row that its values are packed into.</summary>
sealed class WindowState(ServedWindows served)
{
    readonly TileWindows _windows = new(served.Program.Layout, served.Ordinals);
    readonly RowWriter _packer = new(served.Layout);
    readonly Column[] _row = [.. served.Layout.Schema.Fields.Select(f => Null(f.Type))];

    public ServedWindows Served => served;

    public long? Newest => _windows.Newest;
    public long From => _windows.From;
    public long Until => _windows.Until;

    /// <summary>Computes the features as of an instant and appends them as a packed row; behind it a bit for each feature that is out of range (S13), if any is.</summary>
    /// <returns>The length of the row alone, and whether the bits are there.</returns>
    public (int Length, bool OutOfRange) Read(ReadOnlySpan<byte> cell, long at, Utf8Buffer to)
    {
        _windows.Read(cell, at);
        var outOfRange = false;
        for (var i = 0; i < served.Ordinals.Length; i++)
        {
            _row[served.Ordinals[i]] = _windows.Value(i);
            outOfRange |= _windows.Status(i) == AggregateStatus.OutOfRange;
        }
        var packed = _packer.Write(_row, 0);
        to.Write(packed);
        if (!outOfRange) return (packed.Length, false);
        var bits = to.Room(BitBytes);
        bits[..BitBytes].Clear();
        for (var i = 0; i < served.Ordinals.Length; i++)
            if (_windows.Status(i) == AggregateStatus.OutOfRange) bits[served.Ordinals[i] >> 3] |= (byte)(1 << (served.Ordinals[i] & 7));
        to.Advance(BitBytes);
        return (packed.Length, true);
    }

    int BitBytes => (served.Layout.Schema.Count + 7) >> 3;

    static Column Null(FeatureType type)
    {
        var column = Column.Create(type);
        column.AppendNull();
        return column;
    }
}
