using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.OfflineStore;

/// <summary>
/// What a table was when a run looked at it (S7, S19): recorded by the run, compared with by the next one. Files have paths relative
/// to the project where they are inside it, so that a project that was moved has not changed.
/// </summary>
public sealed record TableState
{
    public required TableFormat Format { get; init; }

    /// <summary>When it was looked at, microseconds.</summary>
    public required long TakenAt { get; init; }

    /// <summary>The files in order; empty for a Delta table, whose log says what a version holds.</summary>
    public IReadOnlyList<FileState> Files { get; init; } = [];

    /// <summary>The identity of a Delta table, which a table made anew in the same place does not share.</summary>
    public string? DeltaTable { get; init; }

    public long? DeltaVersion { get; init; }

    /// <summary>Of a source with a stream: the last place of each partition of its log, ascending.</summary>
    public IReadOnlyList<LogPlace>? Log { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, JsonOptions);

    public static TableState Parse(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<TableState>(json, JsonOptions) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new LockstepException(ErrorKind.Failed, $"A recorded state of a table cannot be read: {e.Message}", e);
        }
    }

    public bool Equals(TableState? other) => other is not null
        && (Format, TakenAt, DeltaTable, DeltaVersion) == (other.Format, other.TakenAt, other.DeltaTable, other.DeltaVersion)
        && Files.SequenceEqual(other.Files) && (Log ?? []).SequenceEqual(other.Log ?? []);

    public override int GetHashCode() => HashCode.Combine(Format, TakenAt, Files.Count, DeltaTable, DeltaVersion);

    internal static readonly JsonSerializerOptions JsonOptions = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };
}

/// <summary>One file as it was: what the file system said, and a hash of its bytes (of samples, where it is large).</summary>
/// <param name="Path">With <c>/</c> between folders.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Modified">Microseconds; a program can set it.</param>
/// <param name="Changed">Nanoseconds; no program can set it; 0 where the system has none.</param>
/// <param name="Fingerprint">Hex.</param>
public sealed record FileState(string Path, long Size, long Modified, long Changed, string Fingerprint);
