using System.Text.RegularExpressions;

namespace Lockstep.Cli.Tests.Docs;

/// <summary>docs/semantics.md and the tests that it names.</summary>
public sealed class SemanticsTests
{
    [Fact]
    public void Every_rule_names_tests_and_every_named_test_exists()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "semantics.md"));
        var tests = string.Concat(Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText));
        var rules = Regex.Split(page, "^### ", RegexOptions.Multiline).Skip(1).ToList();
        Assert.Equal(["S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S14", "S9", "S10", "S11", "S12", "S13", "S15", "S25", "S16", "S17", "S18", "S19", "S20", "S21", "S22", "S23", "S24"], rules.Select(r => r.Split(' ')[0]));
        foreach (var rule in rules)
        {
            var named = Regex.Matches(rule, "`(S[0-9]+_[A-Za-z0-9_]+)`").Select(m => m.Groups[1].Value).ToList();
            var number = rule.Split(' ')[0];
            Assert.True(named.Any(test => test.StartsWith($"{number}_", StringComparison.Ordinal)), $"No test whose name begins with {number} holds: {rule[..rule.IndexOf('\n', StringComparison.Ordinal)]}");
            Assert.All(named, test => Assert.True(tests.Contains($" {test}(", StringComparison.Ordinal), $"docs/semantics.md names {test}, which is no test."));
        }
    }
}
