using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.Tests.OfflineStore;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Tests.TrainingSets;

/// <summary>Spines, sources and outputs as files of every format, with the real engine; and files that are not as they should be.</summary>
public sealed class TrainingSetFormatsTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    const string Rooms = """
        room,seen_at,made_at,size,price,names
        007,2026-01-01T10:00:00Z,2026-01-01T11:00:00Z,30,-0.0,"[""a"",""b""]"
        007,2026-01-02T10:00:00Z,2026-01-02T11:00:00Z,31,NaN,
        7,2026-01-01T10:00:00+02:00,,8,1.5,[]
        """;

    const string SpineCsv = """
        room,event_timestamp,label,when
        007,2026-01-01T12:00:00+02:00,1,2026-03-01
        7,2026-01-05T00:00:00.000001Z,0,
        ,2026-01-05T00:00:00.000001Z,1,2026-03-02
        007,,1,2026-03-03
        007,2026-01-01T12:00:00+02:00,0,2026-03-04
        """;

    const string SpineJsonLines = """
        {"room":"007","event_timestamp":"2026-01-01T12:00:00+02:00","label":1,"when":"2026-03-01"}
        {"room":"7","event_timestamp":"2026-01-05T00:00:00.000001Z","label":0,"when":null}
        {"room":null,"event_timestamp":"2026-01-05T00:00:00.000001Z","label":1,"when":"2026-03-02"}
        {"room":"007","event_timestamp":null,"label":1,"when":"2026-03-03"}
        {"room":"007","event_timestamp":"2026-01-01T12:00:00+02:00","label":0,"when":"2026-03-04"}
        """;

    public static TheoryData<string, string> Formats
    {
        get
        {
            TheoryData<string, string> all = [];
            foreach (var spine in (string[])["csv", "jsonl", "json", "parquet"])
                foreach (var output in (string[])["csv", "jsonl", "json", "parquet"]) all.Add(spine, output);
            return all;
        }
    }

    [Theory, MemberData(nameof(Formats))]
    public void S18_any_format_in_and_out_gives_the_same_rows(string spine, string output)
    {
        using var folder = new TempFolder();
        folder.Write("rooms.csv", Rooms);
        var path = folder.Write("spine." + (spine == "parquet" ? "csv" : spine), spine switch { "jsonl" => SpineJsonLines, "json" => $"[{SpineJsonLines.ReplaceLineEndings(",")}]", _ => SpineCsv });
        if (spine == "parquet") path = AsParquet(path, folder.At("spine.parquet"));

        var report = Run(folder, Spine.File(path), folder.At("out." + output));

        Assert.Equal(["room string", "event_timestamp timestamp", "label int64", "when date", "size int32", "price float64", "names list<string>"], report.Columns.Fields.Select(f => f.ToString()));
        var (noon, later) = (Value.Timestamp(Instant.Parse("2026-01-01T10:00:00Z")), Value.Timestamp(Instant.Parse("2026-01-05T00:00:00.000001Z")));
        Value[] big = [Value.Of(30), Value.Of(0.0), Value.List(Value.Of("a"), Value.Of("b"))], none = new Value[3];
        Assert.Equal(
        [
            [Value.Of("007"), noon, Value.Of(1L), Day(1), .. big],
            [Value.Of("7"), later, Value.Of(0L), Value.Null, Value.Of(8), Value.Of(1.5), Value.List()],
            [Value.Null, later, Value.Of(1L), Day(2), .. none],
            [Value.Of("007"), Value.Null, Value.Of(1L), Day(3), .. none],
            [Value.Of("007"), noon, Value.Of(0L), Day(4), .. big],
        ], TestEngine.ReadAll(fixture.Engine, TestEngine.Table(folder.At("out." + output), Spine.FormatOf(folder.At("out." + output))), report.Columns));
        Assert.True(File.Exists(TrainingSetRecord.PathFor(folder.At("out." + output))));
    }

    [Fact]
    public void S3_values_that_are_not_finite_are_counted()
    {
        using var folder = new TempFolder();
        folder.Write("rooms.csv", Rooms);

        var report = Run(folder, Spine.File(folder.Write("spine.csv", "room,event_timestamp\n007,2026-02-01\n")), folder.At("out.csv"));

        Assert.Equal(1, Assert.Single(report.Lookups).NonFinite["price"]);
        Assert.Equal("room,event_timestamp,size,price,names\n007,2026-02-01T00:00:00Z,31,,\n", File.ReadAllText(folder.At("out.csv")));
    }

    [Fact]
    public void S19_the_same_files_are_read_again_and_a_changed_one_is_refused()
    {
        using var folder = new TempFolder();
        folder.Write("rooms.csv", Rooms);
        var spine = Spine.File(folder.Write("spine.csv", SpineCsv));
        Run(folder, spine, folder.At("out.csv"));
        var record = TrainingSetRecord.Load(TrainingSetRecord.PathFor(folder.At("out.csv")));

        Run(folder, spine, folder.At("again.csv"), r => r with { Features = [], Again = record });

        Assert.Equal(File.ReadAllText(folder.At("out.csv")), File.ReadAllText(folder.At("again.csv")));
        folder.Write("rooms.csv", Rooms.Replace("31", "32", StringComparison.Ordinal));
        var refused = Assert.Throws<LockstepException>(() => Run(folder, spine, folder.At("third.csv"), r => r with { Features = [], Again = record }));
        Assert.Equal(ErrorKind.Conflict, refused.Kind);
        Assert.Contains("rooms.csv", refused.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.At("third.csv")));
    }

    [Theory]
    [InlineData("room,event_timestamp\n007,yesterday\n", "spine.csv", "event_timestamp", "yesterday")]
    [InlineData("room,event_timestamp\n", null, null, null)] // no rows: an empty training set, not an error
    [InlineData("room\n007\n", "has no timestamp column 'event_timestamp'", "room", "--timestamp")]
    [InlineData("event_timestamp\n2026-01-01\n", "has no column 'room'", "view 'rooms@1.0.0'", "event_timestamp")]
    [InlineData("", "spine.csv", "there is no header", "")]
    public void Bad_spines_are_named_and_nothing_is_written(string text, string? one, string? two, string? three)
    {
        using var folder = new TempFolder();
        folder.Write("rooms.csv", Rooms);
        var spine = Spine.File(folder.Write("spine.csv", text));
        if (one is null)
        {
            Assert.Equal(0, Run(folder, spine, folder.At("out.parquet")).Rows);
            Assert.True(File.Exists(folder.At("out.parquet")));
            return;
        }

        var refused = Assert.Throws<LockstepException>(() => Run(folder, spine, folder.At("out.parquet")));

        Assert.All((string[])[one, two!, three!], part => Assert.True(refused.Message.Contains(part, StringComparison.Ordinal), $"no '{part}' in: {refused.Message}"));
        Assert.Equal(["rooms.csv", "spine.csv"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("room,seen_at,made_at,size\n1,2026-01-01,,1\n", "price")]                                     // a column that the view reads is gone
    [InlineData("room,seen_at,made_at,size,price,names\n7,2026-01-01,,many,1,\n", "many")]                    // a value that is no int32
    [InlineData("room,seen_at,made_at,size,price,names\n7,2026-01-01,,1,1,\n7,2026-13-01,,1,1,\n", "2026-13-01")]
    public void Bad_sources_are_named_and_nothing_is_written(string text, string named)
    {
        using var folder = new TempFolder();
        folder.Write("rooms.csv", text);
        var spine = Spine.File(folder.Write("spine.csv", SpineCsv));

        var refused = Assert.Throws<LockstepException>(() => Run(folder, spine, folder.At("out.parquet")));

        Assert.Contains("source 'rooms'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("rooms.csv", refused.Message, StringComparison.Ordinal);
        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
        Assert.Equal(["rooms.csv", "spine.csv"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void A_spine_whose_format_is_not_clear_and_one_that_is_not_there_are_refused()
    {
        using var folder = new TempFolder();

        Assert.Contains("Name it .parquet, .csv, .jsonl or .json.", Assert.Throws<LockstepException>(() => Spine.File(folder.Write("labels.txt", "x"))).Message, StringComparison.Ordinal);
        Assert.Equal(ErrorKind.NotFound, Assert.Throws<LockstepException>(() => Spine.File(folder.At("none.csv"))).Kind);
    }

    [Theory, InlineData("none/out.parquet"), InlineData("none/out.csv"), InlineData("rooms.csv/out.parquet")]
    public void An_output_that_cannot_be_written_is_named(string output)
    {
        using var folder = new TempFolder();
        folder.Write("rooms.csv", Rooms);
        var spine = Spine.File(folder.Write("spine.csv", SpineCsv));

        Assert.Contains(folder.At(output), Assert.Throws<LockstepException>(() => Run(folder, spine, folder.At(output))).Message, StringComparison.Ordinal);
        Assert.Equal(["rooms.csv", "spine.csv"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("{\"room\":\"7\",\"event_timestamp\":\"2026-01-01\",\"position\":{\"x\":1}}\n", "spine.jsonl")]
    public void S18_a_spine_column_of_a_type_that_is_none_of_ours_is_refused(string text, string name)
    {
        using var folder = new TempFolder();
        folder.Write("rooms.csv", Rooms);

        Assert.Contains("column 'position' has a type that a training set cannot carry", Assert.Throws<LockstepException>(() => Run(folder, Spine.File(folder.Write(name, text)), folder.At("out.csv"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancelled_in_the_middle_nothing_is_left()
    {
        using var folder = new TempFolder();
        folder.Write("rooms.csv", Rooms);
        var spine = Spine.File(folder.Write("spine.csv", SpineCsv));
        using var stop = new CancellationTokenSource();
        var progress = new StopAt("reading source 'rooms'", stop);

        Assert.ThrowsAny<OperationCanceledException>(() => new TrainingSetBuilder(fixture.Engine, new SourceTables(folder.Path, null!, TimeProvider.System), TimeProvider.System)
            .Run(Request(spine, folder.At("out.parquet")), progress, stop.Token));

        Assert.Equal(["rooms.csv", "spine.csv"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order());
    }

    sealed class StopAt(string step, CancellationTokenSource stop) : IProgress<WorkProgress>
    {
        public void Report(WorkProgress value)
        {
            if (value.Step == step) stop.Cancel();
        }
    }

    string AsParquet(string csv, string path)
    {
        var schema = new Schema([new("room", FeatureType.String), new("event_timestamp", FeatureType.Timestamp), new("label", FeatureType.Int64), new("when", FeatureType.Date)]);
        TestEngine.Write(fixture.Engine, path, schema, TestEngine.ReadAll(fixture.Engine, TestEngine.Table(csv, TableFormat.Csv), schema));
        return path;
    }

    TrainingSetReport Run(TempFolder folder, Spine spine, string output, Func<TrainingSetRequest, TrainingSetRequest>? change = null)
        => new TrainingSetBuilder(fixture.Engine, new SourceTables(folder.Path, null!, TimeProvider.System), TimeProvider.System)
            .Run((change ?? (r => r))(Request(spine, output)), null, CancellationToken.None);

    static TrainingSetRequest Request(Spine spine, string output)
    {
        Field[] features = [new("size", FeatureType.Int32), new("price", FeatureType.Float64), new("names", FeatureType.List(FeatureType.String))];
        var view = new ViewVersion
        {
            View = new ValueView { Name = "rooms", Source = "rooms", Features = [.. features.Select(f => new ValueFeature { Name = f.Name, Column = f.Name, Type = f.Type })] },
            Fingerprint = "f",
            Keys = new([new("room", FeatureType.String)]),
            Features = new(features),
            Defaults = new Value[3],
        };
        return new()
        {
            Catalog = new(1, [], [new() { Name = "rooms", Table = new() { Path = "rooms.csv", Format = TableFormat.Csv, Timestamp = "seen_at", Created = "made_at" } }], [view], []),
            Spine = spine,
            Features = [new() { View = "rooms" }],
            Output = new(output, Spine.FormatOf(output)),
        };
    }

    static Value Day(int day) => Value.Date(Instant.DaysFromCivil(2026, 3, day));
}
