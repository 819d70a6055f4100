using System.Globalization;
using System.Text.RegularExpressions;

namespace Lockstep.Cli.Tests.Docs;

/// <summary>
/// The YAML of the guides is real: every block that holds definitions goes into the features of a project, every block that holds tests
/// into its tests, and `lockstep test` must find every value as the page says.
/// </summary>
public sealed class GuidePagesTests
{
    [Theory]
    [InlineData("docs/guide/testing-features.md", 4)]
    [InlineData("docs/guide/patterns.md", 26)]
    public async Task The_definitions_of_a_guide_give_what_its_tests_expect(string page, int atLeast)
    {
        using var temp = TempFolder.OfProject("guide", "tests");
        var text = Repository.Read(page);
        foreach (Match block in Regex.Matches(text, @"^```yaml\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline))
        {
            // Named after the page's line, so that a problem in line 3 of line120.yaml is in line 123 of the page.
            var line = text[..block.Groups[1].Index].Count(c => c == '\n');
            var isTest = Regex.IsMatch(block.Groups[1].Value, "^test:", RegexOptions.Multiline);
            Assert.True(isTest || block.Groups[1].Value.StartsWith("kind:", StringComparison.Ordinal), $"{page}:{line + 1} holds neither definitions nor tests");
            File.WriteAllText(temp[string.Create(CultureInfo.InvariantCulture, $"{(isTest ? "tests" : "features")}/line{line:0000}.yaml")], block.Groups[1].Value);
        }
        var run = await new Run { Folder = temp.Path }.VerbAsync("test --coverage-min 100");
        Assert.True(run.Code == 0, $"{page}\n{run.Out}\n{run.Error}");
        Assert.True(Regex.Count(run.Out, "^  ok  ", RegexOptions.Multiline) >= atLeast, $"{page}: few cases ran\n{run.Out}");
    }
}
