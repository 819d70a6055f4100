using Lockstep.Cli.Output;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Cli;

// A vector as it was at an instant is a training set of one row. A training set tells values only; what else an answer tells (S20) is
// asked for by the same means:
//  1. Each view gets its event timestamp as one more feature, and loses its defaults, which would hide why there is no value.
//  2. Where no row was found within the ttl, the set is made once more without it: a row that is found then is too old.
internal sealed class History(TrainingSetBuilder builder, Catalog catalog)
{
    public FeatureVectors Get(FeatureQuery query, IReadOnlyDictionary<string, Value> keys, long at, CancellationToken token)
    {
        var set = query.Resolve(catalog);
        var found = Look(set, set.Lookups, keys, at, token);
        var missing = set.Lookups.Where((l, i) => found[i].EventTimestamp is null && l.View.View is ValueView { Ttl: > 0 }).ToList();
        var old = missing.Count == 0 ? [] : Look(set, [.. missing.Select(WithoutTtl)], keys, at, token);
        var served = set.Outputs.Select(output =>
        {
            var (row, time) = found[output.Lookup];
            var value = row[output.Ordinal];
            if (time is not null) return new ServedValue(value.IsNull ? output.Default : value, value.IsNull ? FeatureStatus.NullValue : FeatureStatus.Present, time);
            var oldTime = missing.IndexOf(set.Lookups[output.Lookup]) is var i and >= 0 ? old[i].EventTimestamp : null;
            return new ServedValue(output.Default, oldTime is null ? FeatureStatus.NotFound : FeatureStatus.OutsideMaxAge, oldTime);
        });
        var versions = set.Lookups.Select(l => KeyValuePair.Create(l.Alias ?? l.View.Name, l.View.Version.ToString()));
        return new([.. set.Outputs.Select(o => o.Name)], [.. set.Outputs.Select(o => o.Type)], [.. versions.Distinct()], at, [[.. served]]);
    }

    /// <summary>The columns that hold keys, each once. Not those of a serving plan: views that are not served have a history too.</summary>
    public static List<KeyField> KeyFields(FeatureSet set)
        => [.. set.Lookups.SelectMany(l => l.KeyColumns.Zip(l.View.Keys.Fields, (column, key) => new KeyField(column, key.Type))).DistinctBy(f => f.Name)];

    /// <summary>All features of the row that each lookup finds, and its event timestamp; null: there is no row.</summary>
    List<(Value[] Row, long? EventTimestamp)> Look(FeatureSet set, IReadOnlyList<FeatureLookup> lookups, IReadOnlyDictionary<string, Value> keys, long at, CancellationToken token)
    {
        var fields = KeyFields(set).ConvertAll(f => new Field(f.Name, f.Type));
        var timestamp = Free(TrainingSetRequest.DefaultTimestamp, [.. fields.Select(f => f.Name)]);
        using var reader = new RowsReader(new([.. fields, new(timestamp, FeatureType.Timestamp)]), [[.. fields.Select(f => keys[f.Name]), Value.Timestamp(at)]]);
        var kept = new RowsKeeper();
        var views = lookups.Select(l => Telling(l.View)).ToList();
        builder.Run(new TrainingSetRequest
        {
            Catalog = new(catalog.Number, catalog.Entities.Values, catalog.Sources.Values, views.DistinctBy(v => v.Id), []),
            Spine = Spine.Of(reader, "the keys"),
            Features = [.. lookups.Select((l, i) => new FeatureSelection
            {
                View = l.View.Name,
                Version = VersionSelector.TryParse(l.View.Version.ToString(), out var exact) ? exact : default,
                Alias = $"lookup{i}", // names are told apart by it, whatever the query calls them
                Keys = l.View.Keys.Fields.Zip(l.KeyColumns).ToDictionary(k => k.First.Name, k => k.Second, StringComparer.Ordinal),
            })],
            Timestamp = timestamp,
            Writer = kept.For,
        }, null, token);
        var all = kept.Rows[0].AsSpan(fields.Count + 1);
        List<(Value[], long?)> found = [];
        foreach (var view in views)
        {
            var row = all[..view.Features.Count];
            all = all[row.Length..];
            found.Add((row[..^1].ToArray(), row[^1].IsNull ? null : row[^1].AsInt64));
        }
        return found;
    }

    /// <summary>The view with its event timestamp as its last feature, which decides nothing (S6), and without defaults.</summary>
    static ViewVersion Telling(ViewVersion version)
    {
        if (version.View is not ValueView view) throw new NotSupportedException($"History of {version.Id}, a {version.View.Kind}.");
        var column = view.Timestamp ?? version.Sources[view.Source!].Table!.Timestamp;
        var name = Free("event_timestamp", [.. version.Features.Fields.Select(f => f.Name)]);
        return version with
        {
            View = view with { Features = [.. view.Features.Select(f => f with { Default = Value.Null }), new() { Name = name, Column = column, Type = FeatureType.Timestamp }] },
            Features = new([.. version.Features.Fields, new(name, FeatureType.Timestamp)]),
            Defaults = [.. version.Features.Fields.Select(_ => Value.Null), Value.Null],
        };
    }

    static FeatureLookup WithoutTtl(FeatureLookup lookup) => lookup with { View = lookup.View with { View = (ValueView)lookup.View.View with { Ttl = 0 } } };

    static string Free(string name, IReadOnlyList<string> taken)
    {
        while (taken.Contains(name)) name = "_" + name;
        return name;
    }
}
