using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.Serving.Json;

// A request field becomes the value that a spine with the same text would give (S1 to S3), so that training and serving cannot differ;
// what is taken at all is narrower in our own format: JSON's own type for each.

/// <summary>Reads the fields that on-demand features need from JSON into columns, in place.</summary>
public static class JsonRequestFields
{
    /// <summary>Reads the members of the object under the reader as one row.</summary>
    public static void ReadRow(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ServedOnDemand served, ColumnBatch to, int row)
    {
        ArgumentNullException.ThrowIfNull(served);
        ArgumentNullException.ThrowIfNull(to);
        var fields = served.RequestFields;
        var (next, read) = (0, 0);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = -1;
            for (var tried = 0; tried < fields.Length && field < 0; tried++)
            {
                if (JsonKeys.IsText(ref reader, fields[next].Utf8Name)) field = next;
                next = next + 1 == fields.Length ? 0 : next + 1; // rows name their fields in the same order, nearly always
            }
            reader.Read();
            if (field < 0)
            {
                reader.Skip();
                continue;
            }
            if (to[field].Count > row) throw new LockstepException(ErrorKind.BadArguments, $"request[{row}] has '{fields[field].Name}' twice.");
            Read(ref reader, json, fields[field], KeyConversion.Strict, to[field], row, "request");
            read++;
        }
        if (read < fields.Length) throw Missing(served, to, row);
    }

    // Apart, so that rows without mistakes make no closure.
    static LockstepException Missing(ServedOnDemand served, ColumnBatch to, int row)
        => RequestRows.Missing(served, row, f => to[Array.IndexOf(served.RequestFields, f)].Count > row);

    /// <summary>Appends the value under the reader; what does not convert is an error that names field and row.</summary>
    public static void Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, RequestField field, KeyConversion conversion, Column to, int row, string member)
    {
        ArgumentNullException.ThrowIfNull(field);
        ArgumentNullException.ThrowIfNull(to);
        var nonFinite = 0L;
        var at = reader;
        if ((conversion == KeyConversion.Feast || Fits(reader.TokenType, field.Type)) && JsonValues.TryAppend(ref reader, json, to, ref nonFinite)) return;
        throw new LockstepException(ErrorKind.BadArguments, $"{member}[{row}].{field.Name} is {JsonKeys.Found(ref at)}; {field.Expected}.");
    }

    static bool Fits(JsonTokenType token, FeatureType type) => token switch
    {
        JsonTokenType.Null => true,
        JsonTokenType.True or JsonTokenType.False => type.Kind == TypeKind.Bool,
        JsonTokenType.Number => type.IsInteger || type.IsFloat || type.Kind == TypeKind.Decimal,
        JsonTokenType.String => type.Kind is TypeKind.String or TypeKind.Bytes or TypeKind.Timestamp or TypeKind.Date or TypeKind.Decimal,
        JsonTokenType.StartArray => type.Kind == TypeKind.List,
        _ => false,
    };

    /// <summary>What a value looks like in JSON, for messages.</summary>
    public static string Expected(FeatureType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return type.Kind switch
        {
            TypeKind.String => "a text",
            TypeKind.Float32 or TypeKind.Float64 => "a number",
            TypeKind.List => $"an array of which each is {Expected(type.Element!)}",
            _ => ValueText.Expected(type),
        };
    }
}
