using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>The columns of a value view's table: keys, event timestamp, created timestamp where there is one, features.</summary>
internal sealed record ViewColumns(ViewVersion View, ValueView Definition, string Timestamp, string? Created, string TableName)
{
    public static ViewColumns Of(ViewVersion view, Catalog catalog)
    {
        if (view.View is not ValueView definition)
            throw new LockstepException(ErrorKind.Failed, $"View '{view.Id}' is an {view.View.Kind.Replace('_', ' ')}: only value views can be read so far.");
        RefuseFilter(view, definition.Where, $"view '{view.Id}'");
        if (definition.Sql is not null)
            return new(view, definition, definition.Timestamp ?? throw new LockstepException(ErrorKind.DefinitionsInvalid, $"View '{view.Id}' does not name the timestamp column of its SQL."), definition.Created, $"view '{view.Id}'");
        var name = definition.Source ?? throw new LockstepException(ErrorKind.DefinitionsInvalid, $"View '{view.Id}' has neither a source nor SQL.");
        if (!view.Sources.TryGetValue(name, out var source) && !catalog.Sources.TryGetValue(name, out source))
            throw new LockstepException(ErrorKind.NotFound, $"View '{view.Id}' reads source '{name}', which is not there.");
        RefuseFilter(view, source.Where, $"source '{name}'");
        if (source.Table is not { } table) throw new LockstepException(ErrorKind.BadArguments, $"View '{view.Id}' reads source '{name}', which has no table, only a stream.");
        return new(view, definition, table.Timestamp, table.Created, $"source '{name}'");
    }

    public bool HasCreated => Created is not null;

    /// <summary>The scan of keys, timestamps and these features, by their ordinals, in the layout that a sweep takes.</summary>
    public IReadOnlyList<ScanColumn> Scan(IEnumerable<int> ordinals)
    {
        // Field names are prefixed: a feature may be read from a key or timestamp column, and a schema holds a name once.
        List<ScanColumn> columns = [.. View.Keys.Fields.Select(k => new ScanColumn(k.Name, new($"key:{k.Name}", k.Type))), new(Timestamp, new("time", FeatureType.Timestamp))];
        if (Created is not null) columns.Add(new(Created, new("created", FeatureType.Timestamp)));
        columns.AddRange(ordinals.Select(o => new ScanColumn(ColumnOf(o), new($"feature:{View.Features[o].Name}", View.Features[o].Type))));
        return columns;
    }

    string ColumnOf(int ordinal)
    {
        var name = View.Features[ordinal].Name;
        return Definition.Features.FirstOrDefault(f => f.Name == name)?.Column ?? name;
    }

    // A filter that is not applied would be a wrong training set.
    static void RefuseFilter(ViewVersion view, string? filter, string where)
    {
        if (filter is not null) throw new LockstepException(ErrorKind.Failed, $"View '{view.Id}' cannot be read: {where} has a filter ('{filter}'), and this version computes no filters.");
    }
}
