using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Lookup;

namespace Lockstep.Runtime.Registry;

/// <summary>A registry at one moment: immutable, shared by whoever reads it.</summary>
public sealed class RegistrySnapshot
{
    readonly Dictionary<ObjectKey, RegisteredObject> _byKey;

    RegistrySnapshot(string registryId, IReadOnlyList<RegistryApply> history, IReadOnlyList<RegisteredObject> objects)
    {
        (RegistryId, History, Objects) = (registryId, history, objects);
        _byKey = objects.ToDictionary(o => o.Key);
        Catalog = new(Number,
            objects.Where(o => o.IsActive).Select(o => o.Definition).OfType<Entity>(),
            objects.Where(o => o.IsActive && o.Definition is Source).Select(o => (Source)o.Definition with { Columns = o.Columns }),
            objects.Where(o => o.View is not null && o.State != ObjectState.Removed).Select(o => o.View!),
            objects.Where(o => o.IsActive && o.Definition is FeatureService).Select(o => o.PinnedService()))
        {
            Transformations = [.. objects.Where(o => o.State != ObjectState.Removed).Select(o => o.Transformation).OfType<TransformationVersion>()],
            Fits = [.. objects.Where(o => o.State != ObjectState.Removed && o.Definition is Fit).Select(o => (Fit)o.Definition with { Retired = !o.IsActive })],
            LookupTables = [.. objects.Where(o => o.State != ObjectState.Removed).Select(o => o.Table).OfType<LookupTableVersion>()],
        };
    }

    /// <summary>Before the first apply.</summary>
    public static readonly RegistrySnapshot Empty = new("", [], []);

    /// <summary>Tells this registry from every other; empty before the first apply.</summary>
    public string RegistryId { get; }

    /// <summary>Number of the newest apply in it; 0 before the first.</summary>
    public long Number => History.Count == 0 ? 0 : History[^1].Number;

    /// <summary>
    /// What batch, streams and serving use: active objects, and retired view versions marked so. Sources have their columns filled in,
    /// services their exact versions.
    /// </summary>
    public Catalog Catalog { get; private init; }

    /// <summary>The same registry whose catalog has this content.</summary>
    internal RegistrySnapshot With(CatalogContent content) => new(RegistryId, History, Objects) { Catalog = Catalog.With(content) };

    /// <summary>Newest revision of every object that was ever registered, retired and removed ones too, by category, name and version.</summary>
    public IReadOnlyList<RegisteredObject> Objects { get; }

    /// <summary>All applies, oldest first.</summary>
    public IReadOnlyList<RegistryApply> History { get; }

    public RegisteredObject? Find(ObjectKey key) => _byKey.GetValueOrDefault(key);

    /// <param name="registry">How messages call it.</param>
    /// <param name="state">The newest revision of each object, in any order, with the number of its apply.</param>
    public static RegistrySnapshot Create(string registry, string id, IReadOnlyList<RegistryApply> history, IEnumerable<(long Apply, ObjectRecord Record)> state)
    {
        List<RegisteredObject> objects = [];
        foreach (var (apply, record) in state)
            try
            {
                objects.Add(RegisteredObject.Read(record, apply));
            }
            catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException or ArgumentException or NullReferenceException or LockstepException)
            {
                throw new LockstepException(ErrorKind.Failed, $"The registry '{registry}' holds {record.Kind} '{record.Key}' from apply {apply} in a form that this program does not read: {e.Message} It is damaged, or of a newer lockstep.", e);
            }
        objects.Sort((a, b) => a.Key.CompareTo(b.Key));
        return new(id, history, objects);
    }
}
