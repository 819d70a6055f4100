using System.Globalization;
using System.Text;
using Lockstep.Compliance.Aggregation;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Aggregation.Functions;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Core.Tests.Definitions;

namespace Lockstep.Core.Tests.Aggregation;

public sealed class AggregateDocumentTests
{
    const string Page = "docs/reference/aggregates.md";

    [Fact]
    public void The_table_of_functions_is_the_catalog()
    {
        StringBuilder text = new("| function | takes | yields | parameters | meaning | bytes of a state |\n|---|---|---|---|---|---|\n");
        foreach (var function in AggregateCatalog.BuiltIn.All)
        {
            var parameters = Sample(function);
            var column = function.Accepts(FeatureType.String) ? FeatureType.String : FeatureType.Float64;
            var bound = AggregateCatalog.BuiltIn.Bind(function.Name, column, parameters, s_week);
            var type = bound.Over is not null ? "float64" : function is MomentFunction and Sum ? "float64, int64 or decimal(38,s)"
                : bound.Output.Type == column && column == FeatureType.String ? "the column's type" : bound.Output.Type.Element == column && column == FeatureType.String ? "a list of the column's type" : bound.Output.Type.ToString();
            var given = string.Join(", ", function.Parameters.Select(p => $"`{p.Name}`{(p.Default is null ? "" : $" ({p.Default})")}"));
            var most = AggregateCatalog.BuiltIn.Bind(function.Name, FeatureType.Float64, parameters, s_week).Spec.MaxBytes;
            text.Append(CultureInfo.InvariantCulture, $"| `{function.Name}` | {(function.CountsRows ? "`\"*\"`, " : "")}{function.Takes} | {type} | {given} | {function.Summary.Replace("|", "\\|", StringComparison.Ordinal)} | {Size(function, 1)}, {Size(function, 1000)}; {most:N0} |\n");
        }
        GoldenFile.AssertSection(Page, "functions", text.ToString());
    }

    /// <summary>What a function costs online: of a tile, and of the row of a key, which is what the store keeps of it.</summary>
    [Fact]
    public void The_table_of_bytes_is_what_cells_take()
    {
        StringBuilder text = new("| function | a tile of 1 event | of 1,000 | a key, an event an hour | 100 an hour | at most |\n|---|---|---|---|---|---|\n");
        foreach (var function in AggregateCatalog.BuiltIn.All)
            text.Append(CultureInfo.InvariantCulture, $"| `{function.Name}` | {TileSize(function, 1):N0} | {TileSize(function, 1_000):N0} | {Cell(function, 168, 1):N0} | {Cell(function, 168, 100):N0} | {Most(function):N0} |\n");
        GoldenFile.AssertSection(Page, "bytes", text.ToString());
    }

    // What one more tile of the widest window adds to a cell.
    static int TileSize(AggregateFunction function, int events) => Cell(function, 3, events) - Cell(function, 2, events);

    static long Most(AggregateFunction function)
    {
        var layout = new TileLayout(PlanOf(function));
        return Cell(function, 1, 1) - TileSize(function, 1) + Enumerable.Range(0, layout.Plan.Tiers.Count).Sum(t => layout.MaxTiles(t)!.Value * (8 + layout.Plan.Tiers[t].States.Sum(s => (long)layout.Plan.States[s].Spec.MaxBytes!)));
    }

    static WindowPlan PlanOf(AggregateFunction function)
        => new WindowPlanBuilder([FeatureType.Int64]).Add("f", function.Name, new("x", FeatureType.Float64), s_week, Sample(function) is var given && given.ContainsKey("over") ? new Dictionary<string, string>(given) { ["over"] = "7d" } : given).Build();

    static int Cell(AggregateFunction function, int hours, int eventsAnHour)
    {
        var plan = PlanOf(function);
        const long now = 20_000 * Instant.Day;
        ColumnBatch events = new(new([new("key", FeatureType.Int64), new("time", FeatureType.Timestamp), .. plan.Inputs.Fields]));
        Random random = new(1);
        for (var hour = 1; hour <= hours; hour++)
            for (var i = 0; i < eventsAnHour; i++)
                events.AppendRow([Value.Of(1L), Value.Timestamp(now - hour * Instant.Hour + i), .. plan.Inputs.Fields.Select(_ => Value.Of(random.Next(1_000_000) / 1000.0))]);
        TileBuilder builder = new(new(plan), events.Schema, now);
        builder.Add(events);
        builder.Sort();
        System.Buffers.ArrayBufferWriter<byte> cell = new();
        builder.Write(0, 1, TileCell.TableAlone, cell);
        return cell.WrittenCount;
    }

