using System.Text.Json;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>Which instants a file can hold in a column, from its partition value or its statistics: so that it need not be opened.</summary>
internal static class FileTimes
{
    // Writers cut instants to milliseconds, some down, some towards 1970.
    const long Cut = Instant.Millisecond - 1;

    /// <summary>Null: nothing is known. A range whose end is before its start: the file holds no instant in that column.</summary>
    public static TimeRange? Of(AddFile file, Field column, bool isPartition)
    {
        if (column.Type.Kind is not (TypeKind.Timestamp or TypeKind.Date)) return null;
        if (isPartition)
            return string.IsNullOrEmpty(file.PartitionValues.GetValueOrDefault(column.Name)) ? TimeRange.Empty(column.Name)
                : TryRead(file.PartitionValues[column.Name]!, column.Type, out var only) ? new TimeRange(column.Name, only, only) : null;
        if (file.Stats is null) return null;
        try
        {
            using var stats = JsonDocument.Parse(file.Stats);
            var least = Find(stats.RootElement, "minValues", column.Name);
            var greatest = Find(stats.RootElement, "maxValues", column.Name);
            if (least is { ValueKind: JsonValueKind.String } && greatest is { ValueKind: JsonValueKind.String }
                && TryRead(least.Value.GetString()!, column.Type, out var first) && TryRead(greatest.Value.GetString()!, column.Type, out var last))
                return column.Type.Kind == TypeKind.Date ? new(column.Name, first, last)
                    : new(column.Name, Math.Max(first, long.MinValue + Cut) - Cut, Math.Min(last, long.MaxValue - Cut) + Cut);
            if (Find(stats.RootElement, "nullCount", column.Name) is { ValueKind: JsonValueKind.Number } nulls && nulls.TryGetInt64(out var nullCount)
                && stats.RootElement.TryGetProperty("numRecords", out var records) && records.TryGetInt64(out var count) && nullCount >= count)
                return TimeRange.Empty(column.Name);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null; // damaged statistics say nothing; the file is read
        }
        return null;
    }

    /// <summary>Rows of a file; null when its writer did not say.</summary>
    public static long? Records(AddFile file)
    {
        if (file.Stats is null) return null;
        try
        {
            using var stats = JsonDocument.Parse(file.Stats);
            return stats.RootElement.TryGetProperty("numRecords", out var records) && records.TryGetInt64(out var count) ? count : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    static bool TryRead(string text, FeatureType type, out long micros)
    {
        micros = 0;
        if (type.Kind == TypeKind.Timestamp) return Instant.TryParse(text, out micros);
        if (!Instant.TryParseDate(text, out var days)) return false;
        micros = days * Instant.Day;
        return true;
    }

    static JsonElement? Find(JsonElement stats, string group, string column)
        => stats.TryGetProperty(group, out var values) && values.ValueKind == JsonValueKind.Object && values.TryGetProperty(column, out var value) ? value : null;
}
