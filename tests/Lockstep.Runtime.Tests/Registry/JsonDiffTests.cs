using Lockstep.Runtime.Registry;

namespace Lockstep.Runtime.Tests.Registry;

public sealed class JsonDiffTests
{
    [Theory]
    [InlineData("""{"a":1}""", """{"a":1}""", "")]
    [InlineData("""{"a":1}""", """{"a":2}""", "a: 1 -> 2")]
    [InlineData("""{"a":"1"}""", """{"a":1}""", "a: 1 -> 1")]
    [InlineData("""{"a":""}""", """{"b":null}""", "a:  -> (none)|b: (none) -> null")]
    [InlineData("""{"a":{"b":{"c":1}}}""", """{"a":{"b":{"c":2,"d":[1,2]}}}""", "a.b.c: 1 -> 2|a.b.d: (none) -> [1, 2]")]
    [InlineData("""{"f":[{"name":"x","t":1},{"name":"y","t":1}]}""", """{"f":[{"name":"y","t":2},{"name":"x","t":1}]}""", "f.y.t: 1 -> 2|order of f: x, y -> y, x")]
    [InlineData("""{"f":[{"name":"x"},{"name":"y"}]}""", """{"f":[{"name":"z","t":1},{"name":"x"},{"name":"y"}]}""", "f.z: (none) -> { t: 1 }")]
    [InlineData("""{"f":[{"v":"x"},{"v":"x"}]}""", """{"f":[{"v":"x"}]}""", "f: { v: x } -> (none)")]
    [InlineData("""{"f":["a","b","c"]}""", """{"f":["c","a","b"]}""", "order of f: a, b, c -> c, a, b")]
    [InlineData("""{"default":{"float64":"1"}}""", """{"default":{"float64":"2"}}""", "default: 1 -> 2")]
    [InlineData("""{"default":{"list":[{"int64":"1"},{"int64":"2"}]}}""", "{}", "default: [1, 2] -> (none)")]
    public void Differences_are_told_property_by_property(string before, string after, string expected)
        => Assert.Equal(expected, string.Join("|", JsonDiff.Compare(before, after)));
}
