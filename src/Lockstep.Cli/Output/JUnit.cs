using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Lockstep.Runtime.FeatureTests;
using Lockstep.Runtime.Serving;

namespace Lockstep.Cli.Output;

/// <summary>Results as CI systems read them: JUnit's XML, a suite a file, a test case a case.</summary>
internal static class JUnit
{
    public static string Write(FeatureTestReport report, TimeSpan elapsed)
    {
        XElement root = new("testsuites",
            new XAttribute("name", "lockstep test"),
            new XAttribute("tests", report.Results.Count),
            new XAttribute("failures", report.Results.Count(r => !r.Passed && r.Problems.Count == 0)),
            new XAttribute("errors", report.Results.Count(r => r.Problems.Count > 0)),
            new XAttribute("time", Seconds(elapsed)));
        foreach (var file in report.Results.GroupBy(r => r.Test.File))
            root.Add(new XElement("testsuite",
                new XAttribute("name", file.Key),
                new XAttribute("tests", file.Count()),
                new XAttribute("failures", file.Count(r => !r.Passed && r.Problems.Count == 0)),
                new XAttribute("errors", file.Count(r => r.Problems.Count > 0)),
                new XAttribute("time", Seconds(TimeSpan.FromTicks(file.Sum(r => r.Elapsed.Ticks)))),
                file.Select(Case)));
        var text = new StringBuilder();
        using (var writer = XmlWriter.Create(text, new() { Indent = true, OmitXmlDeclaration = true, NewLineChars = "\n" })) root.Save(writer);
        return $"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{text}\n";
    }

    static XElement Case(CaseResult result) => new("testcase",
        new XAttribute("name", Plain(result.Name)),
        new XAttribute("classname", result.Test.File),
        new XAttribute("file", result.Test.File),
        new XAttribute("line", result.Case.Location.Line),
        new XAttribute("time", Seconds(result.Elapsed)),
        result.Passed ? null : result.Problems.Count > 0
            ? Wrong("error", result.Problems[0].Message, result.Problems.Select(p => p.ToString()))
            : Wrong("failure", Words.Count(result.Features.Count(f => !f.Passed), "feature") + " not as expected", result.Features.Where(f => !f.Passed).Select(Line)));

    static XElement Wrong(string kind, string message, IEnumerable<string> lines) => new(kind, new XAttribute("message", Plain(message)), Plain(string.Join('\n', lines)));

    static string Line(FeatureComparison feature)
        => $"{feature.Name}: expected {feature.Expected}{(feature.ExpectedStatus is null ? "" : $" {feature.ExpectedStatus}")}, training {feature.Trained}, serving {(feature.Served is { } served ? $"{served.Value} {served.Status.ToText()}" : "none")}";

    static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>Without the characters that XML cannot hold.</summary>
    static string Plain(string text) => string.Concat(text.Where(c => XmlConvert.IsXmlChar(c) || char.IsSurrogate(c)));
}
