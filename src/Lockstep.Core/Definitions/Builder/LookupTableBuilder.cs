using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions.Builder;

/// <summary>A small table that expressions read by key.</summary>
public sealed class LookupTableBuilder : DefinitionBuilder<LookupTableBuilder>
{
    readonly SemanticVersion _version;
    readonly List<Field> _keys = [];
    readonly List<ValueFeature> _columns = [];
    string _path = "";
    TableFormat _format;

    internal LookupTableBuilder(string name, string version) : base(name)
        => _version = SemanticVersion.TryParse(version, out var parsed) ? parsed : throw new ArgumentException($"'{version}' is not a version like 1.0.0.", nameof(version));

    /// <param name="path">A file, a pattern, or the folder of a Delta table.</param>
    /// <param name="format">Only needed where the path does not say it.</param>
    public LookupTableBuilder Table(string path, TableFormat? format = null)
    {
        if (format is null && !TableFormats.TryInfer(path, out _))
            throw new ArgumentException($"The format of lookup table '{Name}' does not follow from the path '{path}'. Name it.", nameof(path));
        TableFormats.TryInfer(path, out var inferred);
        (_path, _format) = (path, format ?? inferred);
        return this;
    }

    /// <summary>A column by which rows are found.</summary>
    public LookupTableBuilder Key(string column, FeatureType type)
    {
        _keys.Add(new(column, type));
        return this;
    }

    /// <summary>A column to look up.</summary>
    /// <param name="name">In expressions.</param>
    /// <param name="type">Its type.</param>
    /// <param name="column">In the files; null: the name.</param>
    /// <param name="orElse">Stands for null, and for a key that is not there.</param>
    /// <param name="description">For people.</param>
    public LookupTableBuilder Column(string name, FeatureType type, string? column = null, Value orElse = default, string? description = null)
    {
        _columns.Add(new() { Name = name, Column = column ?? name, Type = type, Default = orElse, Description = description });
        return this;
    }

    private protected override Definition Build()
        => new LookupTable { Name = Name, Version = _version, Metadata = Metadata, Key = [.. _keys], Columns = [.. _columns], Path = _path, Format = _format };
}
