using System.Text.Json.Nodes;
using Lockstep.Core.Definitions;

namespace Lockstep.Cli.Output;

/// <summary>Author mistakes, all of them, for people and as JSON.</summary>
internal static class ProblemList
{
    public static void Write(IReadOnlyList<Problem> problems, TextWriter to, Paint paint)
    {
        foreach (var problem in problems)
        {
            var word = problem.Severity == Severity.Error ? paint.Red("error:") : paint.Yellow("warning:");
            to.WriteLine($"{(problem.Location is null ? "" : paint.Bold($"{problem.Location}:") + " ")}{word} {problem.Message}");
        }
    }

    public static JsonArray ToJson(IEnumerable<Problem> problems) => [.. problems.Select(p => (JsonNode)new JsonObject
    {
        ["severity"] = p.Severity == Severity.Error ? "error" : "warning",
        ["file"] = p.Location?.File,
        ["line"] = p.Location?.Line,
        ["column"] = p.Location?.Column,
        ["message"] = p.Message,
    })];

    /// <summary><c>2 errors, 1 warning</c>.</summary>
    public static string Count(IReadOnlyList<Problem> problems)
    {
        var errors = problems.Count(p => p.Severity == Severity.Error);
        return $"{Words.Count(errors, "error")}, {Words.Count(problems.Count - errors, "warning")}";
    }
}
