using System.Diagnostics;
using System.Globalization;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Rows;

namespace Lockstep.Bench;

/// <summary>
/// 1,000 expressions of 50 views, 20 a view, from their texts to the first answer, in a process that has compiled none before: parsing, binding,
/// emitting, the JIT. Then what 20 of them cost a row.
/// </summary>
sealed class CompileExpressionsBenchmark : IBenchmark
{
    public string Name => "compile-expressions";
    public string Summary => "1,000 expressions from text to first answer; 20 on-demand features of a row";

    static readonly Schema s_columns = new([
        new("amount", FeatureType.Float64), new("price", FeatureType.Float64), new("qty", FeatureType.Int64), new("discount", FeatureType.Float64), new("rating", FeatureType.Float32),
        new("ts", FeatureType.Timestamp), new("seen", FeatureType.Timestamp), new("page", FeatureType.String), new("country", FeatureType.String), new("mobile", FeatureType.Bool),
        new("lat", FeatureType.Float64), new("lon", FeatureType.Float64), new("u", FeatureType.List(FeatureType.Float32)), new("v", FeatureType.List(FeatureType.Float32)),
    ]);

    // {0} makes the thousand differ.
    static readonly string[] s_templates =
    [
        "amount / nullif(price, {0}.0)", "case when amount > {0}.0 then price when mobile then price / 2 else 0.0 end", "coalesce(discount, rating, {0}.5)", "log1p(amount + {0})",
        "sin(2 * pi() * hour(ts) / {0})", "cyclical_cos(dayofweek(ts), 7) * {0}", "bucketize(amount, [0.0, {0}.0, 1000.0, 5000.0])", "round(clip(amount, {0}.0, 9999.0), 2)",
        "lower(page) = '/item/{0}'", "country in ('DE', 'FR', 'US', 'C{0}')", "length(page) + {0}", "page like '%/item/{0}%'",
        "date_diff('hour', seen, ts) - {0}", "hour(date_trunc('day', ts)) + {0}", "qty * {0} // 7 + qty % 10", "haversine(lat, lon, {0}.5 / 12, 13.4) < 25",
        "cosine_similarity(u, v) * {0}", "hash_bucket(page || country, {0} + 100)", "sigmoid((amount - price) / {0}.0)", "amount > price and (qty between 2 and {0} or mobile) and country is not null",
    ];

    public Task<int> RunAsync(string[] args)
    {
        var start = Stopwatch.GetTimestamp();
        var cpu = Environment.CpuUsage.TotalTime;
        List<ExpressionProgram> programs = [];
        TimeSpan binding = default, compiling = default, running = default;
        for (var view = 0; view < 50; view++)
        {
            var begin = Stopwatch.GetTimestamp();
            var tree = new BoundTree();
            var scope = new Scope(s_columns.Fields);
            List<(string, BoundNode)> expressions = [];
            for (var i = 0; i < 20; i++)
                expressions.Add(($"f{i}", Binder.Bind(string.Format(CultureInfo.InvariantCulture, s_templates[i], 12 + view), scope, tree).Root));
            binding += Stopwatch.GetElapsedTime(begin);
            begin = Stopwatch.GetTimestamp();
            programs.Add(ExpressionProgram.Compile(expressions));
            compiling += Stopwatch.GetElapsedTime(begin);
            begin = Stopwatch.GetTimestamp();
            programs[^1].Run(Filled(programs[^1]));
            running += Stopwatch.GetElapsedTime(begin);
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"1,000 expressions: {Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s, {(Environment.CpuUsage.TotalTime - cpu).TotalSeconds:0.00} s of CPU: parsed and bound {binding.TotalSeconds:0.000} s, compiled {compiling.TotalSeconds:0.000} s, first row of each view with the JIT {running.TotalSeconds:0.000} s"));

        var frame = Filled(programs[0]);
        var warm = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(warm).TotalSeconds < 1) programs[0].Run(frame);
        List<double> times = [];
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < 101; round++)
        {
            var begin = Stopwatch.GetTimestamp();
            for (var i = 0; i < 1000; i++) programs[0].Run(frame);
            times.Add(Stopwatch.GetElapsedTime(begin).TotalMicroseconds / 1000);
        }
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated - 101 * 40; // the list of times
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"20 features of a row: {times.Order().ElementAt(50):0.000} µs (median of 101 × 1,000), {Math.Max(0, allocated) / 101_000.0:0.00} bytes allocated"));
        return Task.FromResult(0);
    }

    static EvaluationFrame Filled(ExpressionProgram program)
    {
        var frame = program.CreateFrame();
        foreach (var input in program.Inputs)
            frame.SetValue(input.Slot, input.Type.Kind switch
            {
                TypeKind.Float64 => Value.Of(input.Name == "lat" ? 52.5 : 119.25),
                TypeKind.Float32 => Value.Of(4.5f),
                TypeKind.Int64 => Value.Of(17L),
                TypeKind.Timestamp => Value.Timestamp(1_700_000_000_000_000),
                TypeKind.String => Value.Of(input.Name == "page" ? "/Shop/12/Item/1234" : "DE"),
                TypeKind.Bool => Value.Of(true),
                _ => Value.List([.. Enumerable.Range(0, 16).Select(i => Value.Of(i / 3f))]),
            }, input.Type);
        return frame;
    }
}
