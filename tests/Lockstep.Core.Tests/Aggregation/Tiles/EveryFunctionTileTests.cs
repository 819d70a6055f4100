using Lockstep.Compliance.Aggregation;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Aggregation.Tiles;

/// <summary>Every function over every type in one cell: any order, any cut into runs' parts, batches of the log and instants of writing gives the same bytes, and the values of the judge.</summary>
public sealed class EveryFunctionTileTests
{
    static readonly long Now = 20_000 * Instant.Day + 3 * Instant.Hour;

    static readonly Source Events = new() { Name = "events", Stream = new PushStreamSource { Timestamp = "ts" }, Columns = [new("id", FeatureType.String), new("ts", FeatureType.Timestamp), .. EveryFunction.Columns] };

    static Window Parse(string text, long? hop = null) => Window.TryParse(text, hop, out var window) ? window : throw new ArgumentException(text);

    [Theory, InlineData(1, 0), InlineData(2, 7), InlineData(3, 0)]
    public void S13_tiles_of_every_function_have_the_same_bytes_and_values_however_events_are_cut(int seed, long delay)
    {
        Random random = new(seed);
        var view = EveryFunction.View("w", Events, EveryFunction.Features([Parse("1m"), Parse("40s", 1), Parse("3h"), Parse("lifetime"), Parse("10m", 10 * Instant.Second)], 1), delay * Instant.Second);
        var program = EventProgram.Of(view);
        (long Time, Value[] Row)[] events = [.. Enumerable.Range(0, 120).Select(_ => (Now + random.Next(4) switch { 0 => random.NextInt64(Instant.Minute), 1 => -random.NextInt64(10 * Instant.Second), 2 => Instant.Floor(-random.NextInt64(Instant.Hour), Instant.Second), _ => -random.NextInt64(4 * Instant.Day) }, EveryFunction.Row(random)))];
        TileCellMerger merger = new(program.Layout);
        EventStates states = new(program.Plan);

        ColumnBatch Batch(IEnumerable<(long Time, Value[] Row)> of)
        {
            var rows = program.Rows.Open();
            var names = Events.Columns!.Select(c => c.Name).ToList();
            foreach (var (time, row) in of)
            {
                Value[] all = [Value.Of("k"), Value.Timestamp(time), .. row];
                for (var i = 0; i < program.Rows.Inputs.Count; i++) rows.Input[i].Append(all[names.IndexOf(program.Rows.Inputs[i].Column)]);
            }
            rows.Run();
            return rows.Output;
        }

        byte[] Build(IEnumerable<(long Time, Value[] Row)> of)
        {
            TileBuilder builder = new(program.Layout, program.Rows.Schema, Now);
            builder.Add(Batch(of));
            Assert.Equal(1, builder.Sort());
            return TileLab.Bytes(to => builder.Write(0, 0, TileCell.LogAlone, to));
        }

        byte[] Apply(byte[] cell, byte[] update, long at)
        {
            System.Buffers.ArrayBufferWriter<byte> merged = new();
            return merger.Apply(at, cell, update, merged) == TileOutcome.Changed ? merged.WrittenSpan.ToArray() : cell;
        }

        byte[] Log(params IEnumerable<(LogPlace Place, (long Time, Value[] Row) Event)> of)
        {
            TileEvents update = new();
            update.Begin(TileCell.LogAlone);
            foreach (var (place, e) in of) update.Add(place, e.Time, states.Of(Batch([e]), 0));
            return TileLab.Bytes(to => update.Write(to, 0));
        }

        byte[] Run(byte[] cell) => Apply([], TileLab.Bytes(to => TileUpdate.Replace(to, 0, [DayRange.All], cell)), Now);

        var whole = Run(Build(events));
        var last = (new LogPlace(0, 1_000), (long.MinValue + 1, EveryFunction.Row(random))); // the places of both ways are then the same
        random.Shuffle(events);
        Assert.Equal(whole, Run(events.Chunk(random.Next(5, 60)).Select(Build).Aggregate((a, b) => Apply(a, TileLab.Bytes(to => TileUpdate.Combine(to, b)), Now))));
        var streamed = Array.Empty<byte>();
        var (next, at) = (0L, Now - 20 * Instant.Second);
        foreach (var batch in events.Chunk(random.Next(1, 40)))
        {
            var update = Log([.. batch.Select(e => (new LogPlace(0, ++next), e))]);
            streamed = Apply(streamed, update, at);
            Assert.Same(streamed, Apply(streamed, update, at)); // again
            at = Math.Min(Now, at + random.NextInt64(5 * Instant.Second));
        }
        Assert.Equal(Apply(whole, Log(last), Now), Apply(streamed, Log(last), Now));

        var truth = events.Append(last.Item2).Select(e => new NaiveEvent([Value.Of("k")], e.Item1, e.Item2, [e.Item2[2] is { IsNull: false } n && n.AsInt64 > 0])).ToList();
        TileWindows windows = new(program.Layout, [.. Enumerable.Range(0, view.Features.Count)]);
        foreach (var instant in new[] { Now - 5 * Instant.Second, Now, Now + 30 * Instant.Second, Now + 2 * Instant.Hour })
        {
            windows.Read(Apply(streamed, Log(last), Now), instant);
            var i = 0;
            foreach (var feature in ((AggregationView)view.View).Features)
                foreach (var window in feature.Windows)
                {
                    var column = feature.Column is null ? -1 : EveryFunction.Columns.ToList().FindIndex(c => c.Name == feature.Column);
                    NaiveFeature naive = new(feature.Function, column, column < 0 ? null : EveryFunction.Columns[column].Type, window) { Parameters = Given(feature), Filter = feature.Where is null ? -1 : 0 };
                    var (value, status) = NaiveWindows.Compute(truth, [Value.Of("k")], instant, naive, delay * Instant.Second);
                    Assert.True((value, status) == (windows.Value(i).GetValue(0), windows.Status(i)), $"seed {seed}, as of {instant - Now}: {feature.Name}_{window.Name} is {windows.Value(i).GetValue(0)} {windows.Status(i)}, not {value} {status}");
                    i++;
                }
        }
    }

    // The judge reads parameters as they are written; what is left out has its default.
    static Dictionary<string, string> Given(AggregateFeature feature)
        => Core.Aggregation.AggregateCatalog.BuiltIn.Find(feature.Function)!.Parameters.ToDictionary(p => p.Name, p => feature.Parameters.TryGetValue(p.Name, out var text) ? text : p.Default!, StringComparer.Ordinal);
}
