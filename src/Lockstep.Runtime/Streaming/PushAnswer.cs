using System.Text.Json;
using System.Text.Json.Serialization;
using Lockstep.Runtime.Streaming.Intake;

namespace Lockstep.Runtime.Streaming;

/// <summary>What became of a push.</summary>
public sealed record PushAnswer
{
    public required string Source { get; init; }

    /// <summary>Events that are in the log.</summary>
    public required long Accepted { get; init; }

    public required long Refused { get; init; }

    /// <summary>The accepted ones are in every online view; false: they are logged, and will be.</summary>
    public bool Visible { get; init; } = true;

    /// <summary>The first refused ones with their reasons; all are in the table of refused events.</summary>
    public IReadOnlyList<RefusedEvent> Reasons { get; init; } = [];

    /// <summary>Names that events had and the source has not: their values are not kept.</summary>
    public IReadOnlyList<string> UnknownColumns { get; init; } = [];

    /// <summary>Where the log holds them.</summary>
    public long Partition { get; init; }

    /// <summary>The last place in that partition up to and with them.</summary>
    public long Place { get; init; } = -1;

    /// <summary>The same push was answered before, under its Idempotency-Key: nothing was done.</summary>
    public bool Repeated { get; init; }

    /// <summary>Reasons that are told one by one.</summary>
    public const int MaxReasons = 100;

    internal string ToJson() => JsonSerializer.Serialize(this, Json);
    internal static PushAnswer Parse(string json) => JsonSerializer.Deserialize<PushAnswer>(json, Json)!;

    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
}
