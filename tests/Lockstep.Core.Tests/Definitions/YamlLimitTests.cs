using System.Diagnostics.CodeAnalysis;
using System.Text;
using Lockstep.Core.Definitions;

namespace Lockstep.Core.Tests.Definitions;

/// <summary>Whatever a file holds, reading it ends, says where something is wrong, and throws nothing.</summary>
[SuppressMessage("Security", "CA5394", Justification = "Random test data with a seed that is printed.")]
public sealed class YamlLimitTests
{
    static IReadOnlyList<Problem> Problems(string text) => DefinitionReader.Read([("a.yaml", text)]).Problems;

    [Fact]
    public void A_small_file_of_aliases_does_not_become_a_large_tree()
    {
        StringBuilder bomb = new("kind: entity\nname: lol\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n");
        for (var i = 1; i < 12; i++) bomb.Append($"x{i}: &x{i} [{string.Join(", ", Enumerable.Repeat($"*x{i - 1}", 10))}]\n");
        Assert.Equal("a.yaml:8:25: error: The document holds more than 500000 values, aliases written out (MaxNodes).", Assert.Single(Problems(bomb.ToString())).ToString());
    }

    [Fact]
    public void A_file_has_a_largest_size()
        => Assert.Equal("a.yaml:1:1: error: The file has 4194305 characters; the limit (MaxFileLength) is 4194304. Split it into several files.", Assert.Single(Problems(new string('#', (4 << 20) + 1))).ToString());

    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    [InlineData("? ")]
    public void Nesting_ends(string open)
    {
        var text = "kind: entity\nname:\n " + string.Concat(Enumerable.Repeat(open, 100_000));
        Assert.Contains("nested more than 16 deep (MaxDepth)", Assert.Single(Problems(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_a_character_is_no_text()
        => Assert.All(["\"\\uD800\"", "\"\\uDC00x\"", "\"\\uD800\\uD800\""], text => Assert.Contains(Problems($"kind: entity\nname: x\nowner: {text}"), p => p.Severity == Severity.Error && p.Location!.Line == 3));

    [Fact]
    public void A_byte_order_mark_and_windows_line_ends_are_read()
        => Assert.Empty(Problems("\uFEFFkind: entity\r\nname: carrier\r\njoin_keys: { carrier: string }\r\n"));

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 8)];

    [Theory, MemberData(nameof(Seeds))]
    public void Mutated_definitions_are_read_or_refused(int seed)
    {
        var random = new Random(seed);
        var texts = new[] { InterfaceExampleTests.Yaml, File.ReadAllText(GoldenFile.Path("tests/data/definitions/problems.txt")) };
        const string Marks = "{}[]:,-?&*!|>'\"%@`#~\n \t\r0aé\u2028\u0000\uFEFF𝄞<";
        for (var round = 0; round < 300; round++)
        {
            var text = new StringBuilder(texts[random.Next(2)]);
            var start = random.Next(text.Length);
            text = new(text.ToString(start, Math.Min(text.Length - start, random.Next(1, 3000))));
            if (random.Next(3) == 0) text = new(InterfaceExampleTests.Yaml);
            for (var edits = random.Next(6); edits >= 0 && text.Length > 0; edits--)
                switch (random.Next(4))
                {
                    case 0: text.Length = random.Next(text.Length); break;
                    case 1: text[random.Next(text.Length)] = Marks[random.Next(Marks.Length)]; break;
                    case 2: text.Insert(random.Next(text.Length), Marks[random.Next(Marks.Length)]); break;
                    default: text.Remove(random.Next(text.Length), 1); break;
                }
            ReadsOrRefuses(text.ToString(), $"seed {seed}, round {round}");
        }
    }

    [Theory, MemberData(nameof(Seeds))]
    public void Random_bytes_are_read_or_refused(int seed)
    {
        var random = new Random(seed);
        var bytes = new byte[400];
        for (var round = 0; round < 300; round++)
        {
            random.NextBytes(bytes);
            if (round % 2 == 0)
                for (var i = 0; i < bytes.Length; i++) bytes[i] = (byte)(32 + bytes[i] % 96);
            ReadsOrRefuses(Encoding.UTF8.GetString(bytes, 0, random.Next(bytes.Length)), $"seed {seed}, round {round}");
        }
    }

    // What is read can be bound, stored and read back, and every problem has a place.
    static void ReadsOrRefuses(string text, string where)
    {
        try
        {
            var (definitions, problems) = DefinitionReader.Read([("a.yaml", text)]);
            Assert.All(problems, p => Assert.True(p.Location is { Line: > 0, Column: > 0 }, $"{where}: {p}"));
            foreach (var definition in definitions.All.Where(d => !d.Incomplete))
                Assert.Equal(DefinitionJson.Write(definition), DefinitionJson.Write(DefinitionJson.Read(DefinitionJson.Write(definition))));
            DefinitionBinder.Bind(definitions, null, _ => null, (_, _) => null);
            ProjectSettingsReader.Read(text, "lockstep.yaml", "prod", _ => "x");
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"{where}: {e}\n{text}");
        }
    }
}
