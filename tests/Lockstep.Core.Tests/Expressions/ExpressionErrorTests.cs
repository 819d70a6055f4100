using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Syntax;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.Expressions;

/// <summary>Every mistake has a place, says what was found and what would be right. The texts are the contract.</summary>
public sealed class ExpressionErrorTests
{
    static readonly Scope s_scope = new([.. RandomExpressions.Columns.Fields, new("request_id", FeatureType.String)]) { NamesAre = "Columns" };

    static string ErrorOf(string text) => Assert.Throws<ExpressionException>(() => Binder.Bind(text, s_scope)).Message;

    [Theory]
    [InlineData("", "The expression is empty.\n  \n  ^")]
    [InlineData("1 +", "Expected a value, a name or a function, found the end.\n  1 +\n     ^")]
    [InlineData("d ? 1", "'?' has no meaning here.\n  d ? 1\n    ^")]
    [InlineData("'abc", "The text that begins here has no closing '.\n  'abc\n  ^")]
    [InlineData("(d + 1", "Expected ')' to close the parenthesis, found the end.\n  (d + 1\n        ^")]
    [InlineData("d d", "Expected the end of the expression or an operator, found 'd'.\n  d d\n    ^")]
    [InlineData("9223372036854775808", "9223372036854775808 is beyond int64. Write 9223372036854775808.0 for a float64.\n  9223372036854775808\n  ^^^^^^^^^^^^^^^^^^^")]
    [InlineData("1e999", "1e999 is beyond float64.\n  1e999\n  ^^^^^")]
    [InlineData("case d end", "Expected 'when' in 'case', found 'end'.\n  case d end\n         ^^^")]
    [InlineData("d in ()", "'in ()' lists no values.\n  d in ()\n         ^")]
    [InlineData("d is 5", "Expected 'null' after 'is', found the number 5.\n  d is 5\n       ^")]
    [InlineData("cast(d as flot64)", "'flot64' is not a type. Did you mean 'float64'?\n  cast(d as flot64)\n            ^^^^^^")]
    [InlineData("timestamp 'yesterday'", "'yesterday' is not an instant like 2026-11-01T12:00:00Z.\n  timestamp 'yesterday'\n            ^^^^^^^^^^^")]
    [InlineData("count(*)", "'*' belongs to aggregates; an expression works on one row.\n  count(*)\n        ^")]
    [InlineData("weather@x:temp", "Expected a version like 1 or 1.2.0 after '@', found 'x'.\n  weather@x:temp\n          ^")]
    public void A_text_that_does_not_parse(string text, string message) => Assert.Equal(message, ErrorOf(text));

    [Theory]
    [InlineData("reqest_id", "There is no 'reqest_id' here. Did you mean 'request_id'?\n  reqest_id\n  ^^^^^^^^^")]
    [InlineData("sqtr(d)", "There is no function 'sqtr'. Did you mean 'sqrt'?\n  sqtr(d)\n  ^^^^")]
    [InlineData("d + name", "'+' takes (int64, int64) or (float64, float64); found (float64, string). Convert the text with try_cast(… as float64).\n  d + name\n    ^")]
    [InlineData("sqrt(flag)", "sqrt takes (float64); found (bool).\n  sqrt(flag)\n  ^^^^")]
    [InlineData("-name", "'-' takes (int64) or (float64); found (string). Convert the text with try_cast(… as float64).\n  -name\n  ^")]
    [InlineData("d and flag", "'and' takes bool; this is float64. Compare it, like x <> 0.\n  d and flag\n  ^")]
    [InlineData("name = d", "string and float64 cannot be compared. Convert the text with try_cast(… as float64).\n  name = d\n       ^")]
    [InlineData("case when flag then 1 else 'a' end", "The branches of 'case' have one type: int64 before, string here. Convert the text with try_cast(… as int64).\n  case when flag then 1 else 'a' end\n                             ^^^")]
    [InlineData("cast(name as int64)", "string to int64 can fail. Write try_cast(… as int64), which gives null where it does.\n  cast(name as int64)\n  ^^^^^^^^^^^^^^^^^^^")]
    [InlineData("cast(d as int32)", "Expressions compute with int64 and float64; cast to int64.\n  cast(d as int32)\n            ^^^^^")]
    [InlineData("cast(flag as timestamp)", "There is no conversion from bool to timestamp.\n  cast(flag as timestamp)\n  ^^^^^^^^^^^^^^^^^^^^^^^")]
    [InlineData("now()", "now() cannot be used here: filters and columns of sources would change with the clock (S16). Use it in an on-demand view.\n  now()\n  ^^^^^")]
    [InlineData("weather:temp", "Features of other views cannot be used here, so 'weather:temp' means nothing. Columns: at, big, d, day, f, flag, name, numbers, price, request_id, share, small, vector, words.\n  weather:temp\n  ^^^^^^^^^^^^")]
    [InlineData("x -> x", "A lambda stands only as an argument of list_transform, list_filter, list_any and list_all.\n  x -> x\n  ^^^^^^")]
    [InlineData("list_filter(vector, d)", "list_filter takes a list and a lambda of one parameter, like list_filter(prices, x -> x * 2).\n  list_filter(vector, d)\n  ^^^^^^^^^^^^^^^^^^^^^^")]
    [InlineData("list_filter(vector, x -> x)", "The lambda of list_filter takes bool; this is float64. Compare it, like x <> 0.\n  list_filter(vector, x -> x)\n                           ^")]
    [InlineData("[]", "The type of an empty list is not known. Write cast(null as list<…>) or give it elements.\n  []\n  ^^")]
    public void A_text_that_does_not_bind(string text, string message) => Assert.Equal(message, ErrorOf(text));

