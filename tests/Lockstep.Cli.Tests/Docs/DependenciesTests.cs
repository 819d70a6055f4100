using System.Xml.Linq;

namespace Lockstep.Cli.Tests.Docs;

public sealed class DependenciesTests
{
    [Fact]
    public void Every_package_that_a_project_refers_to_has_its_line_with_the_version()
    {
        var versions = XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props")).Descendants("PackageVersion")
            .ToDictionary(p => (string)p.Attribute("Include")!, p => ((string)p.Attribute("Version")!).Trim('[', ']'));
        var projects = new[] { "src", "tests", "bench" }.SelectMany(f => Directory.EnumerateFiles(Path.Combine(Repository.Root, f), "*.csproj", SearchOption.AllDirectories))
            .Append(Path.Combine(Repository.Root, "Directory.Build.props"));
        var used = projects.SelectMany(p => XDocument.Load(p).Descendants("PackageReference")).Select(p => (string)p.Attribute("Include")!).Distinct().ToList();
        var lines = Repository.Read("docs/dependencies.md").Split('\n');
        Assert.Contains("System.CommandLine", used);
        // The parts of xunit.v3 have its version and its line.
        foreach (var package in used.Where(u => !u.StartsWith("xunit.v3.", StringComparison.Ordinal)))
            Assert.True(Array.Exists(lines, l => l.StartsWith('|') && l.Contains(package, StringComparison.Ordinal) && l.Contains(versions[package], StringComparison.Ordinal)),
                $"docs/dependencies.md has no line with {package} and {versions[package]}.");
    }
}
