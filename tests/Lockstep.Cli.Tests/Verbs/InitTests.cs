using Lockstep.Cli.Templates;

namespace Lockstep.Cli.Tests.Verbs;

public sealed class InitTests
{
    [Fact]
    public async Task Both_templates_write_all_their_files_and_say_what_is_next()
    {
        foreach (var template in Template.Names)
        {
            using var temp = new TempFolder();
            var run = (await new Run { Folder = temp.Path }.VerbAsync("init", "new", "--template", template)).Ok();
            var files = Directory.EnumerateFiles(temp["new"], "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(temp["new"], f)).Order(StringComparer.Ordinal);
            Assert.Equal(Template.Files(template), files);
            Assert.Contains("lockstep.yaml", Template.Files(template));
            Assert.Contains(".gitignore", Template.Files(template));
            Assert.Contains("cd new", run.Error, StringComparison.Ordinal);
            Assert.InRange(Directory.EnumerateFiles(temp["new"], "*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length), 1, 2 << 20);
        }
    }

    [Fact]
    public async Task Nothing_is_overwritten()
    {
        using var temp = new TempFolder();
        var run = new Run { Folder = temp.Path };
        (await run.VerbAsync("init -t minimal")).Ok();
        File.WriteAllText(temp["README.md"], "mine");
        var again = await run.VerbAsync("init -t flights");
        Assert.Equal(ExitCode.Conflict, again.Code);
        Assert.Contains("There is a project already", again.Error, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(temp["README.md"]));
        Assert.False(File.Exists(temp["raw/flights.csv"]));

        File.Delete(temp["lockstep.yaml"]);
        Assert.Contains("'.gitignore' already", (await run.VerbAsync("init -t minimal")).Error, StringComparison.Ordinal);
        Assert.False(File.Exists(temp["lockstep.yaml"]));
    }

    [Fact]
    public async Task A_file_is_no_folder()
    {
        using var temp = new TempFolder();
        File.WriteAllText(temp["x"], "");
        var run = await new Run { Folder = temp.Path }.VerbAsync("init x");
        Assert.Equal(ExitCode.BadArguments, run.Code);
        Assert.Contains("is a file; a project is a folder", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_names_the_files()
    {
        using var temp = new TempFolder();
        var json = (await new Run { Folder = temp.Path }.VerbAsync("init p -t minimal --json")).Ok().Json;
        Assert.Equal(temp["p"], (string?)json["folder"]);
        Assert.Equal(Template.Files("minimal"), json["files"]!.AsArray().Select(f => (string?)f));
    }
}
