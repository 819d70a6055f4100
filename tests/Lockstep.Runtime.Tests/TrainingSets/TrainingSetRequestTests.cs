using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Tests.TrainingSets;

/// <summary>What is refused, with which words; what is recorded; what is read.</summary>
public sealed class TrainingSetRequestTests
{
    [Fact]
    public void S18_all_mistakes_about_the_spine_come_at_once()
    {
        using var lab = Lab();
        lab.Spine([new("airprot", FeatureType.String), new("seen_at", FeatureType.Timestamp), new("temp", FeatureType.Float64)]);

        var refused = Assert.Throws<LockstepException>(() => lab.Run(lab.Request("weather:temp")));

        Assert.Equal(ErrorKind.BadArguments, refused.Kind);
        Assert.Equal(
        [
            "spine 'labels' has no timestamp column 'event_timestamp'. Its columns of that type: seen_at. Name one with --timestamp.",
            "spine 'labels' has no column 'airport', which holds the key 'airport' of view 'weather@1.0.0'. Did you mean 'airprot'?",
            "The name 'temp' occurs twice: as a column of spine 'labels' and as a feature of view 'weather@1.0.0'. Ask for full names (view__feature), give the view an alias, or rename the column.",
        ], refused.Problems.Select(p => p.Message));
        Assert.False(lab.Engine.Has(TrainingSetLab.OutputPath));
    }

    [Fact]
    public void S4_a_key_of_a_type_that_cannot_be_converted_is_refused()
    {
        using var lab = Lab();
        lab.Spine([new("airport", FeatureType.List(FeatureType.String)), new("event_timestamp", FeatureType.Int64)]);

        var refused = Assert.Throws<LockstepException>(() => lab.Run(lab.Request("weather:temp")));

        Assert.Equal(
        [
            "spine 'labels': the timestamp column 'event_timestamp' is int64. It has to hold instants, dates or text like 2026-11-01T12:00:00Z.",
            "spine 'labels': column 'airport' is list<string>; the key 'airport' of view 'weather@1.0.0' is string.",
        ], refused.Problems.Select(p => p.Message));
    }

    [Fact]
    public void S4_spine_keys_are_converted_to_the_entity_type_and_come_out_as_they_were()
    {
        using var lab = Lab();
        lab.View("rooms", [new("room", FeatureType.Int64)], [new("size", FeatureType.Int64)], [[Value.Of(7L), Value.Timestamp(0), Value.Of(30L)]]);
        lab.Spine([new("room", FeatureType.String), new("event_timestamp", FeatureType.Timestamp)], [Value.Of("7"), Value.Timestamp(1)], [Value.Of("8"), Value.Timestamp(1)], [Value.Null, Value.Timestamp(1)]);

        Assert.Equal([[Value.Of("7"), Value.Timestamp(1), Value.Of(30L)], [Value.Of("8"), Value.Timestamp(1), Value.Null], [Value.Null, Value.Timestamp(1), Value.Null]], lab.Rows(lab.Request("rooms:size")));
    }

    [Fact]
    public void S4_a_key_that_does_not_convert_names_row_column_and_value()
    {
        using var lab = Lab();
        lab.View("rooms", [new("room", FeatureType.Int32)], [new("size", FeatureType.Int64)], []);
        lab.Spine([new("room", FeatureType.Int64), new("event_timestamp", FeatureType.Timestamp)], [.. Enumerable.Range(0, 9).Select(i => new[] { Value.Of(i == 7 ? 3_000_000_000 : i), Value.Timestamp(1) })]);

        var refused = Assert.Throws<LockstepException>(() => lab.Run(lab.Request("rooms:size")));

        Assert.Contains("spine 'labels', row 8, column 'room' (int64): 3000000000 does not convert to int32, which the key 'room' of view 'rooms@1.0.0' needs, without loss.", refused.Message, StringComparison.Ordinal);
        Assert.False(lab.Engine.Has(TrainingSetLab.OutputPath));
    }

