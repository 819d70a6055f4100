using System.Runtime.InteropServices;

namespace Lockstep.Core.Rows;

/// <summary>Lists: the elements of all rows in one column; row <c>i</c> ends at <c>Ends[i]</c>.</summary>
public sealed class ListColumn(FeatureType type) : Column(type)
{
    int[] _ends = [];

    public Column Elements { get; } = Create(type.Element!);
    public ReadOnlySpan<int> Ends => _ends.AsSpan(0, Count);

    internal int[] EndsBuffer => _ends;

    public int Start(int row) => row == 0 ? 0 : _ends[row - 1];
    public int Length(int row) => _ends[row] - Start(row);

    public override long Bytes => Elements.Bytes + (long)Count * sizeof(int);

    public override void Reserve(int rows)
    {
        if (_ends.Length < rows) Array.Resize(ref _ends, Math.Max(rows, Math.Max(16, _ends.Length * 2)));
    }

    public override void Clear()
    {
        base.Clear();
        Elements.Clear();
    }

    public override void Truncate(int rows)
    {
        base.Truncate(rows);
        Elements.Truncate(rows == 0 ? 0 : _ends[rows - 1]);
    }

    /// <summary>Closes a row over the elements appended to <see cref="Elements"/> since the last row.</summary>
    public void EndRow() => EndRow(Elements.Count);

    /// <summary>Closes a row over the elements up to <paramref name="end"/>, which were appended for many rows in one piece.</summary>
    public void EndRow(int end)
    {
        if (Count == _ends.Length) Reserve(Count + 1);
        MarkNext(true);
        _ends[Count++] = end;
    }

    public override void AppendNull()
    {
        if (Count == _ends.Length) Reserve(Count + 1);
        MarkNext(false);
        _ends[Count] = Count == 0 ? 0 : _ends[Count - 1];
        Count++;
    }

    public override void AppendFrom(Column source, int row)
    {
        if (row < 0 || source.IsNull(row)) { AppendNull(); return; }
        var list = (ListColumn)source;
        for (var i = list.Start(row); i < list._ends[row]; i++) Elements.AppendFrom(list.Elements, i);
        EndRow();
    }

    public override void AppendRows(Column source, ReadOnlySpan<int> rows)
    {
        Reserve(Count + rows.Length);
        foreach (var row in rows) AppendFrom(source, row);
    }

    protected override void MoveDown(ReadOnlySpan<int> rows)
    {
        List<int> elements = [];
        for (var i = 0; i < rows.Length; i++)
        {
            for (var element = Start(rows[i]); element < _ends[rows[i]]; element++) elements.Add(element);
            _ends[i] = elements.Count;
        }
        Elements.Keep(CollectionsMarshal.AsSpan(elements));
    }

    public override void Append(Value value)
    {
        if (value.IsNull) { AppendNull(); return; }
        foreach (var element in value.AsList) Elements.Append(element);
        EndRow();
    }

    public override Value GetValue(int row)
    {
        if (IsNull(row)) return Value.Null;
        var elements = new Value[Length(row)];
        for (var i = 0; i < elements.Length; i++) elements[i] = Elements.GetValue(Start(row) + i);
        return Value.List(elements);
    }

    protected override int CompareValid(int row, Column other, int otherRow)
    {
        var list = (ListColumn)other;
        var shared = Math.Min(Length(row), list.Length(otherRow));
        for (var i = 0; i < shared; i++)
            if (Elements.Compare(Start(row) + i, list.Elements, list.Start(otherRow) + i) is var order and not 0) return order;
        return Length(row).CompareTo(list.Length(otherRow));
    }
}
