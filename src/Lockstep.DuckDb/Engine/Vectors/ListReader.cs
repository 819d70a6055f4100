using Lockstep.Core.Rows;
using Lockstep.DuckDb.Native;

namespace Lockstep.DuckDb.Engine.Vectors;

/// <summary>Lists, and arrays, which are lists of one length. Elements that stand side by side are appended in one piece.</summary>
internal sealed unsafe class ListReader(VectorReader elements, int arraySize) : VectorReader
{
    protected override void Append(nint vector, int first, int count, ReadOnlySpan<ulong> validity, Column to)
    {
        var list = (ListColumn)to;
        try
        {
            if (arraySize > 0) AppendArrays(vector, first, count, validity, list);
            else AppendLists(vector, first, count, validity, list);
        }
        finally
        {
            NonFinite += elements.NonFinite;
            elements.NonFinite = 0;
        }
    }

    void AppendArrays(nint vector, int first, int count, ReadOnlySpan<ulong> validity, ListColumn to)
    {
        var child = Api.duckdb_array_vector_get_child(vector);
        for (var i = 0; i < count; i++) AppendRow(child, (first + i) * arraySize, arraySize, i, validity, to);
    }

    void AppendLists(nint vector, int first, int count, ReadOnlySpan<ulong> validity, ListColumn to)
    {
        var child = Api.duckdb_list_vector_get_child(vector);
        var rows = Values<ListEntry>(vector, first, count);
        if (validity.IsEmpty && SideBySide(rows))
        {
            var end = to.Elements.Count;
            var total = (int)(rows[^1].Offset + rows[^1].Length - rows[0].Offset);
            try
            {
                elements.Append(child, (int)rows[0].Offset, total, to.Elements);
            }
            catch (LossyValueException e)
            {
                var at = (ulong)e.Row + rows[0].Offset;
                var row = 0;
                while (rows[row].Offset + rows[row].Length <= at) row++;
                throw new LossyValueException(row, $"{e.Value} in the list", e.Type);
            }
            foreach (var row in rows) to.EndRow(end += (int)row.Length);
            return;
        }
        for (var i = 0; i < count; i++) AppendRow(child, (int)rows[i].Offset, (int)rows[i].Length, i, validity, to);
    }

    void AppendRow(nint child, int first, int length, int row, ReadOnlySpan<ulong> validity, ListColumn to)
    {
        if (!IsValid(validity, row)) { to.AppendNull(); return; }
        try
        {
            elements.Append(child, first, length, to.Elements);
        }
        catch (LossyValueException e)
        {
            throw new LossyValueException(row, $"{e.Value} in the list", e.Type);
        }
        to.EndRow();
    }

    static bool SideBySide(ReadOnlySpan<ListEntry> rows)
    {
        for (var i = 1; i < rows.Length; i++)
            if (rows[i].Offset != rows[i - 1].Offset + rows[i - 1].Length) return false;
        return true;
    }
}
