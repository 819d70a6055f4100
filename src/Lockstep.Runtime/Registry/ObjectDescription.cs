using Lockstep.Core.Definitions;
using Lockstep.Core.Expressions.Syntax;

namespace Lockstep.Runtime.Registry;

/// <summary>A feature of a view, or a column of a source.</summary>
/// <param name="Name">Of a window's feature with the window.</param>
/// <param name="Type">What it holds.</param>
/// <param name="Default">What stands for null; null: nothing.</param>
/// <param name="Description">The author's.</param>
/// <param name="Computed">By what: an expression, another column's name, a function over a window; null: it is read as it is called.</param>
public sealed record FeatureDescription(string Name, string Type, string? Default, string? Description, string? Computed = null);

/// <summary>All that is known of one version of an object.</summary>
public sealed record ObjectDescription
{
    public required ObjectSummary Object { get; init; }
    public required string Fingerprint { get; init; }

    /// <summary>Columns of the key.</summary>
    public required IReadOnlyList<FeatureDescription> Keys { get; init; }

    /// <summary>Features of a view, columns of a source.</summary>
    public required IReadOnlyList<FeatureDescription> Features { get; init; }

    /// <summary>For a service, the view version that each of its selections reads; for an on-demand view, those that its expressions do.</summary>
    public required IReadOnlyList<string> Reads { get; init; }

    /// <summary>Facts of its kind: what a fit learned and from what, what a lookup table holds, how a transformation is fitted.</summary>
    public IReadOnlyList<DescribedFact> Facts { get; init; } = [];

    public required IReadOnlyList<string> UsedBy { get; init; }

    /// <summary>All versions of the name, oldest first.</summary>
    public required IReadOnlyList<string> Versions { get; init; }

    public required RegistryApply LastChange { get; init; }

    /// <summary>Canonical JSON of what the author wrote.</summary>
    public required string Definition { get; init; }

    internal static ObjectDescription Of(RegisteredObject item, RegistrySnapshot snapshot, Usage usage) => new()
    {
        Object = ObjectSummary.Of(item),
        Fingerprint = item.Record.Fingerprint,
        Keys = item.View is { } view ? [.. view.Keys.Fields.Select(f => new FeatureDescription(f.Name, f.Type.ToString(), null, null))]
            : item.Definition is LookupTable table ? [.. table.Key.Select(f => new FeatureDescription(f.Name, f.Type.ToString(), null, null))]
            : item.Definition is Entity entity ? [.. entity.JoinKeys.Select(f => new FeatureDescription(f.Name, f.Type.ToString(), null, null))] : [],
        Features = FeaturesOf(item),
        Reads = [.. item.Pins.Concat((item.View ?? item.Transformation?.Inputs) is { } reader ? BoundJson.ReadsOf(reader) : []).Select(p => p.ToString()),
            .. (item.View ?? item.Transformation?.Inputs)?.Constants.Values.Distinct(StringComparer.Ordinal) ?? []],
        Facts = DescribedFact.Of(item, snapshot),
        UsedBy = usage.Of(item.Key),
        Versions = [.. snapshot.Objects.Where(o => o.Key.Category == item.Key.Category && o.Key.Name == item.Key.Name && o.Key.IsVersioned)
            .Select(o => o.Key.Version + (o.IsActive ? "" : $" ({o.State.ToString().ToLowerInvariant()})"))],
        LastChange = snapshot.History.First(a => a.Number == item.Apply),
        Definition = item.Record.Definition,
    };

    // What an expression yields is told only where the columns that it reads are known.
    static string TypeOf(Source source, string column)
    {
        try
        {
            return RowColumns.Of(source).TypeOf(column)?.ToString() ?? "";
        }
        catch (ExpressionException)
        {
            return "";
        }
    }

    static List<FeatureDescription> FeaturesOf(RegisteredObject item)
    {
        if (item.Definition is Source source)
            return [.. (item.Columns ?? []).Select(f => new FeatureDescription(f.Name, f.Type.ToString(), null, null)),
                .. source.Derived.Select(d => new FeatureDescription(d.Name, TypeOf(source with { Columns = item.Columns }, d.Name), null, null, d.Expression))];
        if (item.Table is { } table) return [.. table.Table.Columns.Select(c => new FeatureDescription(c.Name, c.Type.ToString(), c.Default.IsNull ? null : c.Default.ToString(), c.Description))];
        if (item.View is not { } view) return [];
        var texts = item.Definition switch
        {
            ValueView value => value.Features.ToDictionary(f => f.Name, f => (f.Description, Computed: f.Expression ?? (f.Column == f.Name ? null : f.Column)), StringComparer.Ordinal),
            OnDemandView onDemand => onDemand.Features.ToDictionary(f => f.Name, f => (f.Description, Computed: (string?)f.Expression), StringComparer.Ordinal),
            AggregationView aggregation => aggregation.Features
                .SelectMany(f => f.Windows.Select(w => (Name: $"{f.Name}_{w.Name}", f.Description, Computed: (string?)Of(f, w)))).ToDictionary(f => f.Name, f => (f.Description, f.Computed), StringComparer.Ordinal),
            _ => [],
        };
        return [.. view.Features.Fields.Select((f, i) => new FeatureDescription(f.Name, f.Type.ToString(),
            view.Defaults[i].IsNull ? null : view.Defaults[i].ToString(), texts.GetValueOrDefault(f.Name).Description, texts.GetValueOrDefault(f.Name).Computed))];
    }

    static string Of(AggregateFeature feature, Window window) => $"{Of(feature)} over {window.Name}";

    internal static string Of(AggregateFeature feature)
        => $"{feature.Function}({feature.Column ?? "*"}{string.Concat(feature.Parameters.Select(p => $", {p.Key} {p.Value}"))}){(feature.Where is { } where ? $" where {where}" : "")}";
}

/// <summary>One version of a name and its revisions.</summary>
public sealed record VersionDescription
{
    public required string Kind { get; init; }
    public required string Version { get; init; }
    public required ObjectState State { get; init; }
    public required string Fingerprint { get; init; }
    public required IReadOnlyList<string> UsedBy { get; init; }

    /// <summary>Every apply that wrote it, oldest first, with what it changed.</summary>
    public required IReadOnlyList<RevisionDescription> Revisions { get; init; }
}

/// <summary>What one apply did to one version.</summary>
public sealed record RevisionDescription(RegistryApply Apply, ObjectState State, IReadOnlyList<PropertyChange> Changes);

/// <summary>What differs between two versions, or one version at two times.</summary>
public sealed record DiffResult(string Left, string Right, bool SameMeaning, IReadOnlyList<PropertyChange> Changes);
