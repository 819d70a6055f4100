using System.Buffers;
using System.Buffers.Binary;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Lookup;

/// <summary>
/// The bytes of a key: of one part its bytes alone, of several each behind the other with texts and bytes behind their length, as the
/// <c>key</c> functions of expressions make them. Written down in docs/formats.md.
/// </summary>
static class LookupKey
{
    /// <returns>False, with nothing of use written, where a part is null.</returns>
    public static bool TryWrite(ReadOnlySpan<Column> keys, int row, IBufferWriter<byte> to)
    {
        foreach (var column in keys)
        {
            if (column.IsNull(row)) return false;
            switch (column)
            {
                case FixedColumn<byte> flags: to.Write([flags.Values[row]]); break;
                case FixedColumn<int> small: Number(to, small.Values[row]); break;
                case FixedColumn<long> numbers: Number(to, numbers.Values[row]); break;
                case BytesColumn texts when keys.Length == 1: to.Write(texts[row]); break;
                case BytesColumn texts:
                    BinaryPrimitives.WriteInt32LittleEndian(to.GetSpan(sizeof(int)), texts[row].Length);
                    to.Advance(sizeof(int));
                    to.Write(texts[row]);
                    break;
                default: throw new NotSupportedException($"{column.Type} cannot be a key.");
            }
        }
        return true;
    }

    static void Number(IBufferWriter<byte> to, long number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(to.GetSpan(sizeof(long)), number);
        to.Advance(sizeof(long));
    }
}
