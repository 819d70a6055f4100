using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Lockstep.Core;

namespace Lockstep.Kafka;

// Stored in the log with every batch (docs/formats.md, "Positions of a topic"): names are given by hand and never change.
/// <summary>Up to where a partition of a topic has been logged.</summary>
/// <param name="Topic">Its name.</param>
/// <param name="Id">Its id: another topic of the same name has another; empty: the broker told none.</param>
/// <param name="Next">The first offset that has not been logged.</param>
/// <param name="Shift">An event's place in the log is its offset and this; other than 0 after the offsets have begun anew.</param>
internal sealed record TopicPosition(
    [property: JsonPropertyName("topic")] string Topic,
    [property: JsonPropertyName("id")] string Id,
    [property: JsonPropertyName("next")] long Next,
    [property: JsonPropertyName("shift")] long Shift)
{
    public string ToText() => JsonSerializer.Serialize(this);

    /// <summary>Null: nothing has been logged.</summary>
    public static TopicPosition? Parse(string? text) => text is null ? null : JsonSerializer.Deserialize<TopicPosition>(text);
}

/// <summary>A topic as it is now.</summary>
internal sealed record Topic(string Name, string Id, int Partitions);

/// <summary>The offsets that a partition of a topic holds: from the first to the one before the end.</summary>
internal readonly record struct TopicRange(long First, long End);

/// <summary>Where to go on: as the log says, or as somebody has chosen where that is not possible any more.</summary>
internal static class TopicChoice
{
    public const string Earliest = "earliest", Latest = "latest";

    /// <summary>Why a partition cannot go on where its log ends; null: it can.</summary>
    public static string? Problem(TopicPosition at, Topic topic, int partition, TopicRange range)
    {
        var what = string.Create(CultureInfo.InvariantCulture, $"partition {partition} of topic '{topic.Name}'");
        var holds = range.First == range.End ? string.Create(CultureInfo.InvariantCulture, $"it is empty, and the next event gets offset {range.End}") : string.Create(CultureInfo.InvariantCulture, $"it holds offsets {range.First} to {range.End - 1}");
        if (at.Topic != topic.Name) return $"{what}: the log was read from another topic, '{at.Topic}', up to offset {at.Next.ToString(CultureInfo.InvariantCulture)}; {holds}";
        if (at.Id.Length > 0 && topic.Id.Length == 0) throw new LockstepException(ErrorKind.Failed, $"{what}: the cluster does not tell the topic's id now (it has no controller?), so whether it is still the same topic is not known. It is tried again.");
        if (at.Id.Length > 0 && at.Id != topic.Id) return $"{what}: the topic was deleted and made anew since offset {at.Next.ToString(CultureInfo.InvariantCulture)} was due; {holds}";
        if (at.Next < range.First) return string.Create(CultureInfo.InvariantCulture, $"{what}: offset {at.Next} is due, but {range.First - at.Next} events from there on have been removed before they were read (retention); {holds}");
        if (at.Next > range.End) return string.Create(CultureInfo.InvariantCulture, $"{what}: offset {at.Next} is due, but the topic ends before: it has lost events that were logged here; {holds}");
        return null;
    }

    /// <summary>What to say with a problem: the choices, and how to make one.</summary>
    public static string Choices(string source) => $"Nothing of source '{source}' is read until you choose: `lockstep stream reset {source} --to earliest` goes on with the first event that is there now (events that were logged before and are there again count twice), `--to latest` with the next one to come (what is there is passed over), `--to <offset>` from there on.";

    /// <summary>The chosen position. Places go on ascending: offsets that have begun anew are shifted behind the last place.</summary>
    public static TopicPosition Choose(string to, TopicPosition? at, Topic topic, int partition, TopicRange range, long lastPlace)
    {
        var next = to switch
        {
            Earliest => range.First,
            Latest => range.End,
            _ when long.TryParse(to, NumberStyles.None, CultureInfo.InvariantCulture, out var offset) => offset,
            _ => throw new LockstepException(ErrorKind.BadArguments, $"'--to {to}' is not a place in a topic. It is earliest, latest, or an offset."),
        };
        if (next < range.First || next > range.End) throw new LockstepException(ErrorKind.BadArguments, string.Create(CultureInfo.InvariantCulture, $"Partition {partition} of topic '{topic.Name}' has no offset {next}: it holds {range.First} to {range.End - 1}."));
        var shift = at?.Shift ?? 0;
        return new(topic.Name, topic.Id, next, next + shift > lastPlace ? shift : lastPlace + 1 - next);
    }
}
