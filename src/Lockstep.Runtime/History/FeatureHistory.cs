using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.OnDemand;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.History;

/// <summary>One row that is asked for: for each lookup of the feature set its key, and the request fields by name.</summary>
public sealed record HistoryRow(IReadOnlyList<Value[]> Keys, IReadOnlyDictionary<string, Value> Request)
{
    /// <summary>Keys by the names of the columns that hold them.</summary>
    public static HistoryRow Of(FeatureSet set, IReadOnlyDictionary<string, Value> keys, IReadOnlyDictionary<string, Value> request)
    {
        ArgumentNullException.ThrowIfNull(set);
        return new([.. set.Lookups.Select(l => l.KeyColumns.Select(k => keys[k]).ToArray())], request);
    }
}

// What serving would have answered at an instant is a training set with a row for each that is asked for. A training set tells values
// only; what else an answer tells (S20) is asked for by the same means:
//  1. Each view gets its event timestamp as one more feature, and loses its defaults, which would hide why there is no value.
//  2. Where no row was found within the ttl, the set is made once more without it: a row that is found then is too old.
//  3. Values of windows that do not fit are told by the sweep itself.
// On-demand features are then computed of what was found, by the program that training and serving run.
/// <summary>Answers of serving as of an instant, from the tables and the log: `get --at`, and `as_of` over HTTP.</summary>
/// <param name="builder">Makes training sets.</param>
/// <param name="catalog">What is registered.</param>
/// <param name="clock">Says what is still to come.</param>
public sealed class FeatureHistory(TrainingSetBuilder builder, Catalog catalog, TimeProvider clock)
{
    /// <summary>The instant, if something is known of it.</summary>
    public static long Check(long at, TimeProvider clock)
    {
        var now = Instant.Now(clock);
        return at <= now ? at : throw new LockstepException(ErrorKind.BadArguments, $"{Instant.Format(at)} is still to come: nothing is known of it. It is {Instant.Format(now)}; leave the instant out for now.");
    }

    /// <summary>The columns that hold keys, each once. Not those of a serving plan: views that are not served have a history too.</summary>
    public static IReadOnlyList<KeyField> KeyFields(FeatureSet set)
    {
        ArgumentNullException.ThrowIfNull(set);
        return [.. set.Lookups.SelectMany(l => l.KeyColumns.Zip(l.View.Keys.Fields, (column, key) => new KeyField(column, key.Type))).DistinctBy(f => f.Name)];
    }

    /// <param name="set">What is asked for.</param>
    /// <param name="rows">For whom.</param>
    /// <param name="at">The instant; not later than now.</param>
    /// <param name="token">Ends it early.</param>
    public FeatureVectors Get(FeatureSet set, IReadOnlyList<HistoryRow> rows, long at, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(rows);
        Check(at, clock);
        var all = Enumerable.Range(0, set.Lookups.Count).ToList();
        var found = Look(set, all, l => l.View, rows, at, token);
        var missing = all.Where(l => set.Lookups[l].View.View is ValueView { Ttl: > 0 } && found[l].Any(f => f.EventTimestamp is null)).ToList();
        var old = Look(set, missing, WithoutTtl, rows, at, token);
        var computed = set.OnDemand is { } onDemand ? Compute(onDemand, rows, (lookup, ordinal, row) => found[lookup][row].Values[ordinal], at) : [];
        ServedValue Of(FeatureOutput output, int row)
        {
            if (output.IsOnDemand) return Served(output, computed[output.Ordinal].GetValue(row), Reads(set.OnDemand!, output.Ordinal).Any(l => HasNull(rows[row].Keys[l])) ? FeatureStatus.NotFound : null, null);
            var one = found[output.Lookup][row];
            var value = one.Values[output.Ordinal];
            if (set.Lookups[output.Lookup].View.View is AggregationView) // of no events, too
                return Served(output, value, HasNull(rows[row].Keys[output.Lookup]) ? FeatureStatus.NotFound : one.OutOfRange.Contains(output.Ordinal) ? FeatureStatus.OutOfRange : null, one.EventTimestamp);
            if (one.EventTimestamp is not null) return Served(output, value, null, one.EventTimestamp);
            var oldTime = missing.IndexOf(output.Lookup) is var i and >= 0 ? old[i][row].EventTimestamp : null;
            return new(output.Default, oldTime is null ? FeatureStatus.NotFound : FeatureStatus.OutsideMaxAge, oldTime);
        }
        return new([.. set.Outputs.Select(o => o.Name)], [.. set.Outputs.Select(o => o.Type)], ServingPlan.VersionsOf(set), at,
            [.. Enumerable.Range(0, rows.Count).Select(row => (IReadOnlyList<ServedValue>)[.. set.Outputs.Select(o => Of(o, row))])]);
    }

    static ServedValue Served(FeatureOutput output, Value value, FeatureStatus? why, long? time)
        => new(value.IsNull ? output.Default : value, why ?? (value.IsNull ? FeatureStatus.NullValue : FeatureStatus.Present), time);

