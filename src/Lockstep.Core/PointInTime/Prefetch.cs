using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Lockstep.Core.PointInTime;

/// <summary>Asks the processor for memory that a loop will need some rows later. A hint: it changes no result, and is nothing where there is no such instruction.</summary>
internal static class Prefetch
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Hint<T>(ref readonly T place) where T : unmanaged
    {
        if (Sse.IsSupported) Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.AsRef(in place))); // an address that has moved since is merely useless
    }
}
