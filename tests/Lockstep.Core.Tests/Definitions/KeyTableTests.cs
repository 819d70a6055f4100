using Lockstep.Core.Definitions;
using Lockstep.Core.Definitions.Yaml;

namespace Lockstep.Core.Tests.Definitions;

/// <summary>A key that a table lists and no reader reads would be silently ignored. No key can hold a list of lists of lists, so each has to complain.</summary>
public sealed class KeyTableTests
{
    const string Nonsense = "[[[1]]]";

    public static TheoryData<string> Kinds => [.. DefinitionKeys.Kinds.Keys];

    [Theory, MemberData(nameof(Kinds))]
    public void Every_key_of_a_kind_is_read(string kind)
    {
        foreach (var key in DefinitionKeys.Kinds[kind].Names.Where(n => n is not ("kind" or "name")))
            Complains($"kind: {kind}\nname: n\n{key}: {Nonsense}\n", 3, key);
        Complains($"kind: {kind}\nname: {Nonsense}\n", 2, "name");
    }

    [Fact]
    public void Every_key_within_them_is_read()
    {
        Within("kind: source\nname: n\ntable:", DefinitionKeys.Table);
        Within("kind: source\nname: n\nstream:", DefinitionKeys.Stream);
        Within("kind: source\nname: n\nstream:\n  push: {}", DefinitionKeys.Stream, "push");
        Within("kind: source\nname: n\nstream:\n  files:", DefinitionKeys.FilesKeys, indent: "    ");
        Within("kind: source\nname: n\nstream:\n  kafka:", DefinitionKeys.KafkaKeys, indent: "    ");
        Within("kind: value_view\nname: n\nfeatures:\n  x:\n    type: int64", DefinitionKeys.ValueFeature, "type", "    ");
        Within("kind: source\nname: n\ncolumns:\n  x:", DefinitionKeys.DerivedColumn, indent: "    ");
        Within("kind: source\nname: n\nexpect:\n  - that: a", DefinitionKeys.Expectation, "that", "    ");
        Within("kind: aggregation_view\nname: n\nfeatures:\n  x:", DefinitionKeys.AggregateFeature, indent: "    ");
        Within("kind: on_demand_view\nname: n\nfeatures:\n  x:\n    expression: a", DefinitionKeys.ExpressionFeature, "expression", "    ");
        Within("kind: on_demand_view\nname: n\nimplementation:", DefinitionKeys.Implementation);
        Within("kind: lookup_table\nname: n\ntable:", DefinitionKeys.LookupFiles);
        Within("kind: lookup_table\nname: n\ncolumns:\n  x:\n    type: int64", DefinitionKeys.LookupColumn, "type", "    ");
        Within("kind: feature_service\nname: n\nfeatures:\n  - view: v", DefinitionKeys.Selection, "view", "    ");

        static void Within(string text, KeyTable table, string except = "", string indent = "  ")
        {
            foreach (var key in table.Names.Where(n => n != except)) Complains($"{text}\n{indent}{key}: {Nonsense}\n", text.Count(c => c == '\n') + 2, key);
        }
    }

    [Fact]
    public void Every_setting_is_read()
    {
        foreach (var key in SettingsKeys.Project.Names.Where(n => n != "project"))
            Assert.Contains(ProjectSettingsReader.Read($"project: p\n{key}: {Nonsense}", "l.yaml", null, _ => null).Problems, p => p.Location!.Line == 2);
        foreach (var key in SettingsKeys.Server.Names)
            Assert.Contains(ProjectSettingsReader.Read($"project: p\nserver:\n  {key}: {Nonsense}", "l.yaml", null, _ => null).Problems, p => p.Location!.Line == 3);
        foreach (var key in SettingsKeys.Environment.Names)
            Assert.Contains(ProjectSettingsReader.Read($"project: p\nenvironments:\n  dev:\n    {key}: {Nonsense}", "l.yaml", "dev", _ => null).Problems, p => p.Location!.Line == 4);
    }

    static void Complains(string text, int line, string key)
    {
        var problems = DefinitionReader.Read([("a.yaml", text)]).Problems;
        Assert.True(problems.Any(p => p.Location!.Line == line && p.Message.Contains(key.TrimEnd('s'), StringComparison.Ordinal) && !p.Message.Contains("has no key", StringComparison.Ordinal)), $"Nothing complains of '{key}' in\n{text}\n{string.Join("\n", problems)}");
    }
}
