using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Lockstep.Cli.Output;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.FeatureTests;
using Lockstep.Runtime.FeatureTests;
using Lockstep.Runtime.Serving;

namespace Lockstep.Cli.Verbs;

/// <summary>Runs the tests of the project's features.</summary>
internal sealed class TestVerb : Verb
{
    readonly Argument<string[]> _files = new("file") { Description = "Test files or folders. Default: all of tests/", Arity = ArgumentArity.ZeroOrMore };
    readonly Option<string[]> _filter = new("--filter") { Description = "Only tests and cases whose name or file holds one of these texts", HelpName = "text", Arity = ArgumentArity.OneOrMore };
    readonly Option<string?> _junit = new("--junit") { Description = "Write the results as JUnit XML, too", HelpName = "file" };
    readonly Option<double?> _coverage = new("--coverage-min") { Description = "Fail when fewer of the features have a test, in percent", HelpName = "percent" };

    public override string Name => "test";
    public override VerbGroup Group => VerbGroup.Define;
    public override string Summary => "Test features: given rows, expected values, by training and by serving";
    public override string Details => "A test in `tests/*.yaml` gives rows of sources, an instant, keys and request fields, and says which values are right. Each is computed by both ways that real values go: a training set at the instant, and a materialization and a request under a clock that stands there. Both must give what is expected, and the same bits; so every test of a feature is one of parity, too. The definitions are those of the files, applied or not; real stores are not touched. Exit code 1 when a test fails.";
    public override IReadOnlyList<Argument> Arguments => [_files];
    public override IReadOnlyList<Option> Options => [_filter, _junit, _coverage];

    public override IReadOnlyList<Example> Examples =>
    [
        new("lockstep test", "all tests of the project"),
        new("lockstep test tests/weather.yaml --filter ttl", "some of them"),
        new("lockstep test --junit results.xml --coverage-min 80", "in CI"),
    ];

