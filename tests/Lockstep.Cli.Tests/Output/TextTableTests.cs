using Lockstep.Cli.Output;

namespace Lockstep.Cli.Tests.Output;

public sealed class TextTableTests
{
    static string Print(TextTable table, bool terminal = false, int width = int.MaxValue)
    {
        var to = new StringWriter { NewLine = "\n" };
        table.Write(to, new Paint(terminal), width);
        return to.ToString();
    }

    [Fact]
    public void Columns_are_aligned_numbers_to_the_right()
    {
        var table = new TextTable("name", "rows").Right(1);
        table.Add("weather", "26,115");
        table.Add("x", "7");
        Assert.Equal("name       rows\nweather  26,115\nx             7\n", Print(table));
    }

    [Fact]
    public void An_accent_takes_no_place_and_nothing_is_cut_in_a_pipe()
    {
        var table = new TextTable("a", "b");
        table.Add("e\u0301te\u0301", new string('y', 300));
        table.Add("four", "z");
        var lines = Print(table).Split('\n');
        Assert.Equal($"e\u0301te\u0301   {new string('y', 300)}", lines[1]);
        Assert.Equal("four  z", lines[2]);
    }

    [Fact]
    public void On_a_terminal_lines_end_at_its_edge_and_headers_are_bold()
    {
        var table = new TextTable("a");
        table.Add("1234567890");
        Assert.Equal("\e[1ma\e[0m\n1234567…\n", Print(table, terminal: true, width: 8));
    }

    [Fact]
    public void An_empty_table_is_its_headers() => Assert.Equal("a  b\n", Print(new TextTable("a", "b")));
}
