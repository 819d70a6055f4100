using System.Globalization;
using Lockstep.Core.Definitions;
using Lockstep.Core.Expectations;

namespace Lockstep.Cli.Output;

/// <summary>Results of expectations for people.</summary>
internal static class ExpectationLines
{
    /// <summary>One of them in the samples of verbs.</summary>
    public const string Sample = """
        {
                "of": "weather@1.0.0", "that": "visib >= 0", "mostly": 0.99, "on_failure": "warn", "passed": 190, "failed": 1, "nulls": 5,
                "examples": [ { "airport": "JFK", "event_timestamp": "2026-01-04T12:00:00Z", "visib": "-1" } ], "rows": 196, "share": 0.9947643979057592, "holds": true
              }
        """;

    public static void Write(IReadOnlyList<ExpectationResult> results, CliConsole console, string indent = "")
    {
        results = [.. results.Where(r => r.Rows > 0)]; // a run that read nothing says nothing
        if (results.Count == 0) return;
        var table = new TextTable("expectation", "of", "passed", "failed", "null", "share", "holds").Right(2, 3, 4, 5);
        foreach (var r in results)
            table.Add(r.That + (r.Mostly == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" mostly {r.Mostly}")), r.Of, Words.Number(r.Passed), Words.Number(r.Failed), Words.Number(r.Nulls),
                r.Share.ToString("0.####", CultureInfo.InvariantCulture), r.Holds ? "yes" : r.OnFailure == FailureAction.Block ? "no: blocks" : "no");
        table.Write(console, indent);
    }

    /// <summary>A warning for each that does not hold and does not block: what blocks has ended the verb.</summary>
    public static void Warn(IReadOnlyList<ExpectationResult> results, VerbContext context)
    {
        foreach (var result in results.Where(r => !r.Holds && r.OnFailure == FailureAction.Warn)) context.Warn(result.Describe());
    }

    /// <summary>One word for a table of runs.</summary>
    public static string Summary(IReadOnlyList<ExpectationResult> results)
    {
        if (results.All(r => r.Rows == 0)) return "";
        var failed = results.Count(r => !r.Holds);
        return failed == 0 ? $"{results.Count} hold" : string.Create(CultureInfo.InvariantCulture, $"{failed} of {results.Count} fail");
    }
}
