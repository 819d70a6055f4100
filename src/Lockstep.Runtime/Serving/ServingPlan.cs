using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Serving;

/// <summary>A field of a request's entity rows: a key column and the type that its values are converted to (S4).</summary>
public sealed class KeyField(string name, FeatureType type)
{
    public string Name { get; } = name;
    public FeatureType Type { get; } = type;

    /// <summary>The name as it stands in UTF-8.</summary>
    public byte[] Utf8Name { get; } = Encoding.UTF8.GetBytes(name);

    /// <summary>Reads a key from text as a command line has it: <c>true</c>, <c>42</c>, base64 for bytes; an empty text is the empty text.</summary>
    public Value Parse(string text) => Type.Kind switch
    {
        TypeKind.String => Value.Of(text),
        TypeKind.Int64 when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) => Value.Of(n),
        TypeKind.Int32 when int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) => Value.Of(n),
        TypeKind.Bool when text is "true" or "false" => Value.Of(text == "true"),
        TypeKind.Bytes when Convert.TryFromBase64String(text, new byte[text.Length], out _) => Value.Of(Convert.FromBase64String(text)),
        _ => throw new LockstepException(ErrorKind.BadArguments, $"'{text}' is no value for join key '{Name}': {Expected}."),
    };

    /// <summary>What a value has to be, for messages.</summary>
    public string Expected => Type.Kind switch
    {
        TypeKind.Int32 => "it is int32, a whole number from -2147483648 to 2147483647",
        TypeKind.Int64 => "it is int64, a whole number from -9223372036854775808 to 9223372036854775807",
        TypeKind.Bool => "it is bool, true or false",
        TypeKind.Bytes => "it is bytes, written in base64",
        _ => "it is a string",
    };
}

/// <summary>Fields that make up a key, by their places in <see cref="ServingPlan.Fields"/>. Lookups by the same columns share one: the key is encoded once a row.</summary>
public sealed record KeyGroup(int[] Fields);

/// <summary>A table to read for each row, by the key of one group.</summary>
public sealed class PlannedLookup
{
    public required FeatureLookup Lookup { get; init; }
    public required int Group { get; init; }
    public required RowLayout Layout { get; init; }

    /// <summary>Microseconds; 0: rows do not grow too old.</summary>
    public required long Ttl { get; init; }

    /// <summary>Place of the table among the plan's tables: equal for lookups of the same view version.</summary>
    public required int Table { get; init; }

    public required string TableName { get; init; }

    /// <summary>Of an aggregation view: what computes its windows, shared by all lookups of the table; null: cells hold rows.</summary>
    public ServedWindows? Windows { get; init; }
}

/// <summary>Outputs side by side that come from one row: it is opened once.</summary>
/// <param name="Lookup">Place in <see cref="ServingPlan.Lookups"/>, or behind them in <see cref="ServingPlan.Computed"/>: what <see cref="ServingRequest.Read"/> takes.</param>
/// <param name="First">The first output.</param>
/// <param name="Count">How many.</param>
public readonly record struct PlanSegment(int Lookup, int First, int Count);

/// <summary>
/// What a request means, compiled once for a catalog: the fields it needs, the rows it reads and where each value stands in them.
/// Immutable; shared by all requests of its shape.
/// </summary>
public sealed class ServingPlan
{
    ServingPlan(Catalog catalog, FeatureSet set, KeyField[] fields, KeyGroup[] groups, PlannedLookup[] lookups)
    {
        (Catalog, Set, Fields, Groups, Lookups) = (catalog, set, fields, groups, lookups);
        Outputs = [.. set.Outputs];
        OnDemand = set.OnDemand is { } onDemand ? new(onDemand) : null;
        List<int[]> computed = [];
        Sources = [.. Outputs.Select(o => o.IsOnDemand ? lookups.Length + Place(computed, LookupsOf(set.OnDemand!, o.Ordinal)) : o.Lookup)];
        Computed = [.. computed];
        JsonNames = [.. Outputs.Select(o => JsonSerializer.SerializeToUtf8Bytes(o.Name, Json.JsonText.Options))];
        List<PlanSegment> segments = [];
        for (var i = 0; i < Outputs.Length; i++)
        {
            if (segments.Count > 0 && segments[^1].Lookup == Sources[i]) segments[^1] = segments[^1] with { Count = segments[^1].Count + 1 };
            else segments.Add(new(Sources[i], i, 1));
        }
        Segments = [.. segments];
        Versions = VersionsOf(set);
    }

