namespace Lockstep.Cli.Tests.Frame;

public sealed class ArgumentsTests
{
    [Theory]
    [InlineData("vresion", "there is no verb 'vresion'. Did you mean 'version'?")]
    [InlineData("--jsn", "there is no option '--jsn'. Did you mean '--json'?")]
    [InlineData("init --templat flights", "'init' has no option '--templat'. Did you mean '--template'?")]
    [InlineData("eval -7//2", "'eval' has no option '-7//2'. If it is an argument, write -- before it: lockstep eval -- \"-7//2\".")]
    [InlineData("init -t flight", "'flight' is none of the words for --template: flights, recommendations, minimal. Did you mean 'flights'?")]
    [InlineData("version now", "'version' takes no argument 'now'.")]
    [InlineData("help vresion", "There is no verb 'vresion'. Did you mean 'version'?")]
    [InlineData("completion zsh", "'zsh' is none of the words for shell: bash.")]
    public async Task A_mistake_is_named_with_what_would_be_right(string line, string message)
    {
        var run = await new Run().VerbAsync(line);
        Assert.Equal(ExitCode.BadArguments, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Out);
    }

    [Fact]
    public async Task A_word_after_two_dashes_is_no_option()
    {
        using var temp = new TempFolder();
        var run = await new Run { Folder = temp.Path }.VerbAsync("init", "-t", "minimal", "--", "--odd");
        run.Ok();
        Assert.True(File.Exists(Path.Combine(temp["--odd"], "lockstep.yaml")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("--help")]
    [InlineData("help")]
    public async Task Without_a_verb_the_overview_is_printed(string line)
    {
        var run = await new Run().VerbAsync(line);
        run.Ok();
        foreach (var verb in new CommandLine().Verbs.Where(v => !v.Hidden)) Assert.Contains($"  {verb.Name} ", run.Out, StringComparison.Ordinal);
        Assert.Empty(run.Error);
    }

    [Fact]
    public async Task Every_verb_explains_itself_in_the_same_words_by_help_and_by_option()
    {
        foreach (var verb in new CommandLine().Verbs)
        {
            var byVerb = await new Run().VerbAsync("help", verb.Name);
            var byOption = await new Run().VerbAsync(verb.Name, "--help");
            Assert.Equal(byVerb.Ok().Out, byOption.Ok().Out);
            Assert.StartsWith(verb.Summary + ".", byVerb.Out, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_symbol_is_described_and_every_sample_is_JSON()
    {
        foreach (var verb in new CommandLine().Verbs)
        {
            Assert.All(verb.Options, o => Assert.False(string.IsNullOrEmpty(o.Description), $"{verb.Name} {o.Name}"));
            Assert.All(verb.Arguments, a => Assert.False(string.IsNullOrEmpty(a.Description), $"{verb.Name} {a.Name}"));
            Assert.False(verb.Summary.EndsWith('.'), verb.Name);
            if (verb.JsonSample is not null) Assert.NotNull(System.Text.Json.Nodes.JsonNode.Parse(verb.JsonSample));
        }
    }

    [Fact]
    public async Task Colours_are_for_terminals_and_NO_COLOR_turns_them_off()
    {
        Assert.Contains('\e', (await new Run { Terminal = true }.VerbAsync("help")).Out);
        Assert.DoesNotContain('\e', (await new Run().VerbAsync("help")).Out);
        Assert.DoesNotContain('\e', (await new Run { Terminal = true, Variables = { ["NO_COLOR"] = "1" } }.VerbAsync("help")).Out);
        Assert.DoesNotContain('\e', (await new Run { Terminal = true, Variables = { ["TERM"] = "dumb" } }.VerbAsync("help")).Out);
    }
}