    [Fact]
    public void A_spine_from_a_reader_may_bring_its_timestamps_as_text()
    {
        using var lab = Lab();
        lab.Spine([new("airport", FeatureType.String), new("event_timestamp", FeatureType.String)], [Value.Of("JFK"), Value.Of("1970-01-01T02:00:00.000005+02:00")]);
        using var reader = lab.Engine.Scan(new() { Table = new() { Name = "s", Format = TableFormat.Parquet, Files = [new(TrainingSetLab.SpinePath)] }, Columns = [new("airport", new("airport", FeatureType.String)), new("event_timestamp", new("event_timestamp", FeatureType.String))] }, CancellationToken.None);

        Assert.Equal([Value.Of("JFK"), Value.Timestamp(5), Value.Of(50.0)], Assert.Single(lab.Rows(lab.Request("weather:temp") with { Spine = Spine.Of(reader) })));
    }

    [Fact]
    public void S5_a_source_is_read_within_the_times_that_can_count()
    {
        using var lab = Lab();
        lab.Spine([new("airport", FeatureType.String), new("event_timestamp", FeatureType.Timestamp)], [Value.Of("JFK"), Value.Timestamp(20)], [Value.Of("JFK"), Value.Timestamp(40)], [Value.Null, Value.Timestamp(99)]);
        lab.Engine.Scans.Clear();

        lab.Run(lab.Request("weather:temp"));

        var scan = lab.Engine.Scans.Single(s => !s.KeepOrder);
        Assert.Equal(("ts", 20 - 15, 40), (scan.TimeColumn, scan.NotBefore, scan.NotAfter)); // the row without a key asks for nothing
    }

    [Fact]
    public void S6_features_that_were_not_asked_for_are_read_only_when_a_tie_needs_them()
    {
        using var lab = Lab();
        Value[] Row(long a, long b) => [Value.Of("JFK"), Value.Timestamp(0), Value.Of(a), Value.Of(b)];
        Field[] features = [new("a", FeatureType.Int64), new("b", FeatureType.Int64)];
        lab.View("tied", [new("airport", FeatureType.String)], features, [Row(1, 9), Row(2, 1)]);
        lab.View("same", [new("airport", FeatureType.String)], features, [Row(1, 9), Row(2, 9)]);
        lab.Spine([new("airport", FeatureType.String), new("event_timestamp", FeatureType.Timestamp)], [Value.Of("JFK"), Value.Timestamp(0)]);
        lab.Engine.Scans.Clear();

        var rows = lab.Rows(lab.Request("tied:b", "same:b") with { FullNames = true });

        Assert.Equal([Value.Of(1L), Value.Of(9L)], rows[0][2..]);
        Assert.Equal([3, 4, 3], lab.Engine.Scans.Where(s => !s.KeepOrder).Select(s => s.Columns.Count)); // tied: without a, then with it; same: once
    }

    [Fact]
    public void A_view_under_two_aliases_is_read_once()
    {
        using var lab = Lab();
        lab.Spine([new("from", FeatureType.String), new("to", FeatureType.String), new("event_timestamp", FeatureType.Timestamp)], [Value.Of("JFK"), Value.Of("LGA"), Value.Timestamp(5)]);
        FeatureSelection At(string column) => new() { View = "weather", Alias = column, Features = ["temp"], Keys = new Dictionary<string, string> { ["airport"] = column } };
        lab.Engine.Scans.Clear();

        var rows = lab.Rows(lab.Request() with { Features = [At("to"), At("from")] });

        Assert.Equal([Value.Of(60.0), Value.Of(50.0)], rows[0][3..]);
        Assert.Single(lab.Engine.Scans, s => !s.KeepOrder);
    }

    [Fact]
    public void S19_a_training_set_is_made_again_from_its_record()
    {
        using var lab = Lab();
        lab.Spine([new("dest", FeatureType.String), new("at", FeatureType.Timestamp)], [Value.Of("JFK"), Value.Timestamp(5)]);
        var first = lab.Run(lab.Request() with
        {
            Features = [new() { View = "weather", Alias = "there", Features = ["temp"], Keys = new Dictionary<string, string> { ["airport"] = "dest" } }],
            Timestamp = "at",
            AsKnown = true,
        });
        using var folder = new OfflineStore.TempFolder();
        first.Record.Save(folder.At("r.json"));
        lab.View("weather", [new("airport", FeatureType.String)], [new("temp", FeatureType.Float64)], [[Value.Of("JFK"), Value.Timestamp(5), Value.Of(-99.0)]]); // a new table, under the view's name and version
        var read = TrainingSetRecord.Load(folder.At("r.json"));

        var again = lab.Run(lab.Request() with { Catalog = Only(lab, 0), Again = read });

        Assert.Equal(first.Record.ToJson(), again.Record.ToJson());
        Assert.Equal([Value.Of("JFK"), Value.Timestamp(5), Value.Of(50.0)], Assert.Single(lab.Engine[TrainingSetLab.OutputPath].Rows));
    }

