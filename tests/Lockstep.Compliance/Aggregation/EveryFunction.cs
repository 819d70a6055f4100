using System.Text;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Compliance.Aggregation;

/// <summary>A source with a column of each type, and features of every function of the catalog over every one of them that it takes.</summary>
public static class EveryFunction
{
    public static IReadOnlyList<Field> Columns { get; } =
    [
        new("x", FeatureType.Float64), new("y", FeatureType.Float32), new("n", FeatureType.Int64), new("m", FeatureType.Int32), new("d", FeatureType.Decimal(20, 3)), new("b", FeatureType.Bool),
        new("s", FeatureType.String), new("raw", FeatureType.Bytes), new("w", FeatureType.Timestamp), new("day", FeatureType.Date), new("v", FeatureType.List(FeatureType.Float32)), new("tags", FeatureType.List(FeatureType.String)),
    ];

    /// <summary>The filter of every third feature.</summary>
    public const string Where = "n > 0";

    /// <summary>Each over <paramref name="each"/> of the windows, in turn.</summary>
    public static IReadOnlyList<AggregateFeature> Features(IReadOnlyList<Window> windows, int each)
    {
        ArgumentNullException.ThrowIfNull(windows);
        List<AggregateFeature> features = [];
        var turn = 0;
        foreach (var function in AggregateCatalog.BuiltIn.All)
            foreach (var column in Columns.Where(c => function.Accepts(c.Type)).Cast<Field?>().Concat(function.CountsRows ? [null] : Array.Empty<Field?>()))
            {
                SortedDictionary<string, string> parameters = new(StringComparer.Ordinal);
                foreach (var p in function.Parameters)
                    if (p.Default is null || turn % 2 == 0)
                        parameters[p.Name] = p.Kind switch
                        {
                            ParameterKind.Integer => "3",
                            ParameterKind.Number => new[] { "0.5", "0.9", "0" }[turn % 3],
                            ParameterKind.Duration => "7m",
                            ParameterKind.Window => "10m",
                            _ => column is null ? "count" : p.Words[turn % p.Words.Count],
                        };
                var fits = Enumerable.Range(turn, windows.Count).Select(i => windows[i % windows.Count]).Where(w => function.CheckWindow(w, new(function.Parameters, parameters)) is null && Binds(function.Name, column, parameters, w)).Take(each).ToList();
                if (fits.Count == 0) continue;
                features.Add(new() { Name = $"{function.Name}_{column?.Name ?? "all"}", Function = function.Name, Column = column?.Name, Parameters = parameters, Windows = fits, Where = turn++ % 3 == 0 ? Where : null });
            }
        Assert.True(AggregateCatalog.BuiltIn.All.All(f => features.Any(x => x.Function == f.Name)), "A function has no feature here.");
        return features;
    }

    static bool Binds(string function, Field? column, SortedDictionary<string, string> parameters, Window window)
    {
        try
        {
            AggregateCatalog.BuiltIn.Bind(function, column?.Type, parameters, window);
            return true;
        }
        catch (Exception e) when (e is ArgumentException or Core.LockstepException or NotSupportedException)
        {
            return false; // such as a ratio of sums over texts
        }
    }

    /// <summary>The view of these features, as a catalog holds it.</summary>
    public static ViewVersion View(string name, Source source, IReadOnlyList<AggregateFeature> features, long delay = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(features);
        Schema schema = new(features.SelectMany(f => f.Windows.Select(w => new Field($"{f.Name}_{w.Name}", TypeOf(f, w)))));
        return new()
        {
            View = new AggregationView { Name = name, Source = source.Name, Entities = ["user"], Features = features, Delay = delay },
            Fingerprint = name,
            Keys = new([new("id", FeatureType.String)]),
            Features = schema,
            Defaults = [.. schema.Fields.Select(_ => Value.Null)],
            Sources = new Dictionary<string, Source> { [source.Name] = source },
        };
    }

    static FeatureType TypeOf(AggregateFeature feature, Window window)
        => AggregateCatalog.BuiltIn.Bind(feature.Function, feature.Column is { } c ? Columns.First(x => x.Name == c).Type : null, feature.Parameters, window) is { Over: null } bound ? bound.Output.Type : FeatureType.Float64;

    /// <summary>Values of the columns: few ones, so that they tie; nulls, extremes, and some that no sum takes.</summary>
    public static Value[] Row(Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return [.. Columns.Select(c => random.Next(6) == 0 ? Value.Null : Of(c.Type))];

        Value Of(FeatureType type)
        {
            var n = random.Next(5);
            var rare = random.Next(60) == 0;
            return type.Kind switch
            {
                TypeKind.Bool => Value.Of(n > 2),
                TypeKind.Int32 => Value.Of(rare ? int.MinValue : n - 2),
                TypeKind.Int64 => Value.Of(rare ? long.MaxValue : n == 4 ? random.NextInt64(1L << 40) : n - 1),
                TypeKind.Float32 => Value.Of(rare ? float.MaxValue : n == 0 ? 0.1f : random.NextSingle() - 0.5f),
                TypeKind.Float64 => Value.Of(rare ? new[] { 1e300, -9223372036854775808.0, double.Epsilon }[n % 3] : n == 0 ? 0.1 : n == 1 ? 1e15 : Math.ScaleB(random.NextDouble() - 0.5, random.Next(-20, 30))),
                TypeKind.Decimal => Value.Decimal(rare ? (Int128)Value.PowerOfTen(20) - 1 : random.Next(-3000, 3000), type.Scale),
                TypeKind.String => Value.Of(rare ? "" : new[] { "é", "z", "b", "aa", "\u00a0" }[n]),
                TypeKind.Bytes => Value.Of(new byte[][] { [], [200], [1, 2], [0], [255, 255] }[n]),
                TypeKind.Timestamp => Value.Timestamp(n * Instant.Day - 1),
                TypeKind.Date => Value.Date(n - 2),
                _ => Value.List([.. Enumerable.Range(0, rare ? 1 : 2).Select(_ => random.Next(9) == 0 ? Value.Null : Of(type.Element!))]),
            };
        }
    }

    /// <summary>A row as JSON, as an event is sent: the columns of <see cref="Columns"/> behind those given.</summary>
    public static string Json(IEnumerable<(string Name, Value Value)> keys, Value[] row)
    {
        var text = new StringBuilder("{");
        foreach (var (name, value) in keys.Concat(Columns.Zip(row, (c, v) => (c.Name, v))))
            text.Append(text.Length > 1 ? "," : "").Append('"').Append(name).Append("\":").Append(Text(value));
        return text.Append('}').ToString();

        static string Text(Value value) => value.IsNull ? "null" : value.Kind switch
        {
            TypeKind.Bool or TypeKind.Int32 or TypeKind.Int64 or TypeKind.Float32 or TypeKind.Float64 => value.ToString(),
            TypeKind.List => $"[{string.Join(',', value.AsList.Select(Text))}]",
            _ => $"\"{value}\"",
        };
    }
}
