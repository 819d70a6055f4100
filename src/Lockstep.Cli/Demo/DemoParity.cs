using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.TrainingSets;
using Lockstep.Server;

namespace Lockstep.Cli.Demo;

/// <summary>What the comparison of served vectors with training rows of the same instant found (S22).</summary>
/// <param name="Vectors">Served vectors, and training rows.</param>
/// <param name="Values">Values that were compared.</param>
/// <param name="Present">Those of them that are not null.</param>
/// <param name="Difference">The first difference, in words; null: there is none.</param>
internal sealed record ParityResult(int Vectors, int Values, int Present, string? Difference);

/// <summary>Serves many vectors at one instant, makes a training set for the same keys at that instant, and compares bits.</summary>
internal static class DemoParity
{
    public static async Task<ParityResult> CheckAsync(ProjectHost host, string service, IReadOnlyList<IReadOnlyDictionary<string, Value>> rows, CancellationToken token)
    {
        var catalog = await host.LoadCatalogAsync(token);
        var served = await host.CreateFeatureServer(catalog).GetAsync(FeatureQuery.OfService(service), rows, token);
        var keys = rows[0].Keys.ToList();
        var spine = new Schema([.. keys.Select(k => new Field(k, rows[0][k].Kind == TypeKind.Int64 ? FeatureType.Int64 : FeatureType.String)), new(TrainingSetRequest.DefaultTimestamp, FeatureType.Timestamp)]);
        using var reader = new RowsReader(spine, rows.Select(r => (Value[])[.. keys.Select(k => r[k]), Value.Timestamp(served.AsOf)]));
        var trained = new RowsKeeper();
        host.TrainingSets.Run(new() { Catalog = catalog, Spine = Spine.Of(reader), Service = catalog.FindService(service), Writer = trained.For }, null, token);
        return Compare(served, trained.Rows, spine.Count);
    }

    internal static ParityResult Compare(FeatureVectors served, IReadOnlyList<Value[]> trained, int keys)
    {
        var present = 0;
        if (trained.Count != served.Rows.Count) return new(served.Rows.Count, 0, 0, $"{served.Rows.Count} vectors, but {trained.Count} training rows");
        for (var row = 0; row < trained.Count; row++)
            for (var i = 0; i < served.Names.Count; i++)
            {
                var (online, offline) = (served.Rows[row][i].Value, trained[row][keys + i]);
                if (online != offline) return new(served.Rows.Count, served.Rows.Count * served.Names.Count, present, $"{served.Names[i]} of row {row + 1} was served as {online}; the training set has {offline}");
                if (!online.IsNull) present++;
            }
        return new(served.Rows.Count, served.Rows.Count * served.Names.Count, present, null);
    }
}
