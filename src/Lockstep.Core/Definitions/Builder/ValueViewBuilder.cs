using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions.Builder;

/// <summary>The newest row of a table as of an instant. Features are in the order of the calls.</summary>
public sealed class ValueViewBuilder : ViewBuilder<ValueViewBuilder>
{
    readonly List<string> _entities = [];
    readonly List<ValueFeature> _features = [];
    string? _source, _sql, _timestamp, _created, _where;
    long _ttl;
    long? _lookback;

    internal ValueViewBuilder(string name, string version) : base(name, version)
    {
    }

    /// <summary>The entities it describes; none for one row for all.</summary>
    public ValueViewBuilder Of(params ReadOnlySpan<EntityBuilder> entities)
    {
        foreach (var entity in entities) _entities.Add(entity.Name);
        return this;
    }

    public ValueViewBuilder From(SourceBuilder source)
    {
        ArgumentNullException.ThrowIfNull(source);
        _source = source.Name;
        return this;
    }

    /// <summary>A SELECT over sources by their names.</summary>
    public ValueViewBuilder FromSql(string sql, string timestamp, string? created = null)
    {
        (_sql, _timestamp, _created) = (sql?.Trim(), timestamp, created);
        return this;
    }

    /// <summary>Of SQL with <c>$start</c> and <c>$end</c>: how much later than a row of a source the last row is that it changes.</summary>
    public ValueViewBuilder Lookback(TimeSpan lookback)
    {
        _lookback = Micros(lookback);
        return this;
    }

    /// <summary>Older rows do not count.</summary>
    public ValueViewBuilder Ttl(TimeSpan ttl)
    {
        _ttl = Micros(ttl);
        return this;
    }

    public ValueViewBuilder Where(string filter)
    {
        _where = filter;
        return this;
    }

    public ValueViewBuilder Bool(string name, string? column = null, bool? orElse = null, string? description = null)
        => Feature(name, FeatureType.Bool, column, orElse is { } value ? Value.Of(value) : default, description);

    public ValueViewBuilder Int32(string name, string? column = null, int? orElse = null, string? description = null)
        => Feature(name, FeatureType.Int32, column, orElse is { } value ? Value.Of(value) : default, description);

    public ValueViewBuilder Int64(string name, string? column = null, long? orElse = null, string? description = null)
        => Feature(name, FeatureType.Int64, column, orElse is { } value ? Value.Of(value) : default, description);

    public ValueViewBuilder Float32(string name, string? column = null, float? orElse = null, string? description = null)
        => Feature(name, FeatureType.Float32, column, orElse is { } value ? Value.Of(value == 0 ? 0 : value) : default, description);

    public ValueViewBuilder Float64(string name, string? column = null, double? orElse = null, string? description = null)
        => Feature(name, FeatureType.Float64, column, orElse is { } value ? Value.Of(value == 0 ? 0 : value) : default, description);

    public ValueViewBuilder String(string name, string? column = null, string? orElse = null, string? description = null)
        => Feature(name, FeatureType.String, column, orElse is { } value ? Value.Of(value) : default, description);

    public ValueViewBuilder Timestamp(string name, string? column = null, DateTimeOffset? orElse = null, string? description = null)
        => Feature(name, FeatureType.Timestamp, column, orElse is { } value ? Value.Timestamp(Instant.FromDateTimeOffset(value)) : default, description);

    public ValueViewBuilder Date(string name, string? column = null, DateOnly? orElse = null, string? description = null)
        => Feature(name, FeatureType.Date, column, orElse is { } value ? Value.Date(value.DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber) : default, description);

    /// <summary>A feature of any type: decimals, bytes and lists too.</summary>
    public ValueViewBuilder Feature(string name, FeatureType type, string? column = null, Value orElse = default, string? description = null)
    {
        _features.Add(new() { Name = name, Column = column ?? name, Type = type, Default = orElse, Description = description });
        return this;
    }

    /// <summary>A feature that is computed of the source's columns.</summary>
    public ValueViewBuilder Derived(string name, FeatureType type, string expression, Value orElse = default, string? description = null)
    {
        _features.Add(new() { Name = name, Column = name, Expression = expression?.Trim() ?? throw new ArgumentNullException(nameof(expression)), Type = type, Default = orElse, Description = description });
        return this;
    }

    private protected override FeatureView View() => new ValueView
    {
        Name = Name,
        Entities = [.. _entities],
        Source = _source,
        Sql = _sql,
        Timestamp = _timestamp,
        Created = _created,
        Lookback = _lookback,
        Ttl = _ttl,
        Where = _where,
        Features = [.. _features],
    };
}
