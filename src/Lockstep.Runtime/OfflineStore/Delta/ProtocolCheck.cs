using System.Collections.Frozen;
using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>Refuses tables that need more than is known here, by the name of what they need: wrong rows are never all right.</summary>
internal static class ProtocolCheck
{
    /// <summary>The protocol that we write.</summary>
    public static readonly TableProtocol Ours = new() { MinReaderVersion = 1, MinWriterVersion = 2 };

    const string ColumnMappingMode = "delta.columnMapping.mode";
    const string AppendOnly = "delta.appendOnly";

    // deletionVectors: read where no file has one. columnMapping: where the mode is none. typeWidening: where no value changes by it.
    static readonly FrozenSet<string> ReaderFeatures = FrozenSet.Create(StringComparer.Ordinal,
        "timestampNtz", "v2Checkpoint", "vacuumProtocolCheck", "deletionVectors", "columnMapping", "typeWidening", "typeWidening-preview");

    static readonly FrozenSet<string> WriterFeatures = FrozenSet.Create(StringComparer.Ordinal, "appendOnly", "invariants");

    public static void Readable(string table, TableProtocol protocol, TableMetadata metadata, DeltaSchema schema)
    {
        if (protocol.MinReaderVersion > 3)
            throw Refused($"{table} needs reader version {protocol.MinReaderVersion} of the Delta protocol; this program knows up to 3.");
        foreach (var feature in protocol.ReaderFeatures ?? [])
            if (!ReaderFeatures.Contains(feature))
                throw Refused($"{table} needs the reader feature '{feature}', which this program does not know. Write the table without it, or a copy of it.");
        if (metadata.Configuration.GetValueOrDefault(ColumnMappingMode, "none") is var mode and not "none")
            throw Refused($"{table} maps its columns by {mode} (columnMapping), which this program does not read. Write a copy of the table with {ColumnMappingMode} none.");
        if (!string.Equals(metadata.Provider, "parquet", StringComparison.OrdinalIgnoreCase))
            throw Refused($"{table} holds files of format '{metadata.Provider}'; Delta tables hold Parquet.");
        foreach (var column in schema.Columns) Widening(table, column);
    }

    public static void NoDeletionVector(string table, AddFile file)
    {
        if (file.DeletionVector is not null)
            throw Refused($"{table}: rows of the file {file.Path} are deleted by a list (deletionVectors), which this program does not read. Run: REORG TABLE … APPLY (PURGE), or write a copy of the table.");
    }

    /// <param name="table">How messages call it.</param>
    /// <param name="protocol">Of the table.</param>
    /// <param name="metadata">Of the table.</param>
    /// <param name="schema">Of the table.</param>
    /// <param name="removesData">Rows are removed, not only added.</param>
    public static void Writable(string table, TableProtocol protocol, TableMetadata metadata, DeltaSchema schema, bool removesData)
    {
        if (protocol.MinWriterVersion is > 2 and not 7)
            throw Refused($"{table} needs writer version {protocol.MinWriterVersion} of the Delta protocol; this program writes 2. Nothing was written.");
        foreach (var feature in (protocol.WriterFeatures ?? []).Where(f => !WriterFeatures.Contains(f)))
            throw Refused($"{table} needs the writer feature '{feature}', which this program does not know. Nothing was written.");
        foreach (var column in schema.Columns)
            if (column.Metadata.ValueKind == JsonValueKind.Object && column.Metadata.TryGetProperty("delta.invariants", out _))
                throw Refused($"{table} holds column '{column.Name}' to a rule (delta.invariants) that this program cannot check. Nothing was written.");
        if (removesData && string.Equals(metadata.Configuration.GetValueOrDefault(AppendOnly), "true", StringComparison.OrdinalIgnoreCase))
            throw Refused($"{table} takes only new rows ({AppendOnly} is true). Nothing was written.");
    }

    // Files from before the change hold the narrower type. Only changes that keep every value are read.
    static void Widening(string table, DeltaColumn column)
    {
        if (column.Metadata.ValueKind != JsonValueKind.Object || !column.Metadata.TryGetProperty("delta.typeChanges", out var changes) || changes.ValueKind != JsonValueKind.Array) return;
        foreach (var change in changes.EnumerateArray())
        {
            var (from, to) = (Text(change, "fromType"), Text(change, "toType"));
            if (change.TryGetProperty("fieldPath", out _) || !KeepsValues(from, to))
                throw Refused($"{table}: column '{column.Name}' was widened from {from} to {to} (typeWidening), which this program does not read. Write a copy of the table.");
        }
    }

    static bool KeepsValues(string from, string to)
    {
        var (narrow, wide) = (DeltaSchema.TypeOf(from), DeltaSchema.TypeOf(to));
        if (narrow is null || wide is null) return false;
        if (narrow.IsInteger) return wide.IsInteger && wide.Kind >= narrow.Kind;
        if (narrow.Kind == TypeKind.Float32) return wide.Kind == TypeKind.Float64;
        return narrow.Kind == TypeKind.Decimal && wide.Kind == TypeKind.Decimal && wide.Scale >= narrow.Scale
            && wide.Precision - wide.Scale >= narrow.Precision - narrow.Scale;
    }

    static string Text(JsonElement change, string name)
        => change.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "an unknown type";

    static LockstepException Refused(string message) => new(ErrorKind.Failed, message);
}
