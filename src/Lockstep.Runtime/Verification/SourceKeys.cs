using System.Buffers;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Verification;

/// <summary>The keys that a view's offline data hold: one pass over the key columns.</summary>
internal static class SourceKeys
{
    public static void Offer(IBatchEngine engine, ITables tables, ViewVersion view, Catalog catalog, KeySample to, CancellationToken token)
    {
        var table = tables.View(view, catalog);
        if (table.IsEmpty) return;
        var program = view.View is AggregationView ? KeysOfEvents(view) : ViewColumns.Of(view, catalog).KeyProgram();
        using var reader = engine.Scan(new() { Table = table, Columns = ViewColumns.Scan(program) }, token);
        var rows = program.Open();
        Column[] parts = [.. rows.Output.Columns];
        ArrayBufferWriter<byte> key = new(64);
        while (reader.Read(rows.Input, token))
        {
            rows.Run();
            for (var row = 0; row < rows.Output.Count; row++)
            {
                key.ResetWrittenCount();
                if (EntityKey.TryWrite(parts, row, key)) to.Offer(key.WrittenSpan);
            }
        }
    }

    // Of rows that the filter drops, too: a key without events has counts of 0 on both sides.
    static RowProgram KeysOfEvents(ViewVersion view)
    {
        var columns = RowColumns.Of(EventProgram.Of(view).Source);
        return RowProgram.Compile(new(columns.What, columns.Data, columns.Computed), [.. view.Keys.Fields.Select(k => new RowOutput(new($"key:{k.Name}", k.Type), k.Name))]);
    }
}
