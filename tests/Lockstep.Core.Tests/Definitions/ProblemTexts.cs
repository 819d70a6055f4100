using System.Text;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Definitions;

/// <summary>
/// tests/data/definitions/problems.txt: definitions with mistakes, and every problem that is reported for them. A case is
/// <c>## name</c>, then parts that begin with <c>---- </c>: files, <c>columns source</c> (the columns of its data, a line each, or
/// <c>unreadable: reason</c>), <c>query view</c> (the columns that its sql yields), <c>registered</c> (files that were applied before),
/// <c>bind</c>, and <c>problems</c>.
/// </summary>
public sealed class ProblemTexts
{
    const string File = "tests/data/definitions/problems.txt";

    [Fact]
    public void Every_mistake_is_reported_with_its_place_and_what_would_be_right()
    {
        StringBuilder actual = new();
        var text = System.IO.File.ReadAllText(GoldenFile.Path(File));
        var cases = text.Split("\n## ");
        actual.Append(cases[0]);
        foreach (var one in cases.Skip(1))
        {
            var parts = one.Split("\n---- ").ToList();
            parts.RemoveAll(p => p == "problems" || p.StartsWith("problems\n", StringComparison.Ordinal));
            actual.Append("\n## ").AppendJoin("\n---- ", parts.Select(p => p.TrimEnd('\n'))).Append("\n---- problems\n");
            foreach (var problem in Problems(parts.Skip(1))) actual.Append(problem).Append('\n');
        }
        Assert.True(cases.Length > 50, $"Only {cases.Length - 1} cases were found.");
        GoldenFile.AssertMatches(File, actual.ToString());
    }

    static IEnumerable<Problem> Problems(IEnumerable<string> parts)
    {
        List<(string File, string Text)> files = [], registered = [];
        Dictionary<string, string> columns = [], queries = [];
        var bind = false;
        foreach (var part in parts)
        {
            var end = part.IndexOf('\n', StringComparison.Ordinal);
            var (head, body) = end < 0 ? (part, "") : (part[..end], part[(end + 1)..]);
            var words = head.Split(' ');
            bind |= words[0] is "bind" or "columns" or "query" or "registered";
            if (words[0] == "columns") columns[words[1]] = body;
            else if (words[0] == "query") queries[words[1]] = body;
            else if (words[0] == "registered") registered.Add(("registered.yaml", body));
            else if (words[0] != "bind") files.Add((head, body));
        }
        var read = DefinitionReader.Read(files);
        if (!bind) return read.Problems;
        Catalog? catalog = null;
        if (registered.Count > 0)
        {
            var before = DefinitionReader.Read(registered);
            Assert.False(before.HasErrors, string.Join("\n", before.Problems));
            var bound = DefinitionBinder.Bind(before.Definitions, Catalog.Empty, _ => null, (_, _) => null);
            Assert.False(bound.HasErrors, string.Join("\n", bound.Problems));
            catalog = bound.ToCatalog(Catalog.Empty, 1);
        }
        var result = DefinitionBinder.Bind(read.Definitions, catalog, s => Columns(columns, s.Name), (v, _) => Columns(queries, v.Name));
        return [.. read.Problems, .. result.Problems];
    }

    static Schema? Columns(Dictionary<string, string> all, string name)
    {
        if (!all.TryGetValue(name, out var body)) return null;
        if (body.StartsWith("unreadable: ", StringComparison.Ordinal)) throw new LockstepException(ErrorKind.NotFound, body[12..].Trim());
        return new(body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ', 2)).Select(p => new Field(p[0], FeatureType.Parse(p[1]))));
    }
}
