using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expressions.Compiling;

/// <summary>Text as UTF-8 inside somebody's buffer: valid until that buffer is reused.</summary>
public readonly struct Utf8Text(byte[] buffer, int start, int length) : IEquatable<Utf8Text>
{
    readonly byte[]? _buffer = buffer;
    readonly int _start = start;

    public int Length { get; } = length;
    public ReadOnlySpan<byte> Span => _buffer.AsSpan(_start, Length);

    /// <summary>The first 32 bytes from the text's beginning on, whatever follows the text; false too near to the end of the buffer.</summary>
    internal bool TryPeek(out Vector256<byte> bytes)
    {
        if (_buffer is null || _start > _buffer.Length - 32)
        {
            bytes = default;
            return false;
        }
        bytes = Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(_buffer), (nuint)_start);
        return true;
    }

    public static Utf8Text Of(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return new(bytes, 0, bytes.Length);
    }

    public static Utf8Text Of(byte[] bytes) => new(bytes, 0, bytes.Length);
    public Utf8Text Slice(int start, int length) => new(_buffer!, _start + start, length);
    public bool Equals(Utf8Text other) => Span.SequenceEqual(other.Span);
    public int CompareTo(Utf8Text other) => Span.SequenceCompareTo(other.Span);
    public static bool operator ==(Utf8Text left, Utf8Text right) => left.Equals(right);
    public static bool operator !=(Utf8Text left, Utf8Text right) => !left.Equals(right);
    public override bool Equals(object? obj) => obj is Utf8Text other && Equals(other);
    public override int GetHashCode() => (int)XxHash64.Hash(Span);
    public override string ToString() => Encoding.UTF8.GetString(Span);
}

/// <summary>Bytes, in the same form as text but of another type to the functions.</summary>
public readonly record struct Blob(Utf8Text Bytes)
{
    public ReadOnlySpan<byte> Span => Bytes.Span;
}

/// <summary>An instant in microseconds, a type of its own to the functions.</summary>
public readonly record struct Micros(long Value);

/// <summary>Days since 1970, a type of its own to the functions.</summary>
public readonly record struct Days(int Value);

/// <summary>A list inside somebody's buffer: valid until that buffer is reused.</summary>
public readonly struct ListValue<T>
{
    // Four fields and no more: beyond that the JIT keeps a struct in memory and copies it at every step.
    readonly T[]? _items;
    readonly ulong[]? _validity;
    readonly long _starts; // of the items, and from bit 32 on of the bits
    readonly int _count;

    public ListValue(T[] items, int start, int count, ulong[]? validity = null, int validityStart = 0)
        => (_items, _validity, _starts, _count) = (items, validity, (uint)start | (long)validityStart << 32, count);

    public int Count => _count;
    public ReadOnlySpan<T> Items => _items.AsSpan((int)_starts, _count);

    /// <summary>The elements with their nulls as they are: whoever does not look at <see cref="IsNull"/> must know that there are none.</summary>
    public bool IsNull(int index) => _validity is not null && IsClear(_validity, (int)(_starts >> 32) + index);

    static bool IsClear(ulong[] validity, int bit) => (validity[bit >> 6] >> (bit & 63) & 1) == 0;

    /// <summary>Other items with the nulls of this list.</summary>
    internal ListValue<TItem> WithItems<TItem>(TItem[] other, int from) => new(other, from, _count, _validity, (int)(_starts >> 32));

    public bool HasNulls
    {
        get
        {
            if (_validity is null) return false;
            for (var i = 0; i < _count; i++)
                if (IsNull(i)) return true;
            return false;
        }
    }
}

