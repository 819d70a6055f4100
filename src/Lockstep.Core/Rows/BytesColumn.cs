using System.Text;

namespace Lockstep.Core.Rows;

/// <summary>Text (UTF-8) or bytes, one after the other in one buffer; row <c>i</c> ends at <c>Ends[i]</c>. At most 2 GiB a column.</summary>
public sealed class BytesColumn(FeatureType type) : Column(type)
{
    int[] _ends = [];
    byte[] _data = [];

    public ReadOnlySpan<int> Ends => _ends.AsSpan(0, Count);
    internal int[] EndsBuffer => _ends;
    internal byte[] DataBuffer => _data;
    public int DataLength => Count == 0 ? 0 : _ends[Count - 1];

    /// <summary>The bytes of several rows in one piece, by their places in the buffer.</summary>
    public ReadOnlySpan<byte> Data(int start, int end) => _data.AsSpan(start, end - start);

    /// <summary>The bytes of a row; empty for null.</summary>
    public ReadOnlySpan<byte> this[int row]
    {
        get
        {
            var start = row == 0 ? 0 : _ends[row - 1];
            return _data.AsSpan(start, _ends[row] - start);
        }
    }

    public override long Bytes => DataLength + (long)Count * sizeof(int);

    public override void Reserve(int rows)
    {
        if (_ends.Length < rows) Array.Resize(ref _ends, Math.Max(rows, Math.Max(16, _ends.Length * 2)));
    }

    public void Append(ReadOnlySpan<byte> value)
    {
        var end = Grow(value.Length);
        value.CopyTo(_data.AsSpan(end - value.Length));
        MarkNext(true);
        _ends[Count++] = end;
    }

    public void Append(string text)
    {
        var end = Grow(Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, _data.AsSpan(DataLength, end - DataLength));
        MarkNext(true);
        _ends[Count++] = end;
    }

    public override void AppendNull()
    {
        var end = Grow(0);
        MarkNext(false);
        _ends[Count++] = end;
    }

    int Grow(int bytes)
    {
        if (Count == _ends.Length) Reserve(Count + 1);
        var end = checked(DataLength + bytes);
        if (end > _data.Length) Array.Resize(ref _data, (int)Math.Min(Array.MaxLength, Math.Max(end, Math.Max(64L, _data.Length * 2L))));
        return end;
    }

    public override void AppendFrom(Column source, int row)
    {
        if (row < 0 || source.IsNull(row)) AppendNull();
        else Append(((BytesColumn)source)[row]);
    }

    public override void AppendRows(Column source, ReadOnlySpan<int> rows)
    {
        Reserve(Count + rows.Length);
        foreach (var row in rows) AppendFrom(source, row);
    }

    protected override void MoveDown(ReadOnlySpan<int> rows)
    {
        var end = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            var value = this[rows[i]]; // its start is the end of the row before, which still stands: it was kept in its place, or is not before i
            value.CopyTo(_data.AsSpan(end));
            _ends[i] = end += value.Length;
        }
    }

    public override void Append(Value value)
    {
        if (value.IsNull) AppendNull();
        else if (value.Kind == TypeKind.String) Append(value.AsString);
        else Append((ReadOnlySpan<byte>)value.AsBytes);
    }

    public override Value GetValue(int row) => IsNull(row) ? Value.Null
        : Type.Kind == TypeKind.String ? Value.Of(Encoding.UTF8.GetString(this[row])) : Value.Of(this[row].ToArray());

    protected override int CompareValid(int row, Column other, int otherRow)
        => this[row].SequenceCompareTo(((BytesColumn)other)[otherRow]);
}
