using Lockstep.Core.Rows;

namespace Lockstep.Core.PointInTime;

/// <summary>Numbers the distinct values of one key column; the type is decided here, once, and not in the loops.</summary>
internal abstract class KeyPart
{
    /// <summary>Keys of other widths are widened so many at a time.</summary>
    const int Some = 1024;

    public static KeyPart Create(FeatureType type) => type.Kind switch
    {
        TypeKind.Bool or TypeKind.Int32 or TypeKind.Int64 => new OfIntegers(),
        TypeKind.String or TypeKind.Bytes => new OfBytes(),
        _ => throw new NotSupportedException($"{type} cannot be a join key."),
    };

    public abstract int Count { get; }

    /// <summary>The numbers of the first <c>numbers.Length</c> rows, new values included; -1 for null.</summary>
    public abstract void Intern(Column column, Span<int> numbers);

    /// <summary>The numbers of the first <c>numbers.Length</c> rows; -1 for null and for values that were never interned.</summary>
    public abstract void Find(Column column, Span<int> numbers);

    sealed class OfIntegers : KeyPart
    {
        readonly LongTable _table = new();

        public override int Count => _table.Count;

        public override void Intern(Column column, Span<int> numbers)
        {
            var nullable = column.HasNulls;
            Span<long> wide = stackalloc long[Some];
            for (var first = 0; first < numbers.Length; first += Some)
            {
                var keys = Widened(column, first, Math.Min(Some, numbers.Length - first), wide);
                for (var i = 0; i < keys.Length; i++) numbers[first + i] = nullable && column.IsNull(first + i) ? -1 : _table.Intern(keys[i]);
            }
        }

        public override void Find(Column column, Span<int> numbers)
        {
            Span<long> wide = stackalloc long[Some];
            for (var first = 0; first < numbers.Length; first += Some)
            {
                var keys = Widened(column, first, Math.Min(Some, numbers.Length - first), wide);
                _table.Find(keys, numbers.Slice(first, keys.Length));
            }
            MaskNulls(column, numbers);
        }

        static ReadOnlySpan<long> Widened(Column column, int first, int count, Span<long> wide)
        {
            if (column is FixedColumn<long> longs) return longs.Values.Slice(first, count);
            if (column is FixedColumn<int> ints)
                for (var i = 0; i < count; i++) wide[i] = ints.Values[first + i];
            else
                for (var i = 0; i < count; i++) wide[i] = ((FixedColumn<byte>)column).Values[first + i];
            return wide[..count];
        }
    }

    sealed class OfBytes : KeyPart
    {
        readonly BytesTable _table = new();

        public override int Count => _table.Count;

        public override void Intern(Column column, Span<int> numbers)
        {
            var values = (BytesColumn)column;
            for (var row = 0; row < numbers.Length; row++)
                numbers[row] = column.IsNull(row) ? -1 : _table.Intern(values[row]);
        }

        public override void Find(Column column, Span<int> numbers)
        {
            var values = (BytesColumn)column;
            var data = values.Data(0, values.DataLength);
            var ends = values.Ends;
            var start = 0;
            for (var row = 0; row < numbers.Length; row++)
            {
                numbers[row] = _table.Find(data[start..ends[row]]);
                start = ends[row];
            }
            MaskNulls(column, numbers);
        }
    }

    static void MaskNulls(Column column, Span<int> numbers)
    {
        if (!column.HasNulls) return;
        for (var row = 0; row < numbers.Length; row++)
            if (column.IsNull(row)) numbers[row] = -1;
    }
}
