using System.Buffers.Binary;
using System.Reflection;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Lookup;

/// <summary>A lookup table as the functions of an expression: key to row, and row to the value of a column. Several columns of one row find it once.</summary>
static class LookupFunctions
{
    public static FunctionOverload Row(NamedTable table)
    {
        var version = table.Version;
        var method = version.Keys.Count > 1 ? nameof(RowOfKey) : version.Keys[0].Type.Kind switch
        {
            TypeKind.String => nameof(RowOfText),
            TypeKind.Bytes => nameof(RowOfKey),
            TypeKind.Bool => nameof(RowOfFlag),
            _ => nameof(RowOfNumber),
        };
        return new($"row of {version.Id}", Method(method), new(version.Content.Hash, table.Load));
    }

    public static FunctionOverload Value(NamedTable table, int ordinal)
    {
        var (version, type) = (table.Version, table.Version.Columns[ordinal].Type);
        var list = type.Kind == TypeKind.List;
        var method = type.Kind switch
        {
            TypeKind.Bool => Method(nameof(Flag)),
            TypeKind.Int32 => Method(nameof(Small)),
            TypeKind.Int64 => Method(nameof(Number)),
            TypeKind.Date => Method(nameof(Date)),
            TypeKind.Timestamp => Method(nameof(Timestamp)),
            TypeKind.Float32 => Method(nameof(Single)),
            TypeKind.Float64 => Method(nameof(Double)),
            TypeKind.Decimal => Method(nameof(Decimal)),
            TypeKind.String => Method(nameof(Text)),
            TypeKind.Bytes => Method(nameof(Bytes)),
            _ => Method(nameof(List)).MakeGenericMethod(Physical.Of(type.Element!)),
        };
        return new($"{version.Id} {version.Columns[ordinal].Name}", method,
            new($"{version.Content.Hash} {ordinal}", () => table.Load().Columns[ordinal] is var column && list ? LookupList.Of((ListColumn)column) : column), Physical.Widen(type));
    }

    static MethodInfo Method(string name) => typeof(LookupFunctions).GetMethod(name, BindingFlags.Static | BindingFlags.NonPublic)!;

    static bool RowOfText(LookupData data, Utf8Text key, out long row) => (row = data.RowOf(key.Span)) >= 0;
    static bool RowOfKey(LookupData data, Blob key, out long row) => (row = data.RowOf(key.Span)) >= 0;
    static bool RowOfFlag(LookupData data, bool key, out long row) => (row = data.RowOf(key ? [1] : [0])) >= 0;

    static bool RowOfNumber(LookupData data, long key, out long row)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, key);
        return (row = data.RowOf(bytes)) >= 0;
    }

    static bool Flag(FixedColumn<byte> column, long row, out bool value) => Has(column, row, value = column.Buffer[row] != 0);
    static bool Small(FixedColumn<int> column, long row, out long value) => Has(column, row, value = column.Buffer[row]);
    static bool Number(FixedColumn<long> column, long row, out long value) => Has(column, row, value = column.Buffer[row]);
    static bool Date(FixedColumn<int> column, long row, out Days value) => Has(column, row, value = new(column.Buffer[row]));
    static bool Timestamp(FixedColumn<long> column, long row, out Micros value) => Has(column, row, value = new(column.Buffer[row]));
    static bool Single(FixedColumn<float> column, long row, out double value) => Has(column, row, value = column.Buffer[row]);
    static bool Double(FixedColumn<double> column, long row, out double value) => Has(column, row, value = column.Buffer[row]);
    static bool Decimal(FixedColumn<Int128> column, long row, out Int128 value) => Has(column, row, value = column.Buffer[row]);
    static bool Text(BytesColumn column, long row, out Utf8Text value) => Has(column, row, value = BatchLoad.TextAt(column.DataBuffer, column.EndsBuffer, (int)row));
    static bool Bytes(BytesColumn column, long row, out Blob value) => Has(column, row, value = new(BatchLoad.TextAt(column.DataBuffer, column.EndsBuffer, (int)row)));
    static bool List<T>(LookupList<T> lists, long row, out ListValue<T> value) => Has(lists.Column, row, value = lists.At((int)row));

    static bool Has<T>(Column column, long row, T value)
    {
        _ = value; // computed first: the value behind a null is there, and means nothing
        return !column.IsNull((int)row);
    }
}

/// <summary>A column of lists with the elements of all rows in the type that expressions compute with.</summary>
sealed class LookupList<T>(ListColumn column, T[] items)
{
    public ListColumn Column { get; } = column;
    public ListValue<T> At(int row) => new(items, Column.Start(row), Column.Length(row), Column.Elements.ValidityBuffer, Column.Start(row));
}

static class LookupList
{
    public static object Of(ListColumn column) => typeof(LookupList).GetMethod(nameof(Make), BindingFlags.Static | BindingFlags.NonPublic)!
        .MakeGenericMethod(Physical.Of(column.Elements.Type)).Invoke(null, [column])!;

    static LookupList<T> Make<T>(ListColumn column)
    {
        if (column.Elements is FixedColumn<double> or FixedColumn<float> && Physical.Of(column.Elements.Type) == typeof(T))
            return new(column, column.Elements is FixedColumn<double> doubles ? (T[])(object)doubles.Buffer : (T[])(object)((FixedColumn<float>)column.Elements).Buffer);
        var items = new T[column.Elements.Count];
        for (var i = 0; i < items.Length; i++)
            if (column.Elements.GetValue(i) is { IsNull: false } value) items[i] = (T)PhysicalValue.From(value, column.Elements.Type, widen: false);
        return new(column, items);
    }
}
