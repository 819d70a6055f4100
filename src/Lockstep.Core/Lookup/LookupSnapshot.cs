using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Lookup;

// A snapshot of a lookup table: "LKLT", a version byte, the number of rows, then for each row, in the order of the keys' bytes, the
// length of the key, the key, the length of the row, the row as it is packed online. Little-endian. Equal content gives equal bytes,
// whatever files and order it was read from, so that the hash of the bytes is the hash of the content.
/// <summary>Makes and reads snapshots of lookup tables.</summary>
public static class LookupSnapshot
{
    public const byte FormatVersion = 1;
    const int HeaderSize = 4 + 1 + sizeof(long);
    static ReadOnlySpan<byte> Magic => "LKLT"u8;

    public static string Hash(ReadOnlySpan<byte> snapshot) => Convert.ToHexStringLower(SHA256.HashData(snapshot));

    /// <summary>Gathers the rows of a table.</summary>
    public sealed class Writer(LookupTableVersion table)
    {
        readonly ArrayBufferWriter<byte> _bytes = new();
        readonly List<(int Start, int Key, int Row, long Number)> _rows = [];
        readonly RowWriter _packer = new(new RowLayout(table.Columns));
        long _seen;

        public long RowsWithoutKey { get; private set; }
        public long Rows => _rows.Count;

        /// <param name="batch">Key columns, then columns.</param>
        /// <exception cref="LockstepException">The table is over a limit.</exception>
        public void Add(ColumnBatch batch)
        {
            ArgumentNullException.ThrowIfNull(batch);
            var keys = batch.Columns.Take(table.Keys.Count).ToArray();
            var columns = batch.Columns.Skip(table.Keys.Count).ToArray();
            for (var row = 0; row < batch.Count; row++)
            {
                _seen++;
                var start = _bytes.WrittenCount;
                if (keys.Any(k => k.IsNull(row)))
                {
                    RowsWithoutKey++;
                    continue;
                }
                LookupKey.TryWrite(keys, row, _bytes);
                var key = _bytes.WrittenCount - start;
                _bytes.Write(_packer.Write(columns, row));
                _rows.Add((start, key, _bytes.WrittenCount - start - key, _seen));
                if (_rows.Count > LookupLimits.MaxRows) throw TooLarge($"more than {LookupLimits.MaxRows} rows", nameof(LookupLimits.MaxRows));
                if (_bytes.WrittenCount > LookupLimits.MaxBytes) throw TooLarge($"more than {LookupLimits.MaxBytes >> 20} MiB", nameof(LookupLimits.MaxBytes));
            }
        }

        /// <summary>The snapshot.</summary>
        /// <exception cref="LockstepException">A key occurs twice.</exception>
        public byte[] Finish()
        {
            var bytes = _bytes.WrittenMemory;
            _rows.Sort((a, b) => Key(a).SequenceCompareTo(Key(b)) is var order and not 0 ? order : a.Number.CompareTo(b.Number));
            var snapshot = new byte[HeaderSize + bytes.Length + 2L * sizeof(int) * _rows.Count];
            Magic.CopyTo(snapshot);
            snapshot[Magic.Length] = FormatVersion;
            BinaryPrimitives.WriteInt64LittleEndian(snapshot.AsSpan(Magic.Length + 1), _rows.Count);
            var to = snapshot.AsSpan(HeaderSize);
            for (var i = 0; i < _rows.Count; i++)
            {
                if (i > 0 && Key(_rows[i]).SequenceEqual(Key(_rows[i - 1])))
                    throw new LockstepException(ErrorKind.Failed, $"The key {Shown(_rows[i])} occurs twice in lookup table '{table.Name}', in its rows {_rows[i - 1].Number} and {_rows[i].Number}. A lookup table has one row a key.");
                to = Part(Key(_rows[i]), to);
                to = Part(bytes.Span.Slice(_rows[i].Start + _rows[i].Key, _rows[i].Row), to);
            }
            return snapshot;

            ReadOnlySpan<byte> Key((int Start, int Key, int Row, long Number) row) => bytes.Span.Slice(row.Start, row.Key);
            string Shown((int Start, int Key, int Row, long Number) row) => $"({string.Join(", ", Describe(Key(row)))})";
        }

        static Span<byte> Part(ReadOnlySpan<byte> part, Span<byte> to)
        {
            BinaryPrimitives.WriteInt32LittleEndian(to, part.Length);
            part.CopyTo(to[sizeof(int)..]);
            return to[(sizeof(int) + part.Length)..];
        }

        List<string> Describe(ReadOnlySpan<byte> key)
        {
            List<string> parts = [];
            foreach (var field in table.Keys.Fields)
            {
                var length = field.Type.Kind switch { TypeKind.Bool => 1, TypeKind.Int32 or TypeKind.Int64 => sizeof(long), _ when table.Keys.Count == 1 => key.Length, _ => BinaryPrimitives.ReadInt32LittleEndian(key) };
                if (field.Type.Kind is TypeKind.String or TypeKind.Bytes && table.Keys.Count > 1) key = key[sizeof(int)..];
                var part = key[..length];
                parts.Add($"{field.Name} = {(field.Type.Kind switch
                {
                    TypeKind.Bool => Value.Of(part[0] != 0),
                    TypeKind.String => Value.Of($"'{System.Text.Encoding.UTF8.GetString(part)}'"),
                    TypeKind.Bytes => Value.Of(part.ToArray()),
                    _ => Value.Of(BinaryPrimitives.ReadInt64LittleEndian(part)),
                })}");
                key = key[length..];
            }
            return parts;
        }

        LockstepException TooLarge(string found, string limit)
            => new(ErrorKind.Failed, $"Lookup table '{table.Name}' has {found}, the limit {limit}. It stands in the memory of every server: a larger one is a value view, which is read by key from the online store.");
    }

    /// <summary>Reads a snapshot that was made for columns of these types.</summary>
    /// <exception cref="RowFormatException">The bytes are none.</exception>
    public static LookupData Read(ReadOnlySpan<byte> snapshot, Schema columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        if (snapshot.Length < HeaderSize || !snapshot.StartsWith(Magic)) throw new RowFormatException("The file is not a snapshot of a lookup table.");
        if (snapshot[Magic.Length] != FormatVersion) throw new RowFormatException($"The snapshot has format {snapshot[Magic.Length]}; this program reads {FormatVersion}.");
        var rows = BinaryPrimitives.ReadInt64LittleEndian(snapshot[(Magic.Length + 1)..]);
        var layout = new RowLayout(columns);
        var data = columns.Fields.Select(f => Column.Create(f.Type)).ToArray();
        BytesTable index = new();
        var rest = snapshot[HeaderSize..];
        for (var row = 0L; row < rows; row++)
        {
            if (index.Intern(Part(ref rest)) != row) throw new RowFormatException("A key occurs twice in the snapshot.");
            RowReader reader = new(layout, Part(ref rest));
            for (var i = 0; i < data.Length; i++) data[i].Append(reader.GetValue(i));
        }
        return rest.IsEmpty ? new(index, data) : throw new RowFormatException($"The snapshot has {rest.Length} bytes behind its last row.");

        static ReadOnlySpan<byte> Part(ref ReadOnlySpan<byte> rest)
        {
            var length = rest.Length < sizeof(int) ? -1 : BinaryPrimitives.ReadInt32LittleEndian(rest);
            if (length < 0 || length > rest.Length - sizeof(int)) throw new RowFormatException("The snapshot ends within a row.");
            var part = rest.Slice(sizeof(int), length);
            rest = rest[(sizeof(int) + length)..];
            return part;
        }
    }
}
