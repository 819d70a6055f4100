using System.Text.Json.Serialization;

namespace Lockstep.Runtime.Streaming.Readers.Files;

/// <summary>How far one file has been read, and by what it is known again. Part of the position in the log: names are on disk.</summary>
sealed record FileProgress
{
    /// <summary>Relative to the project folder where the pattern is.</summary>
    [JsonPropertyName("path")]
    public required string Path { get; init; }

    /// <summary>Bytes of whole lines; rows of a file that is taken whole.</summary>
    [JsonPropertyName("taken")]
    public long Taken { get; init; }

    /// <summary>Lines in these bytes.</summary>
    [JsonPropertyName("lines")]
    public long Lines { get; init; }

    /// <summary>Of the bytes that were taken; of a file that is taken whole, of all of it.</summary>
    [JsonPropertyName("mark")]
    public string Mark { get; init; } = "";

    /// <summary>Bytes of a file that is taken whole; -1: it is read line by line.</summary>
    [JsonPropertyName("size")]
    public long Size { get; init; } = -1;

    /// <summary>Bytes that a file of lines had when it was looked at last: a line that was not ended may be gone one day.</summary>
    [JsonPropertyName("seen")]
    public long Seen { get; init; }

    /// <summary>Somebody chose to count it as read.</summary>
    [JsonPropertyName("skipped")]
    public bool Skipped { get; init; }

    /// <summary>All rows of a file that is taken whole are in the log.</summary>
    [JsonPropertyName("done")]
    public bool Done { get; init; }

    /// <summary>When it was found to be gone, microseconds; 0: it is there.</summary>
    [JsonPropertyName("gone")]
    public long GoneAt { get; init; }

    [JsonIgnore]
    public bool IsWhole => Size >= 0;
}
