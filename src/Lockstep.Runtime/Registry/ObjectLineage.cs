using Lockstep.Core.Definitions;

namespace Lockstep.Runtime.Registry;

/// <summary>An object in a lineage, and those on the far side of it. Of a source also its table and stream, which are no objects.</summary>
public sealed record LineageNode(string Kind, string Name, string Version, IReadOnlyList<LineageNode> Beyond);

/// <summary>What an object is made of, and what is made of it, as far as it goes.</summary>
public sealed record ObjectLineage(string Kind, string Name, string Version, IReadOnlyList<LineageNode> Reads, IReadOnlyList<LineageNode> UsedBy)
{
    internal static ObjectLineage Of(RegisteredObject item, RegistrySnapshot snapshot, Usage usage)
    {
        var reads = usage.All.SelectMany(used => used.Users.Select(user => (user.Key, Used: used.Key))).Distinct().ToLookup(u => u.Key, u => u.Used);
        return new(item.Record.Kind, item.Key.Name, item.Key.Version, Read(item.Key), Users(item.Key));

        IReadOnlyList<LineageNode> Read(ObjectKey key) =>
        [
            .. reads[key].Order().Select(used => Node(used, Read(used))),
            .. snapshot.Find(key)?.Definition is Source source ? OutsideOf(source) : [],
        ];

        IReadOnlyList<LineageNode> Users(ObjectKey key) => [.. usage.DirectlyOf(key).Select(u => u.Key).Distinct().Order().Select(user => Node(user, Users(user)))];

        LineageNode Node(ObjectKey key, IReadOnlyList<LineageNode> beyond) => new(snapshot.Find(key)?.Record.Kind ?? ObjectReference.Word(key.Category), key.Name, key.Version, beyond);
    }

    static IEnumerable<LineageNode> OutsideOf(Source source)
    {
        if (source.Table is { } table) yield return new("table", table.Path, "", []);
        if (source.Stream is { } stream) yield return new("stream", stream switch { FileStreamSource files => files.Path, KafkaStreamSource kafka => kafka.Topic, _ => "push" }, "", []);
    }
}
