using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.Materialization;

// S25. The end of a view over a table and a stream is recorded in the record of runs: the first one by apply, or by who writes tiles
// before apply has come to it; later ones by runs; each before anything is written that stands on it. So no key is ever built without
// one. It never goes back: what the log brought before it was dropped.
/// <summary>Where the table of an aggregation view ends and its log begins.</summary>
public static class ViewEnds
{
    /// <summary>The end without asking anybody; null where it has to be recorded.</summary>
    public static long? Fixed(Source source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return source.Stream is null ? TileCell.TableAlone : source.Table is null ? TileCell.LogAlone : null;
    }

    /// <summary>What a writer of tiles builds a new key with: the end recorded last. It asks after it has logged its events.</summary>
    public static async ValueTask<long?> ForWritersAsync(IRunStore runs, ViewVersion view, CancellationToken token)
        => Fixed(EventProgram.SourceOf(view)) ?? ((await runs.EndsAsync(view.Id, token)) is { Count: > 0 } ends ? ends[^1].End : null);

    /// <summary>What training uses: the ends of which the run has finished, in the order in which they were recorded. The last one holds; as it was known (S8), the last one recorded by then.</summary>
    public static async ValueTask<IReadOnlyList<RecordedEnd>> ForTrainingAsync(IRunStore runs, ViewVersion view, CancellationToken token)
        => [.. (await runs.EndsAsync(view.Id, token)).Where(e => e.Stands)];

    /// <summary>Records the first end of a view that has none yet. Whoever is first is: all use that one.</summary>
    public static async ValueTask RecordFirstAsync(IRunStore runs, IBatchEngine engine, ViewVersion view, TableInput table, long now, CancellationToken token)
    {
        var program = EventProgram.Of(view);
        if (Fixed(program.Source) is not null || (await runs.EndsAsync(view.Id, token)).Count > 0) return;
        await runs.RecordEndAsync(view.Id, Compute(engine, program, table, now, long.MinValue, token), now, null, token);
    }

    /// <summary>The last midnight at or before the table's newest row that is not ahead of the clock, or <c>complete_until</c>; not before <paramref name="atLeast"/>.</summary>
    internal static long Compute(IBatchEngine engine, EventProgram program, TableInput table, long now, long atLeast, CancellationToken token)
    {
        if (program.Source.Table!.CompleteUntil is { } complete) return Math.Max(atLeast, Instant.Floor(complete, Instant.Day));
        var newest = atLeast;
        if (!table.IsEmpty)
        {
            using var reader = engine.Scan(new()
            {
                Table = table with { More = [] },
                Columns = [new(program.Timestamp, new("time", FeatureType.Timestamp))],
                TimeColumn = program.Timestamp,
                NotBefore = atLeast,
                NotAfter = now,
            }, token);
            var batch = new ColumnBatch(reader.Schema);
            while (reader.Read(batch, token))
            {
                var times = (FixedColumn<long>)batch[0];
                for (var row = 0; row < batch.Count; row++)
                    if (!times.IsNull(row)) newest = Math.Max(newest, times.Values[row]);
            }
        }
        return newest == long.MinValue ? newest : Instant.Floor(newest, Instant.Day);
    }
}
