using System.Numerics;
using Lockstep.Core.Rows;

namespace Lockstep.Core.PointInTime;

/// <summary>Numbers the distinct values of one key column; the type is decided here, once, and not in the loops.</summary>
internal abstract class KeyPart
{
    public static KeyPart Create(FeatureType type) => type.Kind switch
    {
        TypeKind.Bool => new Of<byte>(),
        TypeKind.Int32 => new Of<int>(),
        TypeKind.Int64 => new Of<long>(),
        TypeKind.String or TypeKind.Bytes => new OfBytes(),
        _ => throw new NotSupportedException($"{type} cannot be a join key."),
    };

    public abstract int Count { get; }

    /// <summary>The numbers of the first <c>numbers.Length</c> rows, new values included; -1 for null.</summary>
    public abstract void Intern(Column column, Span<int> numbers);

    /// <summary>The numbers of the first <c>numbers.Length</c> rows; -1 for null and for values that were never interned.</summary>
    public abstract void Find(Column column, Span<int> numbers);

    sealed class Of<T> : KeyPart where T : unmanaged, IBinaryInteger<T>
    {
        readonly LongTable _table = new();

        public override int Count => _table.Count;

        public override void Intern(Column column, Span<int> numbers)
        {
            var values = ((FixedColumn<T>)column).Values;
            var nullable = column.HasNulls;
            for (var row = 0; row < numbers.Length; row++)
                numbers[row] = nullable && column.IsNull(row) ? -1 : _table.Intern(long.CreateTruncating(values[row]));
        }

        public override void Find(Column column, Span<int> numbers)
        {
            var values = ((FixedColumn<T>)column).Values;
            for (var row = 0; row < numbers.Length; row++) numbers[row] = _table.Find(long.CreateTruncating(values[row]));
            MaskNulls(column, numbers);
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