    [Fact]
    public void All_mistakes_of_an_expression_are_reported_at_once()
    {
        var error = Assert.Throws<ExpressionException>(() => Binder.Bind("sqtr(d) + nam * (flag + 1)", s_scope));
        Assert.Equal(3, error.Errors.Count);
    }

    [Theory]
    [InlineData("d = null", "A comparison with null is always null. To ask for null write 'is null'.\n  d = null\n  ^^^^^^^^")]
    [InlineData("d in (1, null)", "A null in the list never matches, and makes 'in' null where nothing else does.\n  d in (1, null)\n           ^^^^")]
    public void What_is_suspicious_is_warned_of(string text, string warning)
        => Assert.Equal(warning, Assert.Single(Binder.Bind(text, s_scope).Warnings).Render(text));

    [Fact]
    public void Ten_thousand_parentheses_do_not_overflow_the_stack()
    {
        foreach (var text in new[] { new string('(', 10_000) + "1" + new string(')', 10_000), string.Concat(Enumerable.Repeat("not ", 10_000)) + "flag", string.Concat(Enumerable.Repeat("- ", 10_000)) + "d",
            string.Concat(Enumerable.Repeat("case when flag then ", 3_000)), string.Concat(Enumerable.Repeat("[", 10_000)), string.Concat(Enumerable.Repeat("abs(", 10_000)) })
            Assert.Contains("the limit MaxDepth", ErrorOf(text), StringComparison.Ordinal);
        Assert.Contains("a limit that follows from MaxDepth", ErrorOf(string.Join(" + ", Enumerable.Repeat("d", 10_000))), StringComparison.Ordinal);
        Assert.Contains("the limit MaxTextLength is 65536", ErrorOf(new string(' ', 70_000)), StringComparison.Ordinal);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void Random_and_mutated_texts_are_bound_or_refused(int seed)
    {
        var random = new Random(seed);
        var expressions = new RandomExpressions(seed);
        const string Alphabet = "()[]<>=!+-*/%,.:@'\" \n\tabdfnx0159_\u00e9\uD83D\uDE00->casewhenthenendnotandinlike";
        var (bound, refused) = (0, 0);
        for (var round = 0; round < 4_000; round++)
        {
            var text = round % 4 == 0
                ? string.Concat(Enumerable.Range(0, random.Next(60)).Select(_ => Alphabet[random.Next(Alphabet.Length)]))
                : expressions.Any(2);
            for (var edits = random.Next(4); edits > 0 && text.Length > 0; edits--)
            {
                var at = random.Next(text.Length);
                text = random.Next(3) switch { 0 => text.Remove(at, 1), 1 => text.Insert(at, Alphabet[random.Next(Alphabet.Length)].ToString()), _ => text[..at] };
            }
            try
            {
                Binder.Bind(text, s_scope);
                bound++;
            }
            catch (ExpressionException e)
            {
                Assert.All(e.Errors, error => Assert.NotEmpty(error.Render(text)));
                refused++;
            }
        }
        Assert.True(bound > 300 && refused > 300, $"seed {seed}: {bound} bound, {refused} refused: the test lost its teeth");
    }
}
