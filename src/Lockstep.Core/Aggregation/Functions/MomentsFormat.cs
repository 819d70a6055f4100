using System.Buffers;

namespace Lockstep.Core.Aggregation.Functions;

// Bytes of the count (0 to 8; plus 16 when values were outside of the range); if 0, that is all. Then bytes of the sum (0 to 24), and of
// the squares (0 to 40) where they are kept; then the count, the count of those outside (8 bytes), the sum, the squares.
internal static class MomentsFormat
{
    const int OutsideFlag = 16;

    public static int Measure(ReadOnlySpan<byte> state, bool squares)
    {
        if (state.IsEmpty) throw StateBytes.Short(0);
        if (state[0] == 0) return 1;
        var header = squares ? 3 : 2;
        if (state.Length < header) throw StateBytes.Short(state.Length);
        var (n, sum, square) = (state[0] & ~OutsideFlag, state[1], squares ? state[2] : (byte)0);
        if (n > 8 || sum > 24 || square > 40) throw StateBytes.Header(squares ? "moments" : "sums", state[0]);
        var length = header + n + ((state[0] & OutsideFlag) != 0 ? 8 : 0) + sum + square;
        return length <= state.Length ? length : throw StateBytes.Short(state.Length);
    }

    public static int Read(ReadOnlySpan<byte> from, bool squares, out MomentsState state)
    {
        state = default;
        var length = Measure(from, squares);
        if (length == 1) return length;
        var (n, sum, square) = (from[0] & ~OutsideFlag, from[1], squares ? from[2] : (byte)0);
        var at = squares ? 3 : 2;
        state.Count = (long)StateBytes.ReadUnsigned(from[at..], n);
        at += n;
        if ((from[0] & OutsideFlag) != 0)
        {
            state.Outside = (long)StateBytes.ReadUnsigned(from[at..], 8);
            at += 8;
        }
        state.Sum = StateBytes.ReadSigned(from[at..], sum);
        state.Squares = StateBytes.ReadLong(from[(at + sum)..], square);
        return length;
    }

    public static void Write(in MomentsState state, bool squares, IBufferWriter<byte> to)
    {
        var span = to.GetSpan(3 + 8 + 8 + 24 + 40);
        if (state.Count == 0 && state.Outside == 0)
        {
            span[0] = 0;
            to.Advance(1);
            return;
        }
        var (n, sum, square) = (StateBytes.LengthOf((ulong)state.Count), StateBytes.LengthOf(state.Sum), squares ? StateBytes.LengthOf(state.Squares) : 0);
        var at = 0;
        span[at++] = (byte)(n | (state.Outside > 0 ? OutsideFlag : 0));
        span[at++] = (byte)sum;
        if (squares) span[at++] = (byte)square;
        at += StateBytes.Write(span[at..], (ulong)state.Count, n);
        if (state.Outside > 0) at += StateBytes.Write(span[at..], (ulong)state.Outside, 8);
        at += StateBytes.Write(span[at..], state.Sum, sum);
        at += StateBytes.Write(span[at..], state.Squares, square);
        to.Advance(at);
    }
}
