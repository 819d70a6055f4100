using System.Buffers.Binary;
using System.Text;
using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Fitting;

/// <summary>Distinct values of one type with their places; finding one allocates nothing.</summary>
public sealed class CategorySet
{
    readonly BytesTable _places = new();

    /// <param name="values">string, int64 or bool, each once.</param>
    public CategorySet(IReadOnlyList<Value> values)
    {
        Values = values ?? throw new ArgumentNullException(nameof(values));
        for (var i = 0; i < values.Count; i++)
            if (_places.Intern(Key(values[i])) != i) throw new FormatException($"The category {values[i]} occurs twice.");
    }

    public IReadOnlyList<Value> Values { get; }

    /// <summary>The place, or -1.</summary>
    internal int Find(ReadOnlySpan<byte> text) => _places.Find(text);

    internal int Find(long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        return _places.Find(bytes);
    }

    internal static byte[] Key(Value value)
    {
        if (value.Kind == TypeKind.String) return Encoding.UTF8.GetBytes(value.AsString);
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value.Kind == TypeKind.Bool ? value.AsBool ? 1 : 0 : value.AsInt64);
        return bytes;
    }
}
