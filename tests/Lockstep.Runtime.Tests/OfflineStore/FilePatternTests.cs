using System.Text.RegularExpressions;
using Lockstep.Runtime.OfflineStore;

namespace Lockstep.Runtime.Tests.OfflineStore;

public sealed class FilePatternTests
{
    [Theory]
    [InlineData("*.csv", "a.csv b.csv")]
    [InlineData("?.csv", "a.csv b.csv")]
    [InlineData("d/*.csv", "d/a.csv d/ab.csv")]
    [InlineData("d/a?.csv", "d/ab.csv")]
    [InlineData("**/*.csv", "a.csv b.csv d/a.csv d/ab.csv d/e/f.csv")]
    [InlineData("d/**", "d/a.csv d/ab.csv d/e/f.csv d/x.txt")]
    [InlineData("**/e/*", "d/e/f.csv")]
    [InlineData("*/a.csv", "d/a.csv")]
    [InlineData("d/**/**/f.csv", "d/e/f.csv")]
    [InlineData(".h/*.csv", ".h/a.csv")]
    [InlineData("_tmp/*.csv", "_tmp/a.csv")]
    [InlineData("./d/./a*.csv", "d/a.csv d/ab.csv")]
    [InlineData("nothing/*.csv", "")]
    public void A_pattern_finds_what_it_says_sorted(string pattern, string expected)
    {
        using var folder = new TempFolder();
        foreach (var file in "b.csv a.csv .a.csv d/a.csv d/ab.csv d/x.txt d/e/f.csv .h/a.csv _tmp/a.csv".Split(' ')) folder.Write(file, "");

        var found = FilePattern.Expand(folder.Path, pattern, CancellationToken.None);

        Assert.Equal(expected, string.Join(' ', found.Select(p => Path.GetRelativePath(folder.Path, p).Replace('\\', '/'))));
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void A_pattern_agrees_with_a_regular_expression(int seed)
    {
        var random = new Random(seed);
        using var folder = new TempFolder();
        List<string> files = [];
        for (var i = 0; i < 60; i++)
        {
            var file = string.Join('/', Enumerable.Range(0, random.Next(1, 4)).Select(_ => Name(random, "ab")));
            if (Directory.Exists(folder.At(file)) || files.Exists(f => file.StartsWith(f + "/", StringComparison.Ordinal))) continue;
            folder.Write(file, "");
            if (!files.Contains(file)) files.Add(file);
        }
        for (var i = 0; i < 300; i++)
        {
            var pattern = string.Join('/', Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(4) == 0 ? "**" : Name(random, "ab*?")));
            if (!FilePattern.IsPattern(pattern)) continue;
            var expression = "^" + string.Join('/', pattern.Split('/').Select(Part)).Replace("(.*/)?/", "(.*/)?", StringComparison.Ordinal) + "$";

            var found = FilePattern.Expand(folder.Path, pattern, CancellationToken.None).Select(p => Path.GetRelativePath(folder.Path, p).Replace('\\', '/'));

            Assert.True(files.Where(f => Regex.IsMatch(f, expression)).Order(StringComparer.Ordinal).SequenceEqual(found),
                $"seed {seed}, pattern {pattern}: found {string.Join(' ', found)}");

            string Part(string part, int at) => part != "**" ? part.Replace("?", "[^/]", StringComparison.Ordinal).Replace("*", "[^/]*", StringComparison.Ordinal)
                : at == pattern.Split('/').Length - 1 ? ".+" : "(.*/)?";
        }
    }

    static string Name(Random random, string letters) => string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => letters[random.Next(letters.Length)]));

    [Fact]
    public void A_link_in_a_circle_ends()
    {
        using var folder = new TempFolder();
        folder.Write("d/a.csv", "");
        Directory.CreateSymbolicLink(folder.At("d/again"), folder.At("d"));

        Assert.Equal([folder.At("d/a.csv")], FilePattern.Expand(folder.Path, "**/*.csv", CancellationToken.None));
    }
}
