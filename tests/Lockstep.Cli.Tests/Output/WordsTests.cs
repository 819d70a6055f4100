using Lockstep.Cli.Output;

namespace Lockstep.Cli.Tests.Output;

public sealed class WordsTests
{
    [Theory]
    [InlineData(1, "1 row")]
    [InlineData(0, "0 rows")]
    [InlineData(1234567, "1,234,567 rows")]
    public void Counts(long count, string text) => Assert.Equal(text, Words.Count(count, "row"));

    [Theory]
    [InlineData(0.4249, "0.42 s")]
    [InlineData(59.94, "59.9 s")]
    [InlineData(125, "2m 5s")]
    [InlineData(11520, "3h 12m")]
    public void Durations(double seconds, string text) => Assert.Equal(text, Words.Duration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(512, "512 B")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(3L << 30, "3.0 GiB")]
    public void Sizes(long bytes, string text) => Assert.Equal(text, Words.Bytes(bytes));
}
