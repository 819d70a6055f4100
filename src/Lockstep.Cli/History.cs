using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Cli;

// A vector as it was at an instant is a training set of one row. A training set tells values only; what else an answer tells (S20) is
// asked for by the same means:
//  1. Each view gets its event timestamp as one more feature, and loses its defaults, which would hide why there is no value.
//  2. Where no row was found within the ttl, the set is made once more without it: a row that is found then is too old.
//  3. On-demand features are those of a training row with the request's fields, without their own defaults for the same reason.
internal sealed class History(TrainingSetBuilder builder, Catalog catalog)
{
    /// <param name="query">What is asked for.</param>
    /// <param name="keys">The key columns by name.</param>
    /// <param name="request">The fields that on-demand features read, by name.</param>
    /// <param name="at">The instant.</param>
    /// <param name="token">Ends it early.</param>
    public FeatureVectors Get(FeatureQuery query, IReadOnlyDictionary<string, Value> keys, IReadOnlyDictionary<string, Value> request, long at, CancellationToken token)
    {
        var set = query.Resolve(catalog);
        var found = Look(set, set.Lookups, keys, at, token);
        var computed = Compute(set, keys, request, at, token);
        var missing = set.Lookups.Where((l, i) => found[i].EventTimestamp is null && l.View.View is ValueView { Ttl: > 0 }).ToList();
        var old = missing.Count == 0 ? [] : Look(set, [.. missing.Select(WithoutTtl)], keys, at, token);
        var served = set.Outputs.Select(output =>
        {
            if (output.IsOnDemand) return Computed(set, output, computed[output.Ordinal], keys);
            var (row, time) = found[output.Lookup];
            var value = row[output.Ordinal];
            if (set.Lookups[output.Lookup] is { View.View: AggregationView } windows) // of no events, too
                return new ServedValue(value.IsNull ? output.Default : value, windows.KeyColumns.Any(k => keys[k].IsNull) ? FeatureStatus.NotFound : value.IsNull ? FeatureStatus.NullValue : FeatureStatus.Present, time);
            if (time is not null) return new ServedValue(value.IsNull ? output.Default : value, value.IsNull ? FeatureStatus.NullValue : FeatureStatus.Present, time);
            var oldTime = missing.IndexOf(set.Lookups[output.Lookup]) is var i and >= 0 ? old[i].EventTimestamp : null;
            return new ServedValue(output.Default, oldTime is null ? FeatureStatus.NotFound : FeatureStatus.OutsideMaxAge, oldTime);
        });
        return new([.. set.Outputs.Select(o => o.Name)], [.. set.Outputs.Select(o => o.Type)], ServingPlan.VersionsOf(set), at, [[.. served]]);
    }

    static ServedValue Computed(FeatureSet set, FeatureOutput output, Value value, IReadOnlyDictionary<string, Value> keys)
    {
        var lookups = set.OnDemand!.InputsOf[output.Ordinal].Select(i => set.OnDemand.Inputs[i].Lookup).Where(l => l >= 0);
        var isNull = lookups.Any(l => set.Lookups[l].KeyColumns.Any(k => keys[k].IsNull));
        return new(value.IsNull ? output.Default : value, isNull ? FeatureStatus.NotFound : value.IsNull ? FeatureStatus.NullValue : FeatureStatus.Present, null);
    }

    /// <summary>The on-demand outputs in their order, without their own defaults.</summary>
    List<Value> Compute(FeatureSet set, IReadOnlyDictionary<string, Value> keys, IReadOnlyDictionary<string, Value> request, long at, CancellationToken token)
    {
        List<Value> values = [];
        var views = catalog.Views.Select(v => v.View is OnDemandView ? v with { Defaults = [.. v.Defaults.Select(_ => Value.Null)] } : v);
        Catalog bare = catalog.With(views: views, services: []);
        foreach (var output in set.Outputs.Where(o => o.IsOnDemand))
        {
            FeatureSelection selection = new() { View = output.View.Name, Version = Exactly(output.View), Features = [output.Feature] };
            var alone = FeatureSet.Resolve(bare, [selection], fullNames: true);
            var fields = KeyFields(alone).ConvertAll(f => (Field: new Field(f.Name, f.Type), Value: keys[f.Name]));
            fields.AddRange(alone.OnDemand!.RequestFields.Where(f => fields.All(k => k.Field.Name != f.Name)).Select(f => (f, request[f.Name])));
            var timestamp = Free(TrainingSetRequest.DefaultTimestamp, [.. fields.Select(f => f.Field.Name)]);
            using var reader = new RowsReader(new([.. fields.Select(f => f.Field), new(timestamp, FeatureType.Timestamp)]), [[.. fields.Select(f => f.Value), Value.Timestamp(at)]]);
            var kept = new RowsKeeper();
            builder.Run(new TrainingSetRequest { Catalog = bare, Spine = Spine.Of(reader, "the request"), Features = [selection], FullNames = true, Timestamp = timestamp, Writer = kept.For }, null, token);
            values.Add(kept.Rows[0][^1]);
        }
        return values;
    }

