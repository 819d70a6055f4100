using Lockstep.Core.Definitions;
using Lockstep.Core.Lookup;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Registry;

/// <summary>One version of one object as it is registered at a moment.</summary>
public sealed class RegisteredObject
{
    RegisteredObject(ObjectRecord record, long apply, Definition definition) => (Record, Apply, Definition) = (record, apply, definition);

    public ObjectRecord Record { get; }

    /// <summary>Number of the apply that wrote this revision.</summary>
    public long Apply { get; }

    /// <summary>As the author wrote it.</summary>
    public Definition Definition { get; }

    /// <summary>For a view its bound version.</summary>
    public ViewVersion? View { get; private init; }

    /// <summary>For a service the view version that each of its selections reads, in their order; it never changes under one version of the service.</summary>
    public IReadOnlyList<ObjectKey> Pins { get; private init; } = [];

    /// <summary>For a source its columns, declared or as they were read from the data; null while nobody knows them.</summary>
    public IReadOnlyList<Field>? Columns { get; private init; }

    /// <summary>For a transformation its bound version.</summary>
    public TransformationVersion? Transformation { get; private init; }

    /// <summary>For a lookup table its version with what it held.</summary>
    public LookupTableVersion? Table { get; private init; }

    /// <summary>What readers of a version get by name and type: features of a view, columns of a lookup table.</summary>
    internal (Schema Keys, Schema Values) Shape => View is { } view ? (view.Keys, view.Features)
        : Table is { } table ? (table.Keys, table.Columns)
        : Transformation is { } fitted ? (new([]), new([new(fitted.Transformation.Fit, FitMethods.Find(fitted.Transformation.Fit)!.Result)]))
        : (new([]), new([]));

    public ObjectKey Key => Record.Key;
    public ObjectState State => Record.State;
    public bool IsActive => State == ObjectState.Active;

    /// <exception cref="FormatException">And others of the readers: the texts are not what this program writes.</exception>
    internal static RegisteredObject Read(ObjectRecord record, long apply)
    {
        var definition = DefinitionJson.Read(record.Definition);
        return definition switch
        {
            FeatureView view => new(record, apply, view) { View = BoundJson.ReadView(record) },
            Transformation transformation => new(record, apply, transformation) { Transformation = BoundJson.ReadTransformation(record) },
            LookupTable table => new(record, apply, table) { Table = BoundJson.ReadTable(record) },
            Source source => new(record, apply, source) { Columns = source.Columns ?? BoundJson.ReadColumns(record.Bound) },
            FeatureService service => new(record, apply, service) { Pins = BoundJson.ReadPins(record.Bound) },
            _ => new(record, apply, definition),
        };
    }

    /// <summary>The service with each selection pinned to its exact version: what serving and training resolve.</summary>
    internal FeatureService PinnedService()
    {
        var service = (FeatureService)Definition;
        return service with { Features = [.. service.Features.Select((s, i) => s with { Version = Exact(Pins[i]) })] };
    }

    static VersionSelector Exact(ObjectKey pin) => VersionSelector.TryParse(pin.Version, out var selector) ? selector : throw new FormatException($"'{pin.Version}' is no version.");
}
