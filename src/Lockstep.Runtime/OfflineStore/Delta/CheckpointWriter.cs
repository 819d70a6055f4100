using System.Globalization;
using System.Text;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>
/// Writes a classic checkpoint: the whole state as one Parquet file, which saves readers the commits before it. It is made of the same
/// lines as a commit; the engine gives them their nested types. It appears under its name whole or not at all.
/// </summary>
internal sealed class CheckpointWriter(IBatchEngine engine)
{
    const string Text = "\"VARCHAR\"", Number = "\"BIGINT\"", Map = "\"MAP(VARCHAR, VARCHAR)\"";

    const string Structure = "{"
        + $"\"txn\":{{\"appId\":{Text},\"version\":{Number},\"lastUpdated\":{Number}}},"
        + $"\"add\":{{\"path\":{Text},\"partitionValues\":{Map},\"size\":{Number},\"modificationTime\":{Number},\"dataChange\":\"BOOLEAN\",\"tags\":{Map},\"stats\":{Text}}},"
        + $"\"remove\":{{\"path\":{Text},\"deletionTimestamp\":{Number},\"dataChange\":\"BOOLEAN\",\"extendedFileMetadata\":\"BOOLEAN\",\"partitionValues\":{Map},\"size\":{Number}}},"
        + $"\"metaData\":{{\"id\":{Text},\"name\":{Text},\"description\":{Text},\"format\":{{\"provider\":{Text},\"options\":{Map}}},\"schemaString\":{Text},"
        + $"\"partitionColumns\":[{Text}],\"configuration\":{Map},\"createdTime\":{Number}}},"
        + $"\"protocol\":{{\"minReaderVersion\":\"INTEGER\",\"minWriterVersion\":\"INTEGER\",\"readerFeatures\":[{Text}],\"writerFeatures\":[{Text}]}}"
        + "}";

    const string Sql = $"select a.txn, a.\"add\", a.remove, a.\"metaData\", a.protocol from (select from_json(action, '{Structure}') as a from actions)";

    static readonly Schema Lines = new([new("action", FeatureType.String)]);

    /// <param name="folder">The log folder.</param>
    /// <param name="state">What to write.</param>
    /// <param name="removedSince">Milliseconds; files removed before are no longer told.</param>
    /// <param name="token">Stops the work; no checkpoint is then there.</param>
    public void Write(string folder, LogState state, long removedSince, CancellationToken token)
    {
        List<LogAction> actions = [state.Protocol!, state.Metadata!, .. state.Transactions.Values.OrderBy(t => t.AppId, StringComparer.Ordinal)];
        actions.AddRange(state.Files.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => f.Value with { DataChange = false }));
        actions.AddRange(state.Removed.Where(r => r.Value.DeletionTimestamp >= removedSince).OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => r.Value with { DataChange = false }));
        var lines = DurableFile.Unfinished(folder, "checkpoint-lines");
        var checkpoint = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{state.Version:D20}.checkpoint.parquet"));
        try
        {
            using (var writer = engine.CreateFile(new(lines, TableFormat.Parquet), Lines, token))
            {
                var batch = new ColumnBatch(Lines);
                foreach (var chunk in actions.Chunk(2048))
                {
                    batch.Clear();
                    foreach (var action in chunk) ((BytesColumn)batch[0]).Append(ActionWriter.Write([action]));
                    writer.Write(batch, token);
                }
                writer.Complete(token);
            }
            engine.WriteQuery(new()
            {
                Name = $"checkpoint {state.Version}",
                Sql = Sql,
                Tables = new Dictionary<string, TableInput>
                {
                    ["actions"] = new() { Name = $"checkpoint {state.Version}", Format = TableFormat.Parquet, Files = [new(lines)], Schema = Lines },
                },
            }, new(checkpoint, TableFormat.Parquet), token);
            var bytes = new FileInfo(checkpoint).Length;
            DurableFile.Replace(Path.Combine(folder, "_last_checkpoint"), Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
                $"{{\"version\":{state.Version},\"size\":{actions.Count},\"sizeInBytes\":{bytes},\"numOfAddFiles\":{state.Files.Count}}}")));
        }
        finally
        {
            File.Delete(lines);
        }
    }
}
