using System.Buffers;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Streaming.Log;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.History;

/// <summary>The rows of one key, file by file in the files' own order, each with where it stands.</summary>
sealed class KeyRows(IBatchEngine engine, RowProgram program, Value[] key, string projectFolder)
{
    readonly HashSet<(long, long)> _logged = [];

    /// <summary>Rows of the key in a batch of the program's outputs, and where each stands.</summary>
    public delegate void Taker(ColumnBatch rows, IReadOnlyList<int> found, Func<int, RowPlace> placeOf);

    /// <param name="table">Without what it has <see cref="TableInput.More"/> of.</param>
    /// <param name="isLog">Its rows have places in a log.</param>
    /// <param name="time">The column of the bounds: files that hold nothing within them stay closed.</param>
    /// <param name="notBefore">Included.</param>
    /// <param name="notAfter">Included.</param>
    /// <param name="take">Gets what is found; rows outside of the bounds too.</param>
    /// <param name="token">Stops it.</param>
    public void Read(TableInput table, bool isLog, string time, long notBefore, long notAfter, Taker take, CancellationToken token)
    {
        ArrayBufferWriter<byte> wanted = new(), found = new();
        if (!EntityKey.TryWrite(key, wanted)) return; // a null matches nothing
        foreach (var (file, part) in table.ByFile)
        {
            if (part.Files is [var one] && !one.CanHold(time, notBefore, notAfter)) continue;
            var run = program.Open();
            Column[] log = isLog ? [Column.Create(FeatureType.Int64), Column.Create(FeatureType.Int64), Column.Create(FeatureType.Timestamp)] : [];
            using var reader = engine.Scan(new()
            {
                Table = part,
                Columns = [.. ViewColumns.Scan(program), .. isLog ? s_log : []],
                KeepOrder = true,
            }, token);
            ColumnBatch batch = new(reader.Schema, [.. run.Input.Columns, .. log]);
            Column[] keys = [.. run.Output.Columns.Take(key.Length)];
            List<int> rows = [];
            for (var first = 1L; reader.Read(batch, token); first += batch.Count)
            {
                run.Run();
                rows.Clear();
                for (var row = 0; row < batch.Count; row++)
                {
                    found.ResetWrittenCount();
                    if (EntityKey.TryWrite(keys, row, found) && found.WrittenSpan.SequenceEqual(wanted.WrittenSpan)
                        && (!isLog || _logged.Add((Number(log[0], row), Number(log[1], row))))) rows.Add(row); // a place that two files hold is there once
                }
                var at = first;
                if (rows.Count > 0) take(run.Output, rows, row => new(Shown(file), at + row, isLog ? Number(log[0], row) : null, isLog ? Number(log[1], row) : null, isLog ? Number(log[2], row) : null));
            }
        }
    }

    // As what they are read: names of a source's columns may be the same.
    static readonly ScanColumn[] s_log =
    [
        new(LogColumns.Partition, new("log:partition", FeatureType.Int64)),
        new(LogColumns.Place, new("log:place", FeatureType.Int64)),
        new(LogColumns.IngestedAt, new("log:ingested", FeatureType.Timestamp)),
    ];

    static long Number(Column column, int row) => ((FixedColumn<long>)column).Values[row];

    string Shown(string file)
    {
        var relative = Path.GetRelativePath(projectFolder, file);
        return relative.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(relative) ? file : relative.Replace('\\', '/');
    }
}
