namespace Lockstep.Cli.Tests.Docs;

public sealed class ReferenceTests
{
    [Fact]
    public async Task The_reference_is_what_the_verbs_say()
    {
        var run = (await new Run().VerbAsync("help --markdown")).Ok();
        Assert.True(run.Out == Repository.Read("docs/reference/cli.md"), "docs/reference/cli.md is out of date: ./lockstep help --markdown > docs/reference/cli.md");
    }
}
