using Lockstep.Core.Definitions;
using Lockstep.Core.Expectations;
using Lockstep.Core.Rows;
using Lockstep.Core.Tests.Expressions;
using Lockstep.Core.Tests.Rows;

namespace Lockstep.Core.Tests.Expectations;

public sealed class ExpectationTests
{
    [Theory]
    [InlineData("x > 0", "x > 0", "1")]
    [InlineData("  x > 0 mostly 0.99 ", "x > 0", "0.99")]
    [InlineData("x > 0 MOSTLY 1", "x > 0", "1")]
    [InlineData("name = 'all mostly 0.5'", "name = 'all mostly 0.5'", "1")]
    [InlineData("x\n> 0\nmostly .5", "x\n> 0", "0.5")]
    [InlineData("mostly 0.5", "mostly 0.5", "1")]
    public void The_short_form_ends_with_the_share(string text, string that, string mostly)
    {
        var expectation = Expectation.Parse(text);
        Assert.Equal((that, mostly), (expectation.That, expectation.Mostly.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal(expectation, Expectation.Parse(expectation.ToString()));
    }

    [Theory, InlineData("x > 0 mostly 0"), InlineData("x > 0 mostly 1.01"), InlineData("x > 0 mostly 99"), InlineData("x > 0 mostly 0.9.9"), InlineData("x > 0 mostly .")]
    public void A_share_is_above_0_and_at_most_1(string text) => Assert.Contains("a share above 0", Assert.Throws<FormatException>(() => Expectation.Parse(text)).Message, StringComparison.Ordinal);

    // The judge counts row by row with the interpreter.
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Counts_agree_with_the_interpreter(int seed)
    {
        var (random, values) = (new RandomExpressions(seed), new RandomValues(seed));
        RowColumns columns = new("view 'v'", RandomExpressions.Columns.Fields, []);
        for (var round = 0; round < 30; round++)
        {
            List<Expectation> expectations = [.. Enumerable.Range(0, 3).Select(i => new Expectation { That = random.Bool(2), Mostly = i == 0 ? 1 : 0.5m })];
            var program = ExpectationProgram.Compile("v@1.0.0", expectations, columns)!;
            ExpectationTally tally = new(program);
            var expected = expectations.Select(_ => (Passed: 0L, Failed: 0L, Nulls: 0L)).ToArray();
            for (var part = 0; part < 3; part++)
            {
                ColumnBatch batch = new(RandomExpressions.Columns);
                for (var row = 0; row < part * 20; row++)
                {
                    var one = RandomExpressions.Row(values);
                    batch.AppendRow(one);
                    var inputs = RandomExpressions.Columns.Fields.Select((f, c) => (f.Name, one[c])).ToDictionary(p => p.Name, p => p.Item2, StringComparer.Ordinal);
                    for (var i = 0; i < 3; i++)
                    {
                        var value = Interpreter.Run(columns.Bind(expectations[i].That).Root, inputs);
                        if (value.IsNull) expected[i].Nulls++;
                        else if (value.AsBool) expected[i].Passed++;
                        else expected[i].Failed++;
                    }
                }
                tally.Add([.. program.Inputs.Select(i => batch[RandomExpressions.Columns.IndexOf(i.Name)])], batch.Count, null, []);
            }
            Assert.Equal(expected, tally.Results.Select(r => (r.Passed, r.Failed, r.Nulls)));
            Assert.All(tally.Results, r => Assert.Equal(Math.Min(r.Failed, ExpectationTally.MaxExamples), r.Examples.Count));
        }
    }

    [Theory]
    [InlineData("1", 5, 0, true)]
    [InlineData("1", 999_999, 1, false)]
    [InlineData("0.99", 99, 1, true)]
    [InlineData("0.99", 98, 1, false)]
    [InlineData("0.7", 7, 3, true)] // 0.7 * 10 is above 7 in binary
    [InlineData("0.1", 1, 9, true)]
    [InlineData("0.5", 0, 0, true)]
    public void The_share_is_of_true_and_false_and_exact(string mostly, long passed, long failed, bool holds)
    {
        ExpectationResult result = new() { Of = "v", That = "x > 0", Mostly = decimal.Parse(mostly, System.Globalization.CultureInfo.InvariantCulture), Passed = passed, Failed = failed, Nulls = 100, OnFailure = FailureAction.Block };
        Assert.Equal((holds, !holds), (result.Holds, result.Blocks));
    }

    [Fact]
    public void Examples_are_the_newest_failing_rows_with_keys_and_what_was_read()
    {
        Schema schema = new([new("x", FeatureType.Int64), new("other", FeatureType.String)]);
        var program = ExpectationProgram.Compile("v@1.0.0", [Expectation.Parse("x > 0"), Expectation.Parse("length(other) < 200 and missing > 1")], new("view 'v'", schema.Fields, []))!;
        Assert.Single(program.Expectations); // the other one reads what is not there
        ExpectationTally tally = new(program);
        var (time, key, x) = (new FixedColumn<long>(FeatureType.Timestamp), new BytesColumn(FeatureType.String), new FixedColumn<long>(FeatureType.Int64));
        for (var i = 0; i < 20; i++)
        {
            if (i == 7) time.AppendNull();
            else time.Append(i * 7 % 20 * Instant.Second);
            key.Append(System.Text.Encoding.UTF8.GetBytes($"k{i * 7 % 20}" + new string('x', i == 5 ? 300 : 0)));
            x.Append(i == 5 ? -1 : i % 2 == 0 ? 1 : -i);
        }
        tally.Add([x], 20, time, [("key", key)]);
        var result = Assert.Single(tally.Results);
        Assert.Equal((10L, 10L, false), (result.Passed, result.Failed, result.Holds));
        Assert.Equal(["19", "17", "15", "13", "11"], result.Examples.Select(e => e["event_timestamp"][^3..^1]));
        Assert.Equal(["key", "event_timestamp", "x"], result.Examples[0].Keys);
        Assert.Equal("v@1.0.0: 10 of 20 rows fail 'x > 0'. For example: key=k19, event_timestamp=1970-01-01T00:00:19Z, x=-17.", result.Describe());
        Assert.Equal(101, result.Examples.Single(e => e["key"].StartsWith("k15", StringComparison.Ordinal))["key"].Length);
    }
}
