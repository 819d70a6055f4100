namespace Lockstep.Core.Aggregation.Exact;

/// <summary>
/// A signed integer of 128 bits in two words, two's complement. Loops take it instead of Int128: the runtime's own type is compiled when a
/// program runs, and slowly at first, while code over words is compiled ahead of time.
/// </summary>
internal readonly record struct Words128(ulong Low, ulong High)
{
    public int CompareTo(Words128 other) => High == other.High ? Low.CompareTo(other.Low) : ((long)High).CompareTo((long)other.High);

    public static implicit operator Words128(long value) => new((ulong)value, (ulong)(value >> 63));
    public static implicit operator Words128(Int128 value) => new((ulong)value, (ulong)(value >> 64));
    public static implicit operator Int128(Words128 value) => new(value.High, value.Low);
}
