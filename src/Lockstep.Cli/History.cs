using Lockstep.Cli.Output;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Cli;

/// <summary>
/// A vector as it was at an instant: a training set of one row. Defaults are left off while it is made and put in afterwards, so that
/// the status can tell a null from a value (S20).
/// </summary>
internal static class History
{
    public static FeatureVectors Get(TrainingSetBuilder builder, Catalog catalog, FeatureQuery query, IReadOnlyDictionary<string, Value> keys, long at, CancellationToken token)
    {
        var set = query.Resolve(catalog);
        var bare = WithoutDefaults(catalog);
        var timestamp = TrainingSetRequest.DefaultTimestamp;
        while (keys.ContainsKey(timestamp)) timestamp = "_" + timestamp;
        var fields = KeyFields(set);
        var spine = new Schema([.. fields, new Field(timestamp, FeatureType.Timestamp)]);
        using var reader = new RowsReader(spine, [[.. fields.Select(f => keys[f.Name]), Value.Timestamp(at)]]);
        var kept = new RowsKeeper();
        var report = builder.Run(new TrainingSetRequest
        {
            Catalog = bare,
            Spine = Spine.Of(reader, "the keys"),
            Service = query.Service is { } service ? bare.FindService(service, query.ServiceVersion) : null,
            Features = query.Service is null ? query.Features : [],
            Timestamp = timestamp,
            FullNames = query.FullNames,
            Writer = kept.For,
        }, null, token);
        var row = kept.Rows[0];
        var served = set.Outputs.Select((output, i) =>
        {
            var lookup = report.Lookups[output.Lookup];
            var value = row[spine.Count + i];
            var status = lookup.OutsideMaxAge > 0 ? FeatureStatus.OutsideMaxAge : lookup.Found == 0 ? FeatureStatus.NotFound : value.IsNull ? FeatureStatus.NullValue : FeatureStatus.Present;
            return new ServedValue(value.IsNull ? output.Default : value, status, null);
        });
        var versions = set.Lookups.Select(l => KeyValuePair.Create(l.Alias ?? l.View.Name, l.View.Version.ToString()));
        return new([.. set.Outputs.Select(o => o.Name)], [.. set.Outputs.Select(o => o.Type)], [.. versions], at, [[.. served]]);
    }

    static List<Field> KeyFields(FeatureSet set)
        => [.. set.Lookups.SelectMany(l => l.KeyColumns.Zip(l.View.Keys.Fields, (column, key) => new Field(column, key.Type))).DistinctBy(f => f.Name)];

    static Catalog WithoutDefaults(Catalog catalog) => new(catalog.Number, catalog.Entities.Values, catalog.Sources.Values,
        catalog.Views.Select(v => v with { Defaults = [.. v.Defaults.Select(_ => Value.Null)] }), catalog.Services);
}