/// <summary>The .NET types that values of a type have in compiled expressions.</summary>
static class Physical
{
    public static Type Of(FeatureType type) => type.Kind switch
    {
        TypeKind.Bool => typeof(bool),
        TypeKind.Int32 => typeof(int), // only inside lists: a value of its own is widened when it is loaded
        TypeKind.Int64 => typeof(long),
        TypeKind.Float32 => typeof(float), // likewise
        TypeKind.Float64 => typeof(double),
        TypeKind.Decimal => typeof(Int128),
        TypeKind.String => typeof(Utf8Text),
        TypeKind.Bytes => typeof(Blob),
        TypeKind.Timestamp => typeof(Micros),
        TypeKind.Date => typeof(Days),
        TypeKind.List => typeof(ListValue<>).MakeGenericType(Of(type.Element!)),
        _ => throw new NotSupportedException($"No values of type {type} in expressions."),
    };

    /// <summary>The type that a column or field of a type has in an expression: integers are int64 there, floats float64 (S17).</summary>
    public static FeatureType Widen(FeatureType type) => type.Kind switch
    {
        TypeKind.Int32 => FeatureType.Int64,
        TypeKind.Float32 => FeatureType.Float64,
        _ => type,
    };

    /// <summary>The type that a parameter of a function stands for; null when it is no value.</summary>
    public static FeatureType? ToFeatureType(Type type)
    {
        if (type == typeof(bool)) return FeatureType.Bool;
        if (type == typeof(int)) return FeatureType.Int32;
        if (type == typeof(long)) return FeatureType.Int64;
        if (type == typeof(float)) return FeatureType.Float32;
        if (type == typeof(double)) return FeatureType.Float64;
        if (type == typeof(Utf8Text)) return FeatureType.String;
        if (type == typeof(Blob)) return FeatureType.Bytes;
        if (type == typeof(Micros)) return FeatureType.Timestamp;
        if (type == typeof(Days)) return FeatureType.Date;
        if (type == typeof(Int128)) return FeatureType.Decimal(FeatureType.MaxPrecision, 0); // any decimal; its scale comes as a parameter of its own
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ListValue<>))
            return ToFeatureType(type.GetGenericArguments()[0]) is { } element ? FeatureType.List(element) : null;
        return null;
    }
}

/// <summary>
/// Memory for texts and lists that an evaluation makes; emptied before each row, so that a request allocates nothing once it has grown.
/// One a thread.
/// </summary>
public sealed class Scratch
{
    byte[] _bytes = new byte[256];
    int _used;
    readonly Dictionary<Type, Arena> _arenas = [];

    abstract class Arena
    {
        public int Used;
        public abstract long Bytes { get; }
    }

    sealed class Arena<T> : Arena
    {
        public T[] Items = new T[64];
        public override long Bytes => (long)Items.Length * System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
    }

    /// <summary>Bytes of memory held.</summary>
    public long Capacity
    {
        get
        {
            long bytes = _bytes.Length;
            foreach (var arena in _arenas.Values) bytes += arena.Bytes;
            return bytes;
        }
    }

    public void Reset()
    {
        _used = 0;
        foreach (var arena in _arenas.Values) arena.Used = 0;
    }

    /// <summary>Room for a text of at most so many bytes; <see cref="Finish"/> keeps what was used of it.</summary>
    public Span<byte> Rent(int length)
    {
        // Texts made earlier keep the old buffer: they hold it themselves.
        if (_bytes.Length - _used < length)
        {
            _bytes = new byte[Math.Max(length, _bytes.Length * 2)];
            _used = 0;
        }
        return _bytes.AsSpan(_used, length);
    }

    public Utf8Text Finish(int length)
    {
        var text = new Utf8Text(_bytes, _used, length);
        _used += length;
        return text;
    }

    public Utf8Text Text(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Rent(bytes.Length));
        return Finish(bytes.Length);
    }

    /// <summary>Items of a list to be filled; valid until <see cref="Reset"/>.</summary>
    public T[] RentList<T>(int count, out int start)
    {
        if (!_arenas.TryGetValue(typeof(T), out var found)) _arenas[typeof(T)] = found = new Arena<T>();
        var arena = (Arena<T>)found;
        if (arena.Items.Length - arena.Used < count)
        {
            arena.Items = new T[Math.Max(count, arena.Items.Length * 2)];
            arena.Used = 0;
        }
        start = arena.Used;
        arena.Used += count;
        return arena.Items;
    }
}
