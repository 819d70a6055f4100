using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Expressions.Functions;
using Lockstep.Core.Expressions.Syntax;

namespace Lockstep.Core.Tests.Expressions;

/// <summary>An expression cannot run away: its text, its tree, its lists, its texts and its patterns are bounded, and the bounds have names.</summary>
public sealed class ExpressionLimitTests
{
    static readonly Scope s_scope = new(RandomExpressions.Columns.Fields, allowNow: true);

    static string ErrorOf(string text) => Assert.Throws<ExpressionException>(() => Binder.Bind(text, s_scope)).Message;

    [Fact]
    public void More_parts_than_MaxNodes_are_refused()
    {
        var list = string.Join(',', Enumerable.Repeat("1", ExpressionLimits.MaxNodes + 1));
        Assert.StartsWith("The expression has more than 20000 parts, the limit MaxNodes.", ErrorOf($"[{list}]"), StringComparison.Ordinal);
        Assert.NotNull(Binder.Bind($"[{list[..^8]}]", s_scope).Root);
    }

    [Fact]
    public void A_list_beyond_MaxListLength_and_a_text_beyond_MaxTextResult_are_null()
    {
        var scratch = new Scratch();
        var separators = Utf8Text.Of(new string(',', ExpressionLimits.MaxListLength));
        Assert.False(TextFunctions.Split(scratch, separators, Utf8Text.Of(","), out _));
        Assert.True(TextFunctions.Split(scratch, separators.Slice(1, separators.Length - 1), Utf8Text.Of(","), out var parts));
        Assert.Equal(ExpressionLimits.MaxListLength, parts.Count);
        Assert.True(TextFunctions.Replace(scratch, Utf8Text.Of(new string('a', 1024)), Utf8Text.Of("a"), Utf8Text.Of(new string('b', 1024)), out var replaced));
        Assert.Equal(ExpressionLimits.MaxTextResult, replaced.Length);
        Assert.False(TextFunctions.Replace(scratch, Utf8Text.Of(new string('a', 1025)), Utf8Text.Of("a"), Utf8Text.Of(new string('b', 1024)), out _));
        Assert.False(TextFunctions.RegexpReplace(Utf8Text.Of(new string('a', 1025)), Utf8Text.Of("a"), Utf8Text.Of(new string('b', 1024)), out _));
    }

    // With backtracking the first would not end in our time: that this test does is the point.
    [Theory]
    [InlineData("(a+)+$", false)]
    [InlineData("(a|aa)+b", false)]
    [InlineData("(a*)*!", true)]
    public void Patterns_take_linear_time(string pattern, bool expected)
    {
        Assert.True(TextFunctions.RegexpMatches(Utf8Text.Of(new string('a', 50_000) + "!"), Utf8Text.Of(pattern), out var matches));
        Assert.Equal(expected, matches);
    }

    [Theory]
    [InlineData("(((a{100}){100}){100})")]
    [InlineData("(?=a)b")]
    [InlineData(@"(a)\1")]
    [InlineData("(")]
    [InlineData("[z-a]")]
    public void A_pattern_that_is_too_large_or_none_is_null(string pattern)
        => Assert.False(TextFunctions.RegexpMatches(Utf8Text.Of("aa"), Utf8Text.Of(pattern), out _));

    [Theory, InlineData(1), InlineData(2)]
    public void Any_characters_are_bound_or_refused_with_a_place(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 5_000; round++)
        {
            // Controls, unpaired surrogates, whatever a char can be.
            var text = string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => (char)(random.Next(4) == 0 ? random.Next(65_536) : random.Next(256))));
            if (Record.Exception(() => Binder.Bind(text, s_scope)) is not { } error) continue;
            var refused = Assert.IsType<ExpressionException>(error);
            Assert.All(refused.Errors, e => Assert.InRange(e.Span.Start, 0, text.Length));
        }
    }

    [Theory]
    [InlineData("now(1)", "now() takes no arguments.\n  now(1)\n  ^^^^^^")]
    [InlineData("time_since()", "time_since takes one timestamp, not 0 arguments.\n  time_since()\n  ^^^^^^^^^^^^")]
    [InlineData("if(flag, 1)", "if takes three arguments (condition, then, else), not 2.\n  if(flag, 1)\n  ^^^^^^^^^^^")]
    [InlineData("coalesce()", "coalesce takes at least one argument.\n  coalesce()\n  ^^^^^^^^^^")]
    [InlineData("greatest(vector, numbers)", "greatest has no order for list<float64>.\n  greatest(vector, numbers)\n  ^^^^^^^^^^^^^^^^^^^^^^^^^")]
    [InlineData("concat()", "concat takes at least one argument.\n  concat()\n  ^^^^^^^^")]
    [InlineData("concat(vector)", "concat takes what can be cast to string; this is list<float32>.\n  concat(vector)\n         ^^^^^^")]
    [InlineData("nullif(1)", "nullif takes two arguments, not 1.\n  nullif(1)\n  ^^^^^^^^^")]
    [InlineData("list_any(d, x -> x > 0)", "list_any takes a list; this is float64.\n  list_any(d, x -> x > 0)\n           ^")]
    [InlineData("list_filter(vector, x -> null)", "The lambda is always null.\n  list_filter(vector, x -> null)\n                           ^^^^")]
    [InlineData("[null, null]", "The type of a list of nulls is not known.\n  [null, null]\n  ^^^^^^^^^^^^")]
    [InlineData("weather:", "Expected the name of a feature after ':', found the end.\n  weather:\n          ^")]
    [InlineData("cast(d as 5)", "Expected a type, found the number 5. Types: bool, int32, int64, float32, float64, decimal(p,s), string, bytes, timestamp, date, list<T>.\n  cast(d as 5)\n            ^")]
    [InlineData("\"name", "The name that begins here has no closing \".\n  \"name\n  ^")]
    [InlineData("length(d)", "length takes (string); found (float64).\n  length(d)\n  ^^^^^^")]
    public void Calls_that_are_wrong(string text, string message) => Assert.Equal(message, ErrorOf(text));
}
