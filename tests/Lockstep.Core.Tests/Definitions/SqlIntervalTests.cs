using Lockstep.Core.Definitions;
using Lockstep.Core.Definitions.Builder;

namespace Lockstep.Core.Tests.Definitions;

public sealed class SqlIntervalTests
{
    const string A = " make_timestamp(-5) ", B = " make_timestamp(7) ";

    [Theory]
    [InlineData("select 1", "select 1")]
    [InlineData("t >= $start and t<$end", $"t >= {A} and t<{B}")]
    [InlineData("$START-$End", $"{A}-{B}")]
    [InlineData("between$start and $end", $"between$start and {B}")]
    [InlineData("$started $end_ $ start $1 a$start", "$started $end_ $ start $1 a$start")]
    [InlineData("'$start' \"$end\" 'it''s $start' $end", $"'$start' \"$end\" 'it''s $start' {B}")]
    [InlineData("-- $start\n$end -- $end", $"-- $start\n{B} -- $end")]
    [InlineData("/* $start /* $end */ $end */ $start", $"/* $start /* $end */ $end */ {A}")]
    [InlineData("$$ $start $$ $x$ $start $$ $end $x$ $end", $"$$ $start $$ $x$ $start $$ $end $x$ {B}")]
    [InlineData(@"e'\' $start' $end E'\\' $start", $@"e'\' $start' {B} E'\\' {A}")]
    [InlineData("'$start", "'$start")]
    [InlineData("/* $start", "/* $start")]
    [InlineData("$x$ $start", "$x$ $start")]
    [InlineData(@"e'\", @"e'\")]
    public void The_interval_takes_the_place_of_its_names_outside_of_texts_and_comments(string sql, string bound)
    {
        Assert.Equal(bound, SqlInterval.Bind(sql, -5, 7));
        Assert.Equal(sql != bound, SqlInterval.IsIn(sql));
    }

    [Theory]
    [InlineData("select * from s where t >= $start and t < $end", 2, null)]
    [InlineData("select * from s where t >= $start and t < $end", 0, null)]
    [InlineData("select * from s where t >= $start and t < $end", -1, "'lookback' of view 'v' is negative.")]
    [InlineData("select * from s where t >= $start", null, "The sql of view 'v' has $start, but not $end. It filters its rows by both: t >= $start and t < $end.")]
    [InlineData("select * from s where t < $end", null, "The sql of view 'v' has $end, but not $start. It filters its rows by both: t >= $start and t < $end.")]
    [InlineData("select * from s where t >= $strat and t >= $start and t < $end", null, "The sql of view 'v' has '$strat'. It can have $start and $end, the interval of the timestamps that are wanted.")]
    [InlineData("select '$start $end' from s", 1, "'lookback' of view 'v' is for sql with $start and $end. It is computed whole in every run.")]
    public void An_interval_has_both_ends_and_a_lookback_goes_with_it(string sql, int? days, string? problem)
    {
        ProjectBuilder project = new();
        var view = project.ValueView("v").FromSql(sql, "t").Float64("x");
        if (days is { } d) view.Lookback(TimeSpan.FromDays(d));
        if (problem is not null)
        {
            Assert.Equal(["error: " + problem], Assert.Throws<LockstepException>(project.Build).Problems.Select(p => p.ToString()));
            return;
        }
        var built = (ValueView)project.Build().Views.Single();
        Assert.Equal(days is { } n ? n * Lockstep.Core.Rows.Instant.Day : null, built.Lookback);
        Assert.Equal(built.Lookback, ((ValueView)DefinitionJson.Read(DefinitionJson.Write(built))).Lookback);
    }
}
