using Lockstep.Core.Definitions;
using Lockstep.Core.FeatureTests;
using Lockstep.Core.Rows;
using Lockstep.Core.Tests.Definitions;

namespace Lockstep.Core.Tests.FeatureTests;

public sealed class FeatureTestReaderTests
{
    static FeatureTestReadResult Read(string text) => FeatureTestReader.Read([("tests/a.yaml", text)]);

    [Fact]
    public void A_case_has_from_its_test_what_it_does_not_say()
    {
        var test = Assert.Single(Read("""
            test: rain
            given: { weather: [ { airport: JFK, temp: 1 } ] }
            at: 2026-01-01
            keys: { airport: JFK, dest: LGA }
            service: late
            cases:
              - case: one
                expect: { temp: 1 }
              - case: two
                at: 2026-01-02T00:00:00Z
                keys: { dest: EWR }
                service: other
                expect: { temp: { value: null, status: NOT_FOUND } }
            """).Tests);
        Assert.Equal(["one", "two"], test.Cases.Select(c => c.Name));
        Assert.Equal([Instant.Parse("2026-01-01T00:00:00Z"), Instant.Parse("2026-01-02T00:00:00Z")], test.Cases.Select(c => c.At));
        Assert.Equal(["late", "other"], test.Cases.Select(c => c.Service));
        Assert.Equal("airport JFK, dest LGA; airport JFK, dest EWR", string.Join("; ", test.Cases.Select(c => string.Join(", ", c.Keys.Select(k => $"{k.Name} {k.Value}")))));
        var expected = Assert.Single(test.Cases[1].Expect);
        Assert.True(expected.Value!.IsNull);
        Assert.Equal("NOT_FOUND", expected.Status);
        Assert.Equal("tests/a.yaml:9:5", test.Cases[1].Location.ToString());
    }

    [Theory]
    [InlineData("nonsense", "tests/a.yaml:1:1: error: A test is 'nonsense'. It must be a mapping with test, given, at, keys and expect.")]
    [InlineData("tests: x\nat: 2026-01-01\nexpect: { a:b: 1 }", "tests/a.yaml:1:1: error: A test has no key 'tests'. Did you mean 'test'?\ntests/a.yaml:1:1: error: A test lacks 'test', a text: what it is about.")]
    [InlineData("test: x\nexpect: { a:b: 1 }", "tests/a.yaml:1:1: error: Test 'x' lacks 'at', the instant it asks for.")]
    [InlineData("test: x\nat: 2026-01-01", "tests/a.yaml:1:1: error: Test 'x' lacks 'expect', the right values by view:feature. (A case with a 'service' may go without: it then compares training with serving only.)")]
    [InlineData("test: x\nat: noon\nexpect: { a:b: 1 }", "tests/a.yaml:2:5: error: 'at' of test 'x' is 'noon'. It must be an instant like 2026-11-01 or 2026-11-01T12:00:00Z.")]
    [InlineData("test: x\nat: 2026-01-01\nexpect: { a:b: { valu: 1, status: GONE } }", "tests/a.yaml:3:18: error: The expectation of 'a:b' has no key 'valu'. Did you mean 'value'?\ntests/a.yaml:3:35: error: 'status' of the expectation of 'a:b' is 'GONE'. It must be one of PRESENT, NULL_VALUE, NOT_FOUND, OUTSIDE_MAX_AGE, OUT_OF_RANGE.")]
    [InlineData("test: x\nat: 9999-01-01\nexpect: { a:b: 1 }", "tests/a.yaml:2:5: error: 'at' of test 'x' is '9999-01-01'. It must be an instant from 0002-01-01T00:00:00Z to 9998-12-31T00:00:00Z, where a clock can stand.")]
    [InlineData("test: x\nat: 2026-01-01\nexpect: { a:b: { } }", "tests/a.yaml:3:16: error: The expectation of 'a:b' says nothing. Write a value, or a mapping with value and status.")]
    [InlineData("test: x\nat: 2026-01-01\ngiven: { w: { a: 1 } }\nexpect: { a:b: 1 }", "tests/a.yaml:3:13: error: 'w' in 'given' of test 'x' is a mapping. It must be a list of rows, each like { airport: JFK, temp: 40 }.")]
    [InlineData("test: x\nat: 2026-01-01\ngiven: { w: [ 5 ] }\nexpect: { a:b: 1 }", "tests/a.yaml:3:15: error: A row of 'w' in test 'x' is '5'. It must be a mapping like { airport: JFK, temp: 40 }.")]
    [InlineData("test: x\nat: 2026-01-01\nkeys: { a: { b: 1 } }\nexpect: { a:b: 1 }", "tests/a.yaml:3:12: error: 'a' in 'keys' of test 'x' is a mapping. It must be a value, or a list of values.")]
    [InlineData("test: x\nat: 2026-01-01\nexpect: { a:b: 1 }\ncases: [ { expect: { a:b: 2 } } ]", "tests/a.yaml:3:9: error: Test 'x' has both 'expect' and 'cases'. Write the expectations into the cases.")]
    [InlineData("test: x\nat: 2026-01-01\ncases: []", "tests/a.yaml:3:8: error: 'cases' of test 'x' has none.")]
    [InlineData("test: x\nat: 2026-01-01\nexpect: { a:b: 1 }\n---\ntest: x\nat: 2026-01-01\nexpect: { a:b: 1 }", "tests/a.yaml:5:1: error: There are two tests 'x' in this file. Name them apart.")]
    public void A_mistake_has_its_place_and_says_what_would_be_right(string text, string problems)
        => Assert.Equal(problems, string.Join('\n', Read(text).Problems));

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Random_and_mutated_files_are_read_or_refused(int seed)
    {
        const string Whole = "test: rain\ngiven: { weather: [ { airport: JFK, temp: ~, list: [1, null] } ] }\ngiven_views: { v@1: [] }\nat: 2026-01-01\nkeys: { airport: JFK }\nrequest: { x: 1.5 }\nservice: late@1\ncases:\n  - case: one\n    at: 2026-01-02T00:00:00Z\n    expect: { a:b: { value: null, status: NOT_FOUND }, c:d: ~3.14 +- 0.1 }\n";
        const string Alphabet = "{}[],:-~&*!|>'\"\n #at0 testcasekeys\u00e9\0";
        Random random = new(seed);
        var (read, refused) = (0, 0);
        for (var round = 0; round < 2_000; round++)
        {
            var text = Whole;
            for (var edits = 1 + random.Next(3); edits > 0; edits--)
            {
                var at = random.Next(text.Length);
                text = random.Next(3) switch { 0 => text.Remove(at, 1), 1 => text.Insert(at, Alphabet[random.Next(Alphabet.Length)].ToString()), _ => text.Remove(at, Math.Min(random.Next(20), text.Length - at)) };
            }
            var result = Read(text);
            if (result.Problems.Any(p => p.Severity == Severity.Error)) refused++;
            else read++;
            Assert.All(result.Problems, p => Assert.NotNull(p.Location));
        }
        Assert.True(read > 100 && refused > 100, $"seed {seed}: {read} read, {refused} refused: the test lost its teeth");
    }

    [Fact]
    public void The_schema_for_editors_is_the_one_that_the_keys_make() => GoldenFile.AssertMatches("docs/reference/lockstep-tests.schema.json", FeatureTestKeys.Schema());
}
