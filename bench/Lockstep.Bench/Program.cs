using Lockstep.Bench;

// dotnet run -c Release --project bench/Lockstep.Bench -- <benchmark> [its options]
var all = typeof(IBenchmark).Assembly.GetTypes()
    .Where(t => !t.IsInterface && typeof(IBenchmark).IsAssignableFrom(t))
    .Select(t => (IBenchmark)Activator.CreateInstance(t)!)
    .OrderBy(b => b.Name, StringComparer.Ordinal)
    .ToList();
if (args.Length > 0 && all.Find(b => b.Name == args[0]) is { } chosen) return await chosen.RunAsync(args[1..]);
Console.Error.WriteLine(args.Length == 0 ? "Which benchmark?" : $"There is no benchmark '{args[0]}'.");
foreach (var benchmark in all) Console.Error.WriteLine($"  {benchmark.Name,-20} {benchmark.Summary}");
return 2;