    [Fact]
    public void S23_a_view_that_means_something_else_now_cannot_be_asked_for_again()
    {
        using var lab = Lab();
        lab.Spine([new("airport", FeatureType.String), new("event_timestamp", FeatureType.Timestamp)]);
        var record = lab.Run(lab.Request("weather:temp")).Record;
        record = record with { Views = [record.Views[0] with { Fingerprint = "other" }, new("gone@2.0.0", "x", record.Views[0].Table)] };

        var refused = Assert.Throws<LockstepException>(() => lab.Run(lab.Request() with { Again = record }));

        Assert.Equal(ErrorKind.Conflict, refused.Kind);
        Assert.Contains("View 'weather@1.0.0' does not mean what it did", refused.Message, StringComparison.Ordinal);
        Assert.Contains("view 'gone@2.0.0', which is not there any more", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void S18_a_column_that_cannot_be_carried_along_is_refused()
    {
        using var lab = Lab();
        lab.Engine.Put(TrainingSetLab.SpinePath, new([new("airport", FeatureType.String), new("event_timestamp", FeatureType.Timestamp)]) { LeftOut = ["position"] }, []);

        Assert.Contains("spine 'labels': column 'position' has a type that a training set cannot carry", Assert.Throws<LockstepException>(() => lab.Run(lab.Request("weather:temp"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_output_cannot_be_the_spine()
    {
        using var lab = Lab();
        lab.Spine([new("airport", FeatureType.String), new("event_timestamp", FeatureType.Timestamp)], [Value.Of("JFK"), Value.Timestamp(5)]);

        Assert.Contains("is the spine itself", Assert.Throws<LockstepException>(() => lab.Run(lab.Request("weather:temp") with { Output = new(TrainingSetLab.SpinePath, TableFormat.Parquet) })).Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(1), InlineData(-1)]
    public void S18_a_spine_that_changes_while_it_is_read_is_refused(int rows)
    {
        using var lab = Lab();
        lab.Spine([new("airport", FeatureType.String), new("event_timestamp", FeatureType.Timestamp)], [.. Enumerable.Range(0, 7).Select(i => new[] { Value.Of("JFK"), Value.Timestamp(i) })]);
        lab.Engine.Scanning = scan =>
        {
            if (!scan.KeepOrder || lab.Engine.Scans.Count(s => s.KeepOrder) != 1) return; // the second reading
            var all = lab.Engine[TrainingSetLab.SpinePath].Rows;
            if (rows > 0) all.Add(all[0]); else all.RemoveAt(0);
        };

        Assert.Contains("spine 'labels' changed while it was read: it had 7 rows at first.", Assert.Throws<LockstepException>(() => lab.Run(lab.Request("weather:temp"))).Message, StringComparison.Ordinal);
        Assert.False(lab.Engine.Has(TrainingSetLab.OutputPath));
    }

    [Fact]
    public void A_broken_record_says_so()
    {
        using var folder = new OfflineStore.TempFolder();

        Assert.Contains("There is no record", Assert.Throws<LockstepException>(() => TrainingSetRecord.Load(folder.At("none.json"))).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Throws<LockstepException>(() => TrainingSetRecord.Load(folder.Write("torn.json", "{ \"format\": 1, "))).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Throws<LockstepException>(() => TrainingSetRecord.Load(folder.Write("other.json", "{}"))).Message, StringComparison.Ordinal);
    }

    static Catalog Only(TrainingSetLab lab, int view) => new(1, [], lab.Catalog.Sources.Values, [lab.Catalog.Views[view]], []);

    static TrainingSetLab Lab()
    {
        var lab = new TrainingSetLab();
        lab.View("weather", [new("airport", FeatureType.String)], [new("temp", FeatureType.Float64)],
            [[Value.Of("JFK"), Value.Timestamp(5), Value.Of(50.0)], [Value.Of("LGA"), Value.Timestamp(5), Value.Of(60.0)]], ttl: 15);
        return lab;
    }
}
