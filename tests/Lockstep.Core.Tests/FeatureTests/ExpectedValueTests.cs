using Lockstep.Core.Definitions.Yaml;
using Lockstep.Core.FeatureTests;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.FeatureTests;

public sealed class ExpectedValueTests
{
    static TestValue Written(string yaml) => new(Assert.Single(YamlTree.Read("t.yaml", yaml, new())));

    static ExpectedValue Read(string yaml, string type)
    {
        Assert.True(FeatureType.TryParse(type, out var parsed));
        Assert.True(ExpectedValue.TryRead(Written(yaml), parsed, out var expected, out var right), right);
        return expected!;
    }

    [Theory]
    [InlineData("0.1", "0.1", true)]
    [InlineData("0.1", "0.10000000000000002", false)]
    [InlineData("~0.1", "0.10000000000000002", true)]
    [InlineData("~3.14", "3.1449", true)]
    [InlineData("~3.14", "3.1351", true)]
    [InlineData("~3.14", "3.1451", false)]
    [InlineData("~3.14", "3.1349", false)]
    [InlineData("~-3.14", "-3.139", true)]
    [InlineData("~3", "3.49", true)]
    [InlineData("~3", "3.51", false)]
    [InlineData("~3e2", "349", true)]
    [InlineData("~3e2", "351", false)]
    [InlineData("~1.50e-3", "0.001504", true)]
    [InlineData("~1.50e-3", "0.001506", false)]
    [InlineData("~100 +- 5", "95", true)]
    [InlineData("~100 +- 5", "94.99", false)]
    [InlineData("~100 ± 0", "100", true)]
    [InlineData("null", "0", false)]
    public void A_float_is_exact_unless_it_says_how_near(string expected, string got, bool right)
        => Assert.Equal(right, Read(expected, "float64").Matches(Value.Of(double.Parse(got, System.Globalization.CultureInfo.InvariantCulture))));

    [Fact]
    public void Null_is_right_only_for_null()
    {
        Assert.True(Read("null", "float64").Matches(Value.Null));
        Assert.False(Read("~0.0 +- 1000", "float64").Matches(Value.Null));
        Assert.False(Read("''", "string").Matches(Value.Null));
        Assert.False(Read("0", "int64").Matches(Value.Null));
    }

    [Fact]
    public void A_float32_is_the_nearest_to_what_is_written()
    {
        Assert.True(Read("0.1", "float32").Matches(Value.Of(0.1f)));
        Assert.True(Read("~0.1", "float32").Matches(Value.Of(0.1f)));
        Assert.False(Read("0.1", "float32").Matches(Value.Of(0.1)));
    }

    [Fact]
    public void Lists_are_compared_element_by_element()
    {
        var expected = Read("[1, ~0.7071, null]", "list<float64>");
        Assert.True(expected.Matches(Value.List(Value.Of(1.0), Value.Of(Math.Sqrt(0.5)), Value.Null)));
        Assert.False(expected.Matches(Value.List(Value.Of(1.0), Value.Of(Math.Sqrt(0.5)))));
        Assert.False(expected.Matches(Value.List(Value.Of(1.0), Value.Of(0.8), Value.Null)));
        Assert.False(expected.Matches(Value.Null));
        Assert.Equal("[1, ~0.7071, null]", expected.ToString());
    }

    [Theory]
    [InlineData("abc", "int64", "int64, a whole number from -9223372036854775808 to 9223372036854775807")]
    [InlineData("~5", "int64", "int64, which is compared exactly; only floats can be near a value")]
    [InlineData("~five", "float64", "float64: after ~ a number, like ~3.14 or ~3.14 +- 0.01")]
    [InlineData("~5 +- -1", "float64", "float64: after ~ a number, like ~3.14 or ~3.14 +- 0.01")]
    [InlineData("[a]", "list<float64>", "list<float64>, a list of which each is a finite number")]
    [InlineData("3", "list<float64>", "list<float64>, a list of which each is a finite number")]
    public void What_is_no_value_is_refused_with_what_would_be(string written, string type, string right)
    {
        Assert.True(FeatureType.TryParse(type, out var parsed));
        Assert.False(ExpectedValue.TryRead(Written(written), parsed, out _, out var says));
        Assert.Equal(right, says);
    }

    [Fact]
    public void A_text_may_begin_with_a_tilde() => Assert.True(Read("~home", "string").Matches(Value.Of("~home")));

    [Theory]
    [InlineData("[true, null]", "bool")]
    [InlineData("[1, -2]", "int64")]
    [InlineData("[1, 2.5]", "float64")]
    [InlineData("[2026-01-01T00:00:00Z]", "timestamp")]
    [InlineData("[1, a]", "string")]
    [InlineData("[null]", "string")]
    [InlineData("[[1, 2], [0.5]]", "list<float64>")]
    public void Values_of_which_nothing_is_known_have_the_narrowest_type(string written, string type) => Assert.Equal(type, TestValue.TypeOf(Written(written).Items!).ToString());
}
