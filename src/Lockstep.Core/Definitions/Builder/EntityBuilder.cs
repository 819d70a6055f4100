using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions.Builder;

/// <summary>Something that features describe. Its keys are in the order of the calls.</summary>
public sealed class EntityBuilder : DefinitionBuilder<EntityBuilder>
{
    readonly List<Field> _keys = [];

    internal EntityBuilder(string name) : base(name)
    {
    }

    public EntityBuilder StringKey(string column) => Key(column, FeatureType.String);
    public EntityBuilder Int32Key(string column) => Key(column, FeatureType.Int32);
    public EntityBuilder Int64Key(string column) => Key(column, FeatureType.Int64);
    public EntityBuilder BytesKey(string column) => Key(column, FeatureType.Bytes);
    public EntityBuilder BoolKey(string column) => Key(column, FeatureType.Bool);

    EntityBuilder Key(string column, FeatureType type)
    {
        _keys.Add(new(column, type));
        return this;
    }

    private protected override Definition Build() => new Entity { Name = Name, Metadata = Metadata, JoinKeys = [.. _keys] };
}
