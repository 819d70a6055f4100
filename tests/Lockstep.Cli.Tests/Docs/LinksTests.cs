using System.Text.RegularExpressions;

namespace Lockstep.Cli.Tests.Docs;

public sealed class LinksTests
{
    [Fact]
    public void Links_between_documents_lead_somewhere()
    {
        List<string> dead = [];
        foreach (var document in Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories).Concat(Directory.EnumerateFiles(Repository.Root, "*.md")))
            foreach (Match link in Regex.Matches(File.ReadAllText(document), @"\]\(([^)#\s]+)(#[^)]*)?\)"))
                if (!link.Groups[1].Value.Contains("://", StringComparison.Ordinal) && !Path.Exists(Path.Combine(Path.GetDirectoryName(document)!, link.Groups[1].Value)))
                    dead.Add($"{Path.GetRelativePath(Repository.Root, document)}: {link.Groups[1].Value}");
        Assert.True(dead.Count == 0, string.Join('\n', dead));
    }
}