    static VersionSelector Exactly(ViewVersion view) => VersionSelector.TryParse(view.Version.ToString(), out var exact) ? exact : default;

    /// <summary>The columns that hold keys, each once. Not those of a serving plan: views that are not served have a history too.</summary>
    public static List<KeyField> KeyFields(FeatureSet set)
        => [.. set.Lookups.SelectMany(l => l.KeyColumns.Zip(l.View.Keys.Fields, (column, key) => new KeyField(column, key.Type))).DistinctBy(f => f.Name)];

    /// <summary>All features of the row that each lookup finds, and its event timestamp; null: there is no row.</summary>
    List<(Value[] Row, long? EventTimestamp)> Look(FeatureSet set, IReadOnlyList<FeatureLookup> lookups, IReadOnlyDictionary<string, Value> keys, long at, CancellationToken token)
    {
        if (lookups.Count == 0) return [];
        var fields = KeyFields(set).ConvertAll(f => new Field(f.Name, f.Type));
        var timestamp = Free(TrainingSetRequest.DefaultTimestamp, [.. fields.Select(f => f.Name)]);
        using var reader = new RowsReader(new([.. fields, new(timestamp, FeatureType.Timestamp)]), [[.. fields.Select(f => keys[f.Name]), Value.Timestamp(at)]]);
        var kept = new RowsKeeper();
        var views = lookups.Select(l => Telling(l.View)).ToList();
        builder.Run(new TrainingSetRequest
        {
            Catalog = catalog.With(views: views.DistinctBy(v => v.Id), services: []),
            Spine = Spine.Of(reader, "the keys"),
            Features = [.. lookups.Select((l, i) => new FeatureSelection
            {
                View = l.View.Name,
                Version = Exactly(l.View),
                Alias = $"lookup{i}", // names are told apart by it, whatever the query calls them
                Keys = l.View.Keys.Fields.Zip(l.KeyColumns).ToDictionary(k => k.First.Name, k => k.Second, StringComparer.Ordinal),
            })],
            Timestamp = timestamp,
            Writer = kept.For,
            CheckExpectations = false,
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
        if (version.View is AggregationView windows) return Telling(version, windows);
        if (version.View is not ValueView view) throw new NotSupportedException($"History of {version.Id}, a {version.View.Kind}.");
        var column = view.Timestamp ?? version.Sources[view.Source!].TimestampColumn!;
        var name = Free("event_timestamp", [.. version.Features.Fields.Select(f => f.Name)]);
        return version with
        {
            View = view with { Features = [.. view.Features.Select(f => f with { Default = Value.Null }), new() { Name = name, Column = column, Type = FeatureType.Timestamp }] },
            Features = new([.. version.Features.Fields, new(name, FeatureType.Timestamp)]),
            Defaults = [.. version.Features.Fields.Select(_ => Value.Null), Value.Null],
        };
    }

    // The newest event of the widest window (S20): the greatest timestamp in it.
    static ViewVersion Telling(ViewVersion version, AggregationView view)
    {
        var (source, time) = (version.Sources[view.Source], EventProgram.Of(version).Timestamp);
        var widest = view.Features.SelectMany(f => f.Windows).MaxBy(w => (w.Length, w.Hop));
        var name = Free("event_timestamp", [.. version.Features.Fields.Select(f => f.Name), .. view.Features.Select(f => f.Name)]);
        return version with
        {
            View = view with { Features = [.. view.Features, new() { Name = name, Function = "max", Column = time, Windows = [widest] }] },
            Sources = new Dictionary<string, Source>(version.Sources) { [view.Source] = source with { Columns = [.. (source.Columns ?? []).Select(c => c.Name == time ? c with { Type = FeatureType.Timestamp } : c)] } },
            Features = new([.. version.Features.Fields, new($"{name}_{widest.Name}", FeatureType.Timestamp)]),
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
