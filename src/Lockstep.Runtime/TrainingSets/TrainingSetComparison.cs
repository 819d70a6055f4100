using System.Globalization;
using System.Runtime.InteropServices;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>Compares two training sets of one spine, row by row and bit by bit, up to an instant.</summary>
internal sealed class TrainingSetComparison(IBatchEngine engine, Schema schema, int time)
{
    public static TableInput Table(string path) => new() { Name = "the training set", Format = TableFormat.Parquet, Files = [new(path)] };

    public CutReport Compare(string first, string second, long cut, CancellationToken token)
    {
        using var one = new Cursor(Open(first, token));
        using var other = new Cursor(Open(second, token));
        long at = 0, compared = 0;
        string? difference = null;
        while (true)
        {
            var (rows, otherRows) = (one.Available(token), other.Available(token));
            if (rows == 0 || otherRows == 0)
            {
                if (rows != otherRows) difference ??= $"one has {at + rows} rows or more, the other {at + otherRows}";
                return new() { Cut = cut, Compared = compared, Difference = difference };
            }
            var count = Math.Min(rows, otherRows);
            var times = (FixedColumn<long>)one.Batch[time];
            for (var i = 0; i < count; i++)
                if (IsIncluded(times, one.Row + i, cut)) compared++;
            for (var column = 0; column < schema.Count && difference is null; column++)
            {
                if (AreSame(one.Batch[column], one.Row, other.Batch[column], other.Row, count)) continue;
                for (var i = 0; i < count && difference is null; i++)
                {
                    var (a, b) = (one.Batch[column].GetValue(one.Row + i), other.Batch[column].GetValue(other.Row + i));
                    if (a != b && IsIncluded(times, one.Row + i, cut))
                        difference = string.Create(CultureInfo.InvariantCulture, $"row {at + i + 1} of {times.GetValue(one.Row + i)} has '{schema[column].Name}' = {a}, and {b} when what came later is changed");
                }
            }
            one.Row += count;
            other.Row += count;
            at += count;
        }
    }

    ScanReader Open(string path, CancellationToken token)
        => engine.Scan(new() { Table = Table(path), Columns = [.. schema.Fields.Select(f => new ScanColumn(f.Name, f))], KeepOrder = true }, token);

    static bool IsIncluded(FixedColumn<long> times, int row, long cut) => times.IsNull(row) || times.Values[row] <= cut;

    /// <summary>True only when all bits are the same; where nulls are about the caller looks at single values.</summary>
    static bool AreSame(Column a, int row, Column b, int otherRow, int count)
    {
        if (a.HasNulls || b.HasNulls) return false;
        return (a, b) switch
        {
            (FixedColumn<byte> x, FixedColumn<byte> y) => Bytes(x, row, count).SequenceEqual(Bytes(y, otherRow, count)),
            (FixedColumn<int> x, FixedColumn<int> y) => Bytes(x, row, count).SequenceEqual(Bytes(y, otherRow, count)),
            (FixedColumn<long> x, FixedColumn<long> y) => Bytes(x, row, count).SequenceEqual(Bytes(y, otherRow, count)),
            (FixedColumn<float> x, FixedColumn<float> y) => Bytes(x, row, count).SequenceEqual(Bytes(y, otherRow, count)),
            (FixedColumn<double> x, FixedColumn<double> y) => Bytes(x, row, count).SequenceEqual(Bytes(y, otherRow, count)),
            _ => false,
        };
    }

    static ReadOnlySpan<byte> Bytes<T>(FixedColumn<T> column, int row, int count) where T : unmanaged, IComparable<T>
        => MemoryMarshal.AsBytes(column.Values.Slice(row, count));

    sealed class Cursor(ScanReader reader) : IDisposable
    {
        public ColumnBatch Batch { get; } = new(reader.Schema);
        public int Row { get; set; }

        /// <summary>Rows from <see cref="Row"/> on; 0 at the end.</summary>
        public int Available(CancellationToken token)
        {
            while (Row == Batch.Count)
            {
                Row = 0;
                if (!reader.Read(Batch, token))
                {
                    Batch.Clear();
                    return 0;
                }
            }
            return Batch.Count - Row;
        }

        public void Dispose() => reader.Dispose();
    }
}
