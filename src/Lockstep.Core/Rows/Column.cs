using System.Numerics;

namespace Lockstep.Core.Rows;

/// <summary>
/// Values of one type in memory that grows and is reused: <see cref="Clear"/> keeps the buffers. Readers take the spans of the
/// concrete classes once per batch and decide the type once per column: <see cref="FixedColumn{T}"/>, <see cref="BytesColumn"/>,
/// <see cref="ListColumn"/>. Physical types: bool <c>byte</c> (0 or 1), int32 and date <c>int</c>, int64 and timestamp <c>long</c>,
/// float32 <c>float</c>, float64 <c>double</c>, decimal <c>Int128</c> (unscaled), string and bytes as bytes.
/// The value behind a null is unspecified: look at <see cref="Validity"/> first.
/// </summary>
public abstract class Column(FeatureType type)
{
    ulong[] _validity = [];
    bool _tracked; // false while no null has come: the bitmap is then not kept

    public FeatureType Type { get; } = type;
    public int Count { get; protected set; }

    /// <summary>Bit <c>i &amp; 63</c> of word <c>i >> 6</c> is set where row <c>i</c> has a value; empty when every row has one. Bits past the last row mean nothing.</summary>
    public ReadOnlySpan<ulong> Validity => _tracked ? _validity.AsSpan(0, (Count + 63) >> 6) : [];

    /// <summary>The bitmap itself, or null when every row has a value.</summary>
    internal ulong[]? ValidityBuffer => _tracked ? _validity : null;

    public bool HasNulls => _tracked && NullCount > 0;

    public bool IsNull(int row) => _tracked && (_validity[row >> 6] >> (row & 63) & 1) == 0;

    public int NullCount
    {
        get
        {
            if (!_tracked) return 0;
            var set = 0;
            for (var word = 0; word < Count >> 6; word++) set += BitOperations.PopCount(_validity[word]);
            if ((Count & 63) != 0) set += BitOperations.PopCount(_validity[Count >> 6] & ((1UL << (Count & 63)) - 1));
            return Count - set;
        }
    }

    /// <summary>Bytes that the values take; validity and slack not counted.</summary>
    public abstract long Bytes { get; }

    public static Column Create(FeatureType type, int capacity = 0)
    {
        ArgumentNullException.ThrowIfNull(type);
        Column column = type.Kind switch
        {
            TypeKind.Bool => new FixedColumn<byte>(type),
            TypeKind.Int32 or TypeKind.Date => new FixedColumn<int>(type),
            TypeKind.Int64 or TypeKind.Timestamp => new FixedColumn<long>(type),
            TypeKind.Float32 => new FixedColumn<float>(type),
            TypeKind.Float64 => new FixedColumn<double>(type),
            TypeKind.Decimal => new FixedColumn<Int128>(type),
            TypeKind.String or TypeKind.Bytes => new BytesColumn(type),
            TypeKind.List => new ListColumn(type),
            _ => throw new NotSupportedException($"No column of type {type}."),
        };
        if (capacity > 0) column.Reserve(capacity);
        return column;
    }

    /// <summary>Empties the column and keeps its memory.</summary>
    public virtual void Clear()
    {
        Count = 0;
        _tracked = false;
    }

    /// <summary>Forgets the rows from <paramref name="rows"/> on, and what a row that was never closed has left.</summary>
    public virtual void Truncate(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)rows, (uint)Count);
        Count = rows;
    }

    /// <summary>Makes an empty column of values of one width one of so many rows, none null, to be filled by <see cref="Place"/>; false for others.</summary>
    internal virtual bool TryTake(int rows) => false;

    /// <summary>Writes the rows of another column of the type over those from <paramref name="first"/> on, which are not null yet. Several threads may do so at once, each with its own range.</summary>
    internal virtual void Place(int first, Column rows) => throw new NotSupportedException($"Values of {Type} have no place of their own.");

    public abstract void Reserve(int rows);
    public abstract void AppendNull();
    public abstract void Append(Value value);
    public abstract Value GetValue(int row);

    /// <summary>Appends row <paramref name="row"/> of a column of the same type; -1 appends null.</summary>
    public abstract void AppendFrom(Column source, int row);

    /// <summary>Appends rows of a column of the same type, in the order given; a negative one appends null.</summary>
    public abstract void AppendRows(Column source, ReadOnlySpan<int> rows);

    /// <summary>Keeps these rows, which are in ascending order, and forgets all others; in place.</summary>
    public void Keep(ReadOnlySpan<int> rows)
    {
        MoveDown(rows);
        for (var i = 0; _tracked && i < rows.Length; i++) SetBit(i, !IsNull(rows[i]));
        Count = rows.Length;
    }

    /// <summary>Moves the value of <c>rows[i]</c>, which is never before it, to <c>i</c>.</summary>
    protected abstract void MoveDown(ReadOnlySpan<int> rows);

    /// <summary>Compares two rows of columns of the same type in the order of S6 (null lowest).</summary>
    public int Compare(int row, Column other, int otherRow)
    {
        var (here, there) = (IsNull(row), other.IsNull(otherRow));
        if (here || there) return (here ? 0 : 1) - (there ? 0 : 1);
        return CompareValid(row, other, otherRow);
    }

    protected abstract int CompareValid(int row, Column other, int otherRow);

    /// <summary>Marks the row after the last as valid or null; the caller raises <see cref="Count"/> afterwards.</summary>
    protected void MarkNext(bool valid)
    {
        if (!_tracked)
        {
            if (valid) return;
            Track();
        }
        SetBit(Count, valid);
    }

    /// <summary>Marks rows that were appended in one piece, from a bitmap in the same layout; an empty one means all valid.</summary>
    protected void MarkRange(int first, int rows, ReadOnlySpan<ulong> validity)
    {
        if (rows == 0 || (validity.IsEmpty && !_tracked)) return;
        if (!_tracked) Track();
        EnsureWords(first + rows);
        var (word, shift) = (first >> 6, first & 63);
        for (var done = 0; done < rows; done += 64, word++)
        {
            var mask = rows - done >= 64 ? ulong.MaxValue : (1UL << (rows - done)) - 1;
            var bits = mask & (validity.IsEmpty ? ulong.MaxValue : validity[done >> 6]);
            _validity[word] = (_validity[word] & ~(mask << shift)) | (bits << shift);
            if (shift == 0 || mask >> (64 - shift) is not (> 0 and var over)) continue;
            _validity[word + 1] = (_validity[word + 1] & ~over) | (bits >> (64 - shift));
        }
    }

    /// <summary>Turns a row into null.</summary>
    public void SetNull(int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Count);
        if (!_tracked) Track();
        SetBit(row, false);
    }

    protected void SetValid(int row)
    {
        if (_tracked) SetBit(row, true);
    }

    void Track()
    {
        _tracked = true;
        EnsureWords(Count);
        _validity.AsSpan(0, (Count + 64) >> 6).Fill(ulong.MaxValue);
    }

    void EnsureWords(int row)
    {
        var words = (row >> 6) + 1;
        if (_validity.Length < words) Array.Resize(ref _validity, Math.Max(words, _validity.Length * 2));
    }

    void SetBit(int row, bool valid)
    {
        EnsureWords(row);
        var bit = 1UL << (row & 63);
        if (valid) _validity[row >> 6] |= bit; else _validity[row >> 6] &= ~bit;
    }
}