    /// <summary>The views that answer, those that on-demand features read included.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> VersionsOf(FeatureSet set)
    {
        ArgumentNullException.ThrowIfNull(set);
        Dictionary<string, string> versions = new(StringComparer.Ordinal);
        foreach (var (alias, view) in set.Lookups.Select(l => (l.Alias, l.View)).Concat(set.Outputs.Where(o => o.IsOnDemand).Select(o => ((string?)null, o.View))))
        {
            var version = view.Version.ToString();
            if (!versions.TryAdd(alias ?? view.Name, version) && versions[alias ?? view.Name] != version) versions.TryAdd(view.Id, version);
        }
        return [.. versions];
    }

    static int[] LookupsOf(Core.OnDemand.OnDemandPlan plan, int output)
        => [.. plan.InputsOf[output].Select(i => plan.Inputs[i].Lookup).Where(l => l >= 0).Distinct().Order()];

    public Catalog Catalog { get; }
    public FeatureSet Set { get; }

    /// <summary>Distinct fields by name and type; a name that is used as two types occurs twice.</summary>
    public KeyField[] Fields { get; }

    public KeyGroup[] Groups { get; }
    public PlannedLookup[] Lookups { get; }

    /// <summary>The values of a row, in the order asked for.</summary>
    public FeatureOutput[] Outputs { get; }

    /// <summary>What computes the on-demand features among them; null when there are none.</summary>
    public ServedOnDemand? OnDemand { get; }

    /// <summary>For each output where its row comes from: a lookup, or, behind all lookups, one of <see cref="Computed"/>.</summary>
    public int[] Sources { get; }

    /// <summary>Of on-demand outputs, the lookups that they read: a null in the key of one of them is told by the status (S20).</summary>
    public int[][] Computed { get; }

    /// <summary>Whether a row may be answered by what was written for another request with the same keys.</summary>
    public bool IsCacheable => OnDemand is null || !OnDemand.Plan.ReadsRequest;

    /// <summary>The name of each output as JSON text, quotes included.</summary>
    public byte[][] JsonNames { get; }

    public PlanSegment[] Segments { get; }

    /// <summary>View, or alias, and the version that answers; a view read in two versions has the second under its full name.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Versions { get; }

    readonly ConcurrentDictionary<Type, object> _renderings = new();

    /// <summary>What a format makes of the plan once: names, defaults and sizes as its bytes.</summary>
    public T Rendering<T>(Func<ServingPlan, T> make) where T : class => (T)_renderings.GetOrAdd(typeof(T), static (_, a) => a.make(a.plan), (make, plan: this));

    /// <summary>Resolves and checks what is asked for; every mistake is a <see cref="LockstepException"/> that says what would be right.</summary>
    public static ServingPlan Compile(Catalog catalog, FeatureQuery query, int maxFeatures = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(query);
        var set = query.Resolve(catalog);
        if (set.Outputs.Count > maxFeatures)
            throw new LimitException(Limits.MaxFeatures, maxFeatures, $"The request asks for {set.Outputs.Count} features");
        foreach (var view in set.Outputs.Select(o => o.View))
            if (!view.View.Online)
                throw new LockstepException(ErrorKind.BadArguments, $"View '{view.Id}' is not served online: it says 'online: false'. Set 'online: true', apply and materialize, or ask for its features in a training set.");
        List<KeyField> fields = [];
        List<KeyGroup> groups = [];
        List<string> tables = [];
        List<PlannedLookup> lookups = [];
        var windows = set.Lookups.Where(l => l.View.View is AggregationView).GroupBy(l => l.View.Id, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => new ServedWindows(g.First().View, g.SelectMany(l => l.Ordinals)), StringComparer.Ordinal);
        foreach (var lookup in set.Lookups)
        {
            var view = lookup.View;
            if (!view.View.Online)
                throw new LockstepException(ErrorKind.BadArguments, $"View '{view.Id}', which on-demand features read, is not served online: it says 'online: false'. Set 'online: true', apply and materialize, or ask for the features in a training set.");
            int[] places = [.. lookup.KeyColumns.Select((name, i) => Place(fields, f => f.Name == name && f.Type == view.Keys[i].Type, () => new(name, view.Keys[i].Type)))];
            lookups.Add(new()
            {
                Lookup = lookup,
                Group = Place(groups, g => g.Fields.AsSpan().SequenceEqual(places), () => new(places)),
                Layout = new(view.Features),
                Ttl = (view.View as ValueView)?.Ttl ?? 0,
                Table = Place(tables, t => t == view.Id, () => view.Id),
                TableName = view.Id,
                Windows = windows.GetValueOrDefault(view.Id),
            });
        }
        return new(catalog, set, [.. fields], [.. groups], [.. lookups]);
    }

    static int Place(List<int[]> list, int[] item) => Place(list, i => i.AsSpan().SequenceEqual(item), () => item);

    static int Place<T>(List<T> list, Predicate<T> same, Func<T> make)
    {
        var place = list.FindIndex(same);
        if (place >= 0) return place;
        list.Add(make());
        return list.Count - 1;
    }
}
