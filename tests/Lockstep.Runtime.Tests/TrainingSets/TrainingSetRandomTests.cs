using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Core.Tests.PointInTime;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Tests.TrainingSets;

/// <summary>Whole training sets against the naive twin: several views and aliases, composite keys, blocks of any size.</summary>
public sealed class TrainingSetRandomTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void S18_every_spine_row_comes_back_once_in_order_with_what_the_naive_twin_says(int block)
    {
        var (cut, values) = (0, 0);
        for (var seed = block * 1000; seed < block * 1000 + 150; seed++)
        {
            var random = new Random(seed);
            using var lab = new TrainingSetLab();
            Field[] spineFields = [new("note", FeatureType.String), new("a", FeatureType.String), new("b", FeatureType.Int32), new("event_timestamp", FeatureType.Timestamp), new("c", FeatureType.String)];
            var spine = Rows(random, random.Next(1, 30), r => [Value.Of($"{r.Next(3)}"), Text(r), r.Next(9) == 0 ? Value.Null : Value.Of(r.Next(2)), Time(r), Text(r)]);
            lab.Spine(spineFields, spine);
            // One view by (a, b as int64), one by a, used again with c in its place.
            Field[] pairFeatures = [new("x", FeatureType.Float64), new("y", FeatureType.String), new("z", FeatureType.Int32)];
            Field[] singleFeatures = [new("p", FeatureType.List(FeatureType.Int32)), new("q", FeatureType.Bool)];
            var pair = Rows(random, random.Next(40), r => [Text(r), r.Next(9) == 0 ? Value.Null : Value.Of((long)r.Next(2)), Time(r), Number(r, Value.Of(r.Next(2) * 1.5)), Text(r), Number(r, Value.Of(r.Next(2)))]);
            var single = Rows(random, random.Next(40), r => [Text(r), Time(r), Time(r), Number(r, Value.List(Value.Of(r.Next(2)))), Number(r, Value.Of(r.Next(2) == 0))]);
            var ttl = random.Next(2) * random.Next(1, 6);
            lab.View("pair", [new("a", FeatureType.String), new("b", FeatureType.Int64)], pairFeatures, pair, ttl, defaults: [Value.Null, Value.Of("none"), Value.Of(-1)]);
            lab.View("single", [new("a", FeatureType.String)], singleFeatures, single, created: true);
            var asKnown = random.Next(2) == 0;
            // z alone leaves gaps before it; asking for it first makes the order of columns differ from the schema's.
            FeatureSelection[] selections =
            [
                new() { View = "pair", Features = random.Next(2) == 0 ? ["z"] : ["z", "x"] },
                new() { View = "single", Features = ["q"] },
                new() { View = "single", Features = ["q", "p"], Alias = "other", Keys = new Dictionary<string, string> { ["a"] = "c" } },
                new() { View = "pair", Features = ["y"] },
            ];

            var request = lab.Request() with { Features = selections, AsKnown = asKnown, MemoryBytes = random.Next(3) switch { 0 => 200, 1 => 2000, _ => 1 << 20 } };
            using var reader = random.Next(3) > 0 ? null : lab.Engine.Scan(new() { Table = request.Spine.Table!, Columns = [.. spineFields.Select(f => new ScanColumn(f.Name, f))], KeepOrder = true }, CancellationToken.None);
            if (reader is not null) request = request with { Spine = Spine.Of(reader) }; // read once

            var report = lab.Run(request);

            if (report.Blocks > 1) cut++;
            var pairRows = pair.Select(r => new ViewRow(r[..2], Micros(r[2]), null, r[3..])).ToList();
            var singleRows = single.Select(r => new ViewRow(r[..1], Micros(r[1]), Micros(r[2]), r[3..])).ToList();
            var found = lab.Engine[TrainingSetLab.OutputPath].Rows;
            Assert.Equal(spine.Length, found.Count);
            for (var i = 0; i < spine.Length; i++)
            {
                var s = spine[i];
                var b = s[2].IsNull ? Value.Null : Value.Of(s[2].AsInt64);
                var byPair = NaiveTwin.Newest(pairRows, new([s[1], b], Micros(s[3])), ttl, asKnown, false)?.Features ?? new Value[3];
                var byA = NaiveTwin.Newest(singleRows, new([s[1]], Micros(s[3])), 0, asKnown, true)?.Features ?? new Value[2];
                var byC = NaiveTwin.Newest(singleRows, new([s[4]], Micros(s[3])), 0, asKnown, true)?.Features ?? new Value[2];
                Value[] expected = [.. s, Or(byPair[2], Value.Of(-1)), .. selections[0].Features.Count == 2 ? [byPair[0]] : Array.Empty<Value>(), byA[1], byC[1], byC[0], Or(byPair[1], Value.Of("none"))];
                Assert.True(expected.SequenceEqual(found[i]), $"seed {seed}, row {i}: expected {string.Join(" | ", expected)}, found {string.Join(" | ", found[i])}");
                values += byA[1].IsNull ? 0 : 1;
            }
        }
        Assert.True(cut > 30 && values > 200, $"{cut} in blocks, {values} values"); // the test tests something
    }

    static Value[][] Rows(Random random, int count, Func<Random, Value[]> row) => [.. Enumerable.Range(0, count).Select(_ => row(random))];
    static Value Text(Random random) => random.Next(9) == 0 ? Value.Null : Value.Of(random.Next(2) == 0 ? "u" : "v");
    static Value Time(Random random) => random.Next(15) == 0 ? Value.Null : Value.Timestamp(random.Next(12));
    static Value Number(Random random, Value value) => random.Next(4) == 0 ? Value.Null : value;
    static long? Micros(Value value) => value.IsNull ? null : value.AsInt64;
    static Value Or(Value value, Value other) => value.IsNull ? other : value;
}
