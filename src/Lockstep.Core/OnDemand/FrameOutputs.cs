using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Rows;

namespace Lockstep.Core.OnDemand;

/// <summary>Packs the outputs of a frame as a row, so that whoever reads stored rows reads computed ones too.</summary>
public static class FrameOutputs
{
    /// <summary>Packs all outputs, in their order.</summary>
    public static (int Start, int Length) Pack(EvaluationFrame frame, ReadOnlySpan<ProgramOutput> outputs, RowBuilder to)
    {
        ArgumentNullException.ThrowIfNull(frame);
        to.Begin();
        for (var i = 0; i < outputs.Length; i++)
            if (outputs[i] is var output && !frame.IsNull(output.Slot)) Pack(frame, output.Slot, output.Type, to, i);
        return to.End();
    }

    static void Pack(EvaluationFrame frame, Slot slot, FeatureType type, RowBuilder to, int column)
    {
        switch (type.Kind)
        {
            case TypeKind.Float64: to.Float64(column, frame.Get<double>(slot)); break;
            case TypeKind.Int64: to.Int64(column, frame.Get<long>(slot)); break;
            case TypeKind.Bool: to.Bool(column, frame.Get<bool>(slot)); break;
            case TypeKind.Timestamp: to.Int64(column, frame.Get<Micros>(slot).Value); break;
            case TypeKind.Date: to.Int32(column, frame.Get<Days>(slot).Value); break;
            case TypeKind.Decimal: to.Decimal(column, frame.Get<Int128>(slot)); break;
            case TypeKind.String: to.Bytes(column, frame.Get<Utf8Text>(slot).Span); break;
            case TypeKind.Bytes: to.Bytes(column, frame.Get<Blob>(slot).Span); break;
            default: PackList(frame, slot, type.Element!, to, column); break;
        }
    }

    static void PackList(EvaluationFrame frame, Slot slot, FeatureType element, RowBuilder to, int column)
    {
        switch (element.Kind)
        {
            case TypeKind.Float32: PackFixed(frame.Get<ListValue<float>>(slot), to, column); break;
            case TypeKind.Float64: PackFixed(frame.Get<ListValue<double>>(slot), to, column); break;
            case TypeKind.Int64: PackFixed(frame.Get<ListValue<long>>(slot), to, column); break;
            case TypeKind.Int32: PackFixed(frame.Get<ListValue<int>>(slot), to, column); break;
            case TypeKind.Bool: PackFixed(frame.Get<ListValue<bool>>(slot), to, column); break;
            case TypeKind.Timestamp: PackFixed(frame.Get<ListValue<Micros>>(slot), to, column); break;
            case TypeKind.Date: PackFixed(frame.Get<ListValue<Days>>(slot), to, column); break;
            case TypeKind.Decimal: PackFixed(frame.Get<ListValue<Int128>>(slot), to, column); break;
            case TypeKind.String:
                var texts = frame.Get<ListValue<Utf8Text>>(slot);
                var list = to.List(column, texts.Count);
                for (var i = 0; i < texts.Count; i++)
                    if (texts.IsNull(i)) list.EndElement(i);
                    else list.Bytes(i, texts.Items[i].Span);
                break;
            default: to.Set(column, frame.GetValue(slot, FeatureType.List(element))); break; // lists of bytes and of lists: rare
        }
    }

    static void PackFixed<T>(ListValue<T> values, RowBuilder to, int column) where T : unmanaged
    {
        var list = to.List(column, values.Count);
        for (var i = 0; i < values.Count; i++)
            if (!values.IsNull(i)) Write(list.Fixed(i), values.Items[i]);
    }

    static void Write<T>(Span<byte> to, T value) where T : unmanaged
    {
        if (typeof(T) == typeof(bool)) to[0] = Unsafe.BitCast<T, bool>(value) ? (byte)1 : (byte)0;
        else if (typeof(T) == typeof(float)) BinaryPrimitives.WriteSingleLittleEndian(to, Unsafe.BitCast<T, float>(value));
        else if (typeof(T) == typeof(double)) BinaryPrimitives.WriteDoubleLittleEndian(to, Unsafe.BitCast<T, double>(value));
        else if (typeof(T) == typeof(int)) BinaryPrimitives.WriteInt32LittleEndian(to, Unsafe.BitCast<T, int>(value));
        else if (typeof(T) == typeof(long)) BinaryPrimitives.WriteInt64LittleEndian(to, Unsafe.BitCast<T, long>(value));
        else if (typeof(T) == typeof(Micros)) BinaryPrimitives.WriteInt64LittleEndian(to, Unsafe.BitCast<T, Micros>(value).Value);
        else if (typeof(T) == typeof(Days)) BinaryPrimitives.WriteInt32LittleEndian(to, Unsafe.BitCast<T, Days>(value).Value);
        else if (typeof(T) == typeof(Int128)) BinaryPrimitives.WriteInt128LittleEndian(to, Unsafe.BitCast<T, Int128>(value));
        else throw new NotSupportedException($"No packed form for {typeof(T).Name}.");
    }
}
