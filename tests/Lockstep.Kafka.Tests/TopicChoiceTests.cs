using Lockstep.Core;

namespace Lockstep.Kafka.Tests;

public sealed class TopicChoiceTests
{
    static readonly Topic Now = new("t", "B", 1);

    [Theory]
    [InlineData("t", "B", 5, null)]
    [InlineData("t", "B", 3, null)]
    [InlineData("t", "B", 9, null)]
    [InlineData("t", "", 5, null)] // the brokers told no id then
    [InlineData("t", "A", 5, "partition 0 of topic 't': the topic was deleted and made anew since offset 5 was due; it holds offsets 3 to 8")]
    [InlineData("s", "A", 5, "partition 0 of topic 't': the log was read from another topic, 's', up to offset 5; it holds offsets 3 to 8")]
    [InlineData("t", "B", 2, "partition 0 of topic 't': offset 2 is due, but 1 events from there on have been removed before they were read (retention); it holds offsets 3 to 8")]
    [InlineData("t", "B", 10, "partition 0 of topic 't': offset 10 is due, but the topic ends before: it has lost events that were logged here; it holds offsets 3 to 8")]
    public void A_position_is_held_against_the_topic(string topic, string id, long next, string? problem)
        => Assert.Equal(problem, TopicChoice.Problem(new(topic, id, next, 0), Now, 0, new(3, 9)));

    [Fact]
    public void While_the_topic_s_id_is_not_told_nobody_goes_on_from_a_position_that_has_one()
    {
        var told = Assert.Throws<LockstepException>(() => TopicChoice.Problem(new("t", "B", 5, 0), Now with { Id = "" }, 0, new(3, 9)));
        Assert.Equal("partition 0 of topic 't': the cluster does not tell the topic's id now (it has no controller?), so whether it is still the same topic is not known. It is tried again.", told.Message);
    }

    [Theory]
    [InlineData("earliest", 0, 2, 3, 0)] // behind what is logged: the same offsets
    [InlineData("latest", 0, 2, 9, 0)]
    [InlineData("earliest", 0, 100, 3, 98)] // the offsets have begun anew: behind the last place
    [InlineData("8", 50, 100, 8, 93)]
    [InlineData("8", 93, 100, 8, 93)]
    public void Places_go_on_ascending(string to, long shift, long lastPlace, long next, long newShift)
    {
        var chosen = TopicChoice.Choose(to, new("t", "A", 77, shift), Now, 0, new(3, 9), lastPlace);
        Assert.Equal(new("t", "B", next, newShift), chosen);
        Assert.True(chosen.Next + chosen.Shift > lastPlace);
    }

    [Fact]
    public void A_position_is_stored_so_and_read_again()
    {
        TopicPosition position = new("clicks", "x9Yz", 1_234, 56);
        Assert.Equal("""{"topic":"clicks","id":"x9Yz","next":1234,"shift":56}""", position.ToText());
        Assert.Equal(position, TopicPosition.Parse(position.ToText()));
        Assert.Null(TopicPosition.Parse(null));
    }
}