    static bool HasNull(Value[] key) => key.Any(v => v.IsNull);

    static IEnumerable<int> Reads(OnDemandPlan plan, int output) => plan.InputsOf[output].Select(i => plan.Inputs[i].Lookup).Where(l => l >= 0);

    /// <summary>A column for each on-demand output, without its own default.</summary>
    /// <param name="plan">What computes them.</param>
    /// <param name="rows">For whom.</param>
    /// <param name="found">What a lookup found, for a feature of it by its ordinal, for a row.</param>
    /// <param name="at">The instant.</param>
    internal static Column[] Compute(OnDemandPlan plan, IReadOnlyList<HistoryRow> rows, Func<int, int, int, Value> found, long at)
    {
        var inputs = plan.Inputs.Select(i => Column.Create(i.Input.Type)).ToArray();
        for (var row = 0; row < rows.Count; row++)
            for (var i = 0; i < inputs.Length; i++)
                inputs[i].Append(plan.Inputs[i] switch
                {
                    { Request: { } field } => rows[row].Request[field.Name],
                    { IsNow: true } => Value.Timestamp(at),
                    var stored => found(stored.Lookup, stored.Ordinal, row), // the program has the view's default in its trees
                });
        var outputs = plan.Program.Outputs.Select(o => Column.Create(o.Type)).ToArray();
        try
        {
            plan.Program.Run(inputs, outputs, rows.Count, new Scratch());
        }
        catch (CSharpViewException thrown)
        {
            throw thrown.At($"entities[{thrown.Row}]");
        }
        return outputs;
    }

    /// <summary>What a lookup found for one row: the features of the view, the instant of its row or newest event, and which windows do not fit.</summary>
    readonly record struct Found(Value[] Values, long? EventTimestamp, IReadOnlyCollection<int> OutOfRange);

    /// <summary>For each of these lookups, by their places, what it finds for each row.</summary>
    IReadOnlyList<Found[]> Look(FeatureSet set, IReadOnlyList<int> lookups, Func<FeatureLookup, ViewVersion> viewOf, IReadOnlyList<HistoryRow> rows, long at, CancellationToken token)
    {
        if (lookups.Count == 0 || rows.Count == 0) return [.. lookups.Select(_ => Array.Empty<Found>())];
        const string time = "at";
        List<Field> fields = [new(time, FeatureType.Timestamp)];
        foreach (var l in lookups) fields.AddRange(set.Lookups[l].View.Keys.Fields.Select((k, i) => new Field(KeyColumn(l, i), k.Type))); // by names of their own: two lookups may take keys of two types from one
        var kept = new RowsKeeper();
        var views = lookups.Select(l => Telling(viewOf(set.Lookups[l]))).ToList();
        Dictionary<(int Lookup, long Row), HashSet<int>> outOfRange = [];
        using var reader = new RowsReader(new(fields), rows.Select(r => (Value[])[Value.Timestamp(at), .. lookups.SelectMany(l => r.Keys[l])]));
        builder.Run(new TrainingSetRequest
        {
            Catalog = catalog.With(views: views.DistinctBy(v => v.Id), services: []),
            Spine = Spine.Of(reader, "the keys"),
            Features = [.. lookups.Select((l, i) => new FeatureSelection
            {
                View = views[i].Name,
                Version = Exactly(views[i]),
                Alias = $"lookup{i}", // names are told apart by it, whatever the query calls them
                Keys = views[i].Keys.Fields.Select((k, part) => (k.Name, Column: KeyColumn(l, part))).ToDictionary(k => k.Name, k => k.Column, StringComparer.Ordinal),
            })],
            Timestamp = time,
            Writer = kept.For,
            CheckExpectations = false,
            OutOfRange = (lookup, row, ordinal) =>
            {
                if (!outOfRange.TryGetValue((lookup, row), out var ordinals)) outOfRange.Add((lookup, row), ordinals = []);
                ordinals.Add(ordinal);
            },
        }, null, token);
        var answers = lookups.Select(_ => new Found[rows.Count]).ToArray();
        for (var row = 0; row < rows.Count; row++)
        {
            var left = kept.Rows[row].AsSpan(fields.Count);
            for (var i = 0; i < views.Count; i++)
            {
                var values = left[..views[i].Features.Count];
                left = left[values.Length..];
                answers[i][row] = new(values[..^1].ToArray(), values[^1].IsNull ? null : values[^1].AsInt64, outOfRange.GetValueOrDefault((i, row)) ?? []);
            }
        }
        return answers;

        static string KeyColumn(int lookup, int part) => $"key {lookup}.{part}";
    }

    internal static VersionSelector Exactly(ViewVersion view) => VersionSelector.TryParse(view.Version.ToString(), out var exact) ? exact : default;

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

    static ViewVersion WithoutTtl(FeatureLookup lookup) => lookup.View with { View = (ValueView)lookup.View.View with { Ttl = 0 } };

    static string Free(string name, IReadOnlyList<string> taken)
    {
        while (taken.Contains(name)) name = "_" + name;
        return name;
    }
}
