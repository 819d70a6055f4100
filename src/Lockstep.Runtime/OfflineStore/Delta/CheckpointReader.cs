using System.Text.Json;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>
/// Reads checkpoints: one Parquet file, several parts, or (version 2) a file of actions that names sidecars. Rows of Parquet come from
/// the engine as the JSON text that the same action has in a commit.
/// </summary>
internal sealed class CheckpointReader(IBatchEngine engine)
{
    const string SidecarFolder = "_sidecars";

    public IEnumerable<LogAction> Read(string table, CheckpointFiles checkpoint, CancellationToken token)
    {
        foreach (var path in checkpoint.Paths)
            foreach (var action in ReadFile(table, path, token))
            {
                if (action is not CheckpointSidecar sidecar)
                {
                    yield return action;
                    continue;
                }
                var sidecarPath = Path.Combine(Path.GetDirectoryName(path)!, SidecarFolder, DeltaPath.Unescape(sidecar.Path));
                foreach (var inner in ReadFile(table, sidecarPath, token)) yield return inner;
            }
    }

    List<LogAction> ReadFile(string table, string path, CancellationToken token)
    {
        if (!path.EndsWith(".json", StringComparison.Ordinal)) return ReadParquet(table, path, token);
        var log = new DeltaLog(Path.GetDirectoryName(Path.GetDirectoryName(path)!)!, table, this);
        return log.ReadLines(File.ReadAllBytes(path), Path.GetFileName(path));
    }

    List<LogAction> ReadParquet(string table, string path, CancellationToken token)
    {
        if (!File.Exists(path)) throw new DamagedLogException($"{table}: the file {Path.GetFileName(path)} of a checkpoint is missing.", isCommit: false);
        var input = new TableInput { Name = $"{table}: checkpoint {Path.GetFileName(path)}", Format = TableFormat.Parquet, Files = [new(path)] };
        using var rows = engine.Query(new()
        {
            Name = input.Name,
            Sql = "select cast(to_json(c) as varchar) as action from checkpoint as c",
            Tables = new Dictionary<string, TableInput> { ["checkpoint"] = input },
        }, token);
        List<LogAction> actions = [];
        var batch = new ColumnBatch(rows.Schema);
        while (rows.Read(batch, token))
        {
            var texts = (BytesColumn)batch[0];
            for (var row = 0; row < texts.Count; row++)
            {
                try
                {
                    var reader = new Utf8JsonReader(texts[row]);
                    using var json = JsonDocument.ParseValue(ref reader);
                    if (ActionReader.Read(json.RootElement) is { } action) actions.Add(action);
                }
                catch (Exception e) when (e is JsonException or OverflowException)
                {
                    throw new DamagedLogException($"{input.Name}, row {row + 1} is not an action: {e.Message}", isCommit: false, e);
                }
            }
        }
        return actions;
    }
}