    /// <summary>Bytes that other programs and later versions read: a change here is a new name of a state, never a new meaning.</summary>
    [Fact]
    public void Golden_bytes_of_every_state()
    {
        StringBuilder text = new();
        FeatureType[] types = [FeatureType.Float64, FeatureType.Float32, FeatureType.Int64, FeatureType.Int32, FeatureType.Decimal(20, 2), FeatureType.Bool, FeatureType.String, FeatureType.Timestamp, FeatureType.Date, FeatureType.Bytes, FeatureType.List(FeatureType.Float32)];
        HashSet<string> seen = [];
        foreach (var type in types)
            foreach (var function in AggregateCatalog.BuiltIn.All.Where(f => f.Accepts(type)))
            {
                var spec = AggregateCatalog.BuiltIn.Bind(function.Name, type, Sample(function), s_week).Spec;
                if (!seen.Add(spec.Name)) continue;
                var (state, column) = (spec.Create(), Column.Create(type));
                for (var i = 0; i < 6; i++) column.Append(i == 3 ? Value.Null : Draw(type, i));
                state.Add(column, [.. Enumerable.Range(0, 6).Select(i => 1_700_000_000_000_000 + i / 2 * Instant.Hour)], [0, 1, 2, 3, 4, 5]);
                text.Append(CultureInfo.InvariantCulture, $"{spec.Name}: {Convert.ToHexString(AggregateLaws.Bytes(state))}\n");
            }
        var many = new DistinctAccumulator();
        var values = new FixedColumn<long>(FeatureType.Int64);
        for (var i = 0; i < 3000; i++) values.Append(i);
        many.Add(values, new long[3000], [.. Enumerable.Range(0, 3000)]);
        text.Append(CultureInfo.InvariantCulture, $"distinct of 3000, xxHash64 of its bytes: {XxHash64.Hash(AggregateLaws.Bytes(many)):x16}\n");
        GoldenFile.AssertMatches("tests/data/aggregate-states/golden.txt", text.ToString());
    }

    static readonly Window s_week = new("7d", 7 * Instant.Day, Instant.Hour);

    static Dictionary<string, string> Sample(AggregateFunction function)
        => function.Parameters.Where(p => p.Default is null).ToDictionary(p => p.Name, p => p.Name switch { "q" => "0.5", "half_life" => "7d", "of" => "count", "over" => "30d", _ => "2" });

    static int Size(AggregateFunction function, int events)
    {
        var (random, column, state) = (new Random(events), new FixedColumn<double>(FeatureType.Float64), AggregateCatalog.BuiltIn.Bind(function.Name, FeatureType.Float64, Sample(function), s_week).Spec.Create());
        for (var i = 0; i < events; i++) column.Append(random.Next(1_000_000) / 1000.0);
        state.Add(column, [.. Enumerable.Range(0, events).Select(i => 1_700_000_000_000_000L + i)], [.. Enumerable.Range(0, events)]);
        return AggregateLaws.Bytes(state).Length;
    }

    static Value Draw(FeatureType type, int i) => type.Kind switch
    {
        TypeKind.Float64 => Value.Of(i == 0 ? -0.1 : i * 1.5),
        TypeKind.Float32 => Value.Of(i == 0 ? -0.1f : i * 1.5f),
        TypeKind.Int64 => Value.Of(i == 0 ? -7L : i * 1_000_000_000_000),
        TypeKind.Int32 => Value.Of(i - 2),
        TypeKind.Decimal => Value.Decimal(i - 2, 2),
        TypeKind.Bool => Value.Of(i % 2 == 0),
        TypeKind.String => Value.Of(i == 0 ? "" : i == 1 ? "é" : $"v{i % 3}"),
        TypeKind.Timestamp => Value.Timestamp(i - 2),
        TypeKind.Date => Value.Date(i - 2),
        TypeKind.Bytes => Value.Of(new byte[] { (byte)i }),
        _ => Value.List(Value.Of(i * 0.5f), Value.Null, Value.Of(-1f)),
    };
}
