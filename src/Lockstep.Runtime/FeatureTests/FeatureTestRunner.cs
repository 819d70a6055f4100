using Lockstep.Core.Definitions;
using Lockstep.Core.FeatureTests;

namespace Lockstep.Runtime.FeatureTests;

/// <summary>Runs tests of features, several side by side, each over stores of its own.</summary>
public static class FeatureTestRunner
{
    /// <param name="setup">What they work with.</param>
    /// <param name="tests">All tests of the project: their rows tell types of columns of which nothing else is known.</param>
    /// <param name="chosen">Those to run; null: all.</param>
    /// <param name="progress">Told of the results of each test as it ends, in any order.</param>
    /// <param name="token">Ends it early.</param>
    /// <exception cref="Core.LockstepException">The definitions have errors, so nothing was run.</exception>
    public static async Task<FeatureTestReport> RunAsync(
        FeatureTestSetup setup, IReadOnlyList<FeatureTest> tests, Func<FeatureTest, bool>? chosen, IProgress<IReadOnlyList<CaseResult>>? progress, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(setup);
        ArgumentNullException.ThrowIfNull(tests);
        var folder = Directory.CreateTempSubdirectory("lockstep-test-").FullName;
        try
        {
            var bench = TestCatalog.Bind(setup, tests, folder, token);
            var runs = tests.Where(t => chosen?.Invoke(t) != false).Select((t, i) => new FeatureTestRun(t, bench, setup, Path.Combine(folder, i.ToString(System.Globalization.CultureInfo.InvariantCulture)))).ToArray();
            var results = new IReadOnlyList<CaseResult>[runs.Length];
            await Parallel.ForAsync(0, runs.Length, new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, setup.Parallelism), CancellationToken = token }, async (i, stop) =>
            {
                results[i] = await runs[i].RunAsync(stop);
                progress?.Report(results[i]);
            });
            return new([.. results.SelectMany(r => r)], Coverage(setup, bench.Catalog, [.. runs.SelectMany(r => r.Expected).Select(o => $"{o.View.Name}:{o.Feature}")]), bench.Warnings);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static TestCoverage Coverage(FeatureTestSetup setup, Catalog catalog, HashSet<string> tested)
    {
        var all = setup.Definitions.Views.Select(v => v.Name).Distinct(StringComparer.Ordinal)
            .Select(name => catalog.FindView(name)).OfType<ViewVersion>()
            .SelectMany(v => v.Features.Fields.Select(f => $"{v.Name}:{f.Name}")).ToList();
        return new([.. all.Where(tested.Contains)], [.. all.Where(f => !tested.Contains(f))]);
    }
}
