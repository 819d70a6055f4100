using System.Diagnostics;
using System.Globalization;
using Lockstep.Core.Numerics;

namespace Lockstep.Bench;

/// <summary>The transcendental functions beside .NET's own (the machine's C library), over the same arguments in the same run, in turn.</summary>
sealed class ElementaryBenchmark : IBenchmark
{
    public string Name => "elementary";
    public string Summary => "transcendental functions against Math.*; the ratio is to be at most 1.5";

    public Task<int> RunAsync(string[] args)
    {
        (string Name, Func<double, double> Ours, Func<double, double> Theirs, double From, double To)[] all =
        [
            ("exp", Elementary.Exp, Math.Exp, -20, 20), ("ln", Elementary.Log, Math.Log, 0.001, 1000), ("log2", Elementary.Log2, Math.Log2, 0.001, 1000),
            ("log10", Elementary.Log10, Math.Log10, 0.001, 1000), ("log1p", Elementary.Log1p, x => Math.Log(1 + x), -0.5, 10), ("expm1", Elementary.Expm1, x => Math.Exp(x) - 1, -2, 2),
            ("sin", Elementary.Sin, Math.Sin, -10, 10), ("cos", Elementary.Cos, Math.Cos, -10, 10), ("tan", Elementary.Tan, Math.Tan, -10, 10),
            ("asin", Elementary.Asin, Math.Asin, -1, 1), ("acos", Elementary.Acos, Math.Acos, -1, 1), ("atan", Elementary.Atan, Math.Atan, -10, 10),
            ("tanh", Elementary.Tanh, Math.Tanh, -4, 4), ("sigmoid", Elementary.Sigmoid, x => 1 / (1 + Math.Exp(-x)), -8, 8), ("cbrt", Elementary.Cbrt, Math.Cbrt, -100, 100),
            ("pow", x => Elementary.Pow(x, 1.7), x => Math.Pow(x, 1.7), 0.001, 100), ("atan2", x => Elementary.Atan2(x, 1.7), x => Math.Atan2(x, 1.7), -10, 10),
        ];
        Console.WriteLine("| function | ours, ns | .NET, ns | ratio |\n|---|---|---|---|");
        foreach (var (name, ours, theirs, from, to) in all)
        {
            var random = new Random(1);
            var inputs = Enumerable.Range(0, 4096).Select(_ => from + random.NextDouble() * (to - from)).ToArray();
            var start = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(start).TotalSeconds < 0.3) _ = Time(ours, inputs) + Time(theirs, inputs); // until the JIT has done its best
            List<(double Ours, double Theirs)> pairs = [];
            for (var round = 0; round < 101; round++) pairs.Add((Time(ours, inputs), Time(theirs, inputs)));
            var ourTime = pairs.Select(p => p.Ours).Order().ElementAt(50);
            var theirTime = pairs.Select(p => p.Theirs).Order().ElementAt(50);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {ourTime:0.0} | {theirTime:0.0} | {ourTime / theirTime:0.00} |"));
        }
        return Task.FromResult(0);
    }

    static double Time(Func<double, double> function, double[] inputs)
    {
        var sum = 0.0;
        var start = Stopwatch.GetTimestamp();
        for (var pass = 0; pass < 5; pass++)
            foreach (var x in inputs) sum += function(x);
        var elapsed = Stopwatch.GetElapsedTime(start);
        GC.KeepAlive(sum);
        return elapsed.TotalNanoseconds / (5.0 * inputs.Length);
    }
}
