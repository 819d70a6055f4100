using System.Buffers.Binary;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;

namespace Lockstep.Core.Expressions.Functions;

/// <summary>The bytes of a key of several parts, part by part: numbers in their width, texts and bytes behind their length, so that ("1", "23") and ("12", "3") never meet.</summary>
static class KeyFunctions
{
    [Function("key", Hidden = true)] public static Blob Of(Scratch scratch, Utf8Text part) => Add(scratch, default, part);
    [Function("key", Hidden = true)] public static Blob Of(Scratch scratch, Blob part) => Add(scratch, default, part);
    [Function("key", Hidden = true)] public static Blob Of(Scratch scratch, long part) => Add(scratch, default, part);
    [Function("key", Hidden = true)] public static Blob Of(Scratch scratch, bool part) => Add(scratch, default, part);
    [Function("key", Hidden = true)] public static Blob Add(Scratch scratch, Blob before, Utf8Text part) => Sized(scratch, before.Span, part.Span);
    [Function("key", Hidden = true)] public static Blob Add(Scratch scratch, Blob before, Blob part) => Sized(scratch, before.Span, part.Span);

    [Function("key", Hidden = true)]
    public static Blob Add(Scratch scratch, Blob before, long part)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, part);
        return Joined(scratch, before.Span, bytes, []);
    }

    [Function("key", Hidden = true)]
    public static Blob Add(Scratch scratch, Blob before, bool part) => Joined(scratch, before.Span, part ? [1] : [0], []);

    static Blob Sized(Scratch scratch, ReadOnlySpan<byte> before, ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, part.Length);
        return Joined(scratch, before, length, part);
    }

    static Blob Joined(Scratch scratch, ReadOnlySpan<byte> before, ReadOnlySpan<byte> head, ReadOnlySpan<byte> part)
    {
        var to = scratch.Rent(before.Length + head.Length + part.Length);
        before.CopyTo(to);
        head.CopyTo(to[before.Length..]);
        part.CopyTo(to[(before.Length + head.Length)..]);
        return new(scratch.Finish(before.Length + head.Length + part.Length));
    }
}