    public override string JsonSample => """
        {
          "passed": 1, "failed": 1, "seconds": 0.84,
          "tests": [
            {
              "file": "tests/weather.yaml", "line": 1, "name": "weather counts for three hours: after four", "passed": false, "seconds": 0.05, "problems": [],
              "features": [ { "name": "weather:temp", "expected": "39", "expected_status": null, "training": null, "serving": null, "status": "OUTSIDE_MAX_AGE", "passed": false } ]
            }
          ],
          "coverage": { "features": 3, "tested": 2, "percent": 66.7, "untested": ["weather:visib"] }
        }
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        var console = context.Console;
        await using var host = context.OpenProject();
        var definitions = host.Folder.ReadDefinitions();
        var read = host.Folder.ReadTests();
        List<Problem> problems = [.. definitions.Problems, .. read.Problems];
        if (problems.Exists(p => p.Severity == Severity.Error)) throw new LockstepException(ErrorKind.DefinitionsInvalid, problems);
        if (read.Tests.Count == 0) throw new LockstepException(ErrorKind.NotFound, $"There are no tests in '{FeatureTest.FolderName}/'. A test gives rows and expected values; docs/guide/testing-features.md shows how to write one.");
        var chosen = Choose(context, host.Folder.Root, read.Tests);
        var registered = await host.LoadCatalogAsync(token);
        var begin = console.Clock.GetTimestamp();
        var report = await FeatureTestRunner.RunAsync(host.FeatureTests(definitions.Definitions, registered.Number == 0 ? null : registered, token), read.Tests, chosen, null, token);
        var elapsed = console.Clock.GetElapsedTime(begin);
        if (report.Results.Count == 0) throw new LockstepException(ErrorKind.NotFound, $"None of the {read.Tests.Count} tests was chosen.");
        if (context.Get(_junit) is { } junit) await File.WriteAllTextAsync(console.FullPath(junit), JUnit.Write(report, elapsed), token);
        if (context.Json) context.WriteJson(ToJson(report, elapsed));
        else Write(context, report);
        return Conclude(context, report, elapsed, whole: report.Results.Select(r => r.Test).Distinct().Count() == read.Tests.Count);
    }

    Func<FeatureTest, bool>? Choose(VerbContext context, string root, IReadOnlyList<FeatureTest> tests)
    {
        var files = (context.Get(_files) ?? []).Select(f => Path.GetRelativePath(root, context.Console.FullPath(f)).Replace('\\', '/')).ToList();
        foreach (var file in files.Where(f => !tests.Any(t => Within(t, f))))
            throw new LockstepException(ErrorKind.NotFound, $"There are no tests in '{file}'.{NearestName.Hint(file, tests.Select(t => t.File).Distinct(), "Files")}");
        var filters = context.Get(_filter) ?? [];
        if (files.Count == 0 && filters.Length == 0) return null;
        return test => (files.Count == 0 || files.Exists(f => Within(test, f)))
            && (filters.Length == 0 || filters.Any(f => $"{test.File} {test.Name} {string.Join(' ', test.Cases.Select(c => c.Name))}".Contains(f, StringComparison.OrdinalIgnoreCase)));
    }

    static bool Within(FeatureTest test, string path) => path == "." || test.File == path || test.File.StartsWith(path.TrimEnd('/') + "/", StringComparison.Ordinal);

    static void Write(VerbContext context, FeatureTestReport report)
    {
        var (to, paint) = (context.Out, context.Console.OutPaint);
        foreach (var file in report.Results.GroupBy(r => r.Test.File))
        {
            to.WriteLine(paint.Bold(file.Key));
            foreach (var result in file)
            {
                if (result.Passed)
                {
                    to.WriteLine($"  {paint.Green("ok")}      {result.Name}");
                    continue;
                }
                to.WriteLine($"  {paint.Red("failed")}  {result.Name} {paint.Faint($"({result.Case.Location})")}");
                foreach (var problem in result.Problems) to.WriteLine($"          {(problem.Location is null ? "" : $"{problem.Location}: ")}{problem.Message.ReplaceLineEndings($"{Environment.NewLine}          ")}");
                if (result.Features.Count == 0) continue;
                var table = new TextTable("feature", "expected", "training", "serving");
                foreach (var feature in result.Features.Where(f => !f.Passed))
                    table.Add(feature.Name, Expected(feature), Text(feature.Trained, feature), feature.Served is { } served ? $"{Text(served.Value, feature)} {served.Status.ToText()}" : "not served");
                table.Write(context.Console, "          ");
                if (result.Features.Where(f => !f.Agrees).Select(f => f.Name).ToList() is { Count: > 0 } differ)
                    to.WriteLine($"          {paint.Red("Training and serving differ")} in {string.Join(", ", differ)}. They never may: please report it.");
                var right = result.Features.Count(f => f.Passed);
                if (right > 0) to.WriteLine($"          {paint.Faint($"and {Words.Count(right, "feature")} as expected")}");
            }
        }
    }

    static string Expected(FeatureComparison feature) => $"{feature.Expected?.ToString() ?? (feature.ExpectedStatus is null ? "" : "-")}{(feature.ExpectedStatus is null ? "" : $" {feature.ExpectedStatus}")}".TrimStart();

    static string Text(Core.Rows.Value value, FeatureComparison feature) => value.Kind == Core.Rows.TypeKind.String && !value.IsNull && feature.Expected?.ToString() is "null" or "" ? $"'{value}'" : value.ToString();

    int Conclude(VerbContext context, FeatureTestReport report, TimeSpan elapsed, bool whole)
    {
        var paint = context.Console.ErrorPaint;
        var coverage = report.Coverage;
        if (whole && coverage.Features > 0)
        {
            context.Say($"{coverage.Tested.Count} of {Words.Count(coverage.Features, "feature")} {(coverage.Tested.Count == 1 ? "has" : "have")} a test ({coverage.Percent.ToString("0", CultureInfo.InvariantCulture)}%).");
            if (coverage.Untested.Count > 0) context.Say($"  Without one: {string.Join(", ", coverage.Untested.Take(10))}{(coverage.Untested.Count > 10 ? $" and {coverage.Untested.Count - 10} more" : "")}.");
        }
        var short_ = context.Get(_coverage) is { } least && coverage.Percent < least;
        if (short_) context.Say($"{paint.Red("Too few")}: --coverage-min {context.Get(_coverage)!.Value.ToString(CultureInfo.InvariantCulture)}.");
        var cases = Words.Count(report.Results.Count, "case");
        context.Say(report.Failed == 0 ? $"{paint.Green("Passed")}: {cases} in {Words.Duration(elapsed)}." : $"{paint.Red("Failed")}: {report.Failed} of {cases} in {Words.Duration(elapsed)}.");
        return report.Failed > 0 || short_ ? ExitCode.Failed : ExitCode.Done;
    }

    static JsonObject ToJson(FeatureTestReport report, TimeSpan elapsed) => new()
    {
        ["passed"] = report.Passed,
        ["failed"] = report.Failed,
        ["seconds"] = Math.Round(elapsed.TotalSeconds, 3),
        ["tests"] = RegistryJson.List(report.Results, r => new JsonObject
        {
            ["file"] = r.Test.File,
            ["line"] = r.Case.Location.Line,
            ["name"] = r.Name,
            ["passed"] = r.Passed,
            ["seconds"] = Math.Round(r.Elapsed.TotalSeconds, 3),
            ["problems"] = ProblemList.ToJson(r.Problems),
            ["features"] = RegistryJson.List(r.Features, f => new JsonObject
            {
                ["name"] = f.Name,
                ["expected"] = f.Expected?.ToString(),
                ["expected_status"] = f.ExpectedStatus,
                ["training"] = JsonValues.Of(f.Trained),
                ["serving"] = f.Served is { } served ? JsonValues.Of(served.Value) : null,
                ["status"] = f.Served?.Status.ToText(),
                ["passed"] = f.Passed,
            }),
        }),
        ["coverage"] = new JsonObject
        {
            ["features"] = report.Coverage.Features,
            ["tested"] = report.Coverage.Tested.Count,
            ["percent"] = Math.Round(report.Coverage.Percent, 1),
            ["untested"] = RegistryJson.Texts(report.Coverage.Untested),
        },
    };
}
