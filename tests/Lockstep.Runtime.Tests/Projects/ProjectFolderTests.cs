using System.Diagnostics;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.Projects;

namespace Lockstep.Runtime.Tests.Projects;

public sealed class ProjectFolderTests : IDisposable
{
    readonly string _root = Directory.CreateTempSubdirectory("lockstep-project-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    void Write(string path, string text) => WriteBytes(path, System.Text.Encoding.UTF8.GetBytes(text));

    void WriteBytes(string path, byte[] bytes)
    {
        var full = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllBytes(full, bytes);
    }

    ProjectFolder Open(string? environment = null, string folder = "") => ProjectFolder.Open(Path.Combine(_root, folder), environment, name => name == "HOST" ? "cache" : null);

    [Fact]
    public void The_nearest_parent_with_settings_is_the_project()
    {
        Write("lockstep.yaml", "project: outer\n");
        Write("a/lockstep.yaml", "project: inner\n");
        Write("a/b/c/x.txt", "");
        Assert.Equal("inner", Open(folder: "a/b/c").Settings.Project);
        Assert.Equal("outer", Open().Settings.Project);
        Assert.Equal(Path.Combine(_root, "a", "data", "registry.db"), Open(folder: "a/b").RegistryFile);
    }

    [Fact]
    public void No_project_is_not_found()
    {
        var e = Assert.Throws<LockstepException>(() => Open());
        Assert.Equal(ErrorKind.NotFound, e.Kind);
        Assert.Contains("lockstep init", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_settings_are_named()
    {
        Write("lockstep.yaml", "project: flights\nregistri: x\n");
        var e = Assert.Throws<LockstepException>(() => Open());
        Assert.Equal(ErrorKind.DefinitionsInvalid, e.Kind);
        Assert.Contains("lockstep.yaml:2:1", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_environment_and_its_variables_count()
    {
        Write("lockstep.yaml", "project: flights\nenvironments: { prod: { online_store: \"redis://${HOST}:6379\", registry: \"postgres://u:secret@h/d\" } }\n");
        Assert.Equal("redis://cache:6379", Open("prod").Settings.OnlineStore);
        var e = Assert.Throws<LockstepException>(() => Open("prod").RegistryFile);
        Assert.Equal(ErrorKind.BadArguments, e.Kind);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Definitions_are_read_from_all_files_in_the_order_of_their_names()
    {
        Write("lockstep.yaml", "project: flights\n");
        Write("features/b/two.yml", "\uFEFFkind: entity\nname: two\njoin_keys: { two: string }\n");
        Write("features/a.yaml", "kind: entity\nname: one\njoin_keys: { one: string }\n");
        Write("features/.hidden.yaml", "nonsense: [");
        Write("features/notes.txt", "nonsense: [");
        Write("other/c.yaml", "nonsense: [");
        var read = Open().ReadDefinitions();
        Assert.Empty(read.Problems);
        Assert.Equal(["features/a.yaml", "features/b/two.yml"], read.Definitions.Entities.Select(e => e.Location!.File));
    }

    [Fact]
    public void A_project_without_definitions_says_so()
    {
        Write("lockstep.yaml", "project: flights\n");
        var read = Open().ReadDefinitions();
        Assert.Equal(Severity.Warning, Assert.Single(read.Problems).Severity);
        Assert.Contains("features", read.Problems[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_text_is_named_and_the_others_are_read()
    {
        Write("lockstep.yaml", "project: flights\n");
        Write("features/a.yaml", "kind: entity\nname: one\njoin_keys: { one: string }\n");
        WriteBytes("features/b.yaml", [(byte)'k', (byte)':', 0xFF]);
        var read = Open().ReadDefinitions();
        Assert.Equal("features/b.yaml:1:1: error: The file is not UTF-8 text: byte 2 and those after it are none. Save it as UTF-8.", Assert.Single(read.Problems).ToString());
        Assert.Single(read.Definitions.Entities);
    }

    [Fact]
    public void A_link_that_leads_nowhere_is_named()
    {
        Write("lockstep.yaml", "project: flights\n");
        Directory.CreateDirectory(Path.Combine(_root, "features"));
        File.CreateSymbolicLink(Path.Combine(_root, "features", "gone.yaml"), Path.Combine(_root, "nowhere.yaml"));
        var problem = Assert.Single(Open().ReadDefinitions().Problems);
        Assert.Equal("features/gone.yaml", problem.Location!.File);
        Assert.Equal(Severity.Error, problem.Severity);
    }

    [Fact]
    public void A_circle_of_links_ends()
    {
        Write("lockstep.yaml", "project: flights\n");
        Write("features/a.yaml", "kind: entity\nname: one\njoin_keys: { one: string }\n");
        Directory.CreateSymbolicLink(Path.Combine(_root, "features", "round"), Path.Combine(_root, "features"));
        Assert.Single(Open().ReadDefinitions().Definitions.Entities);
    }

    [Fact]
    public void A_folder_that_cannot_be_read_is_named()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName == "root") Assert.Skip("root reads every folder");
        Write("lockstep.yaml", "project: flights\n");
        Write("features/shut/a.yaml", "kind: entity\n");
        var shut = Path.Combine(_root, "features", "shut");
        using (var chmod = Process.Start("chmod", ["000", shut])) chmod.WaitForExit();
        try
        {
            Assert.Equal("features/shut", Assert.Single(Open().ReadDefinitions().Problems).Location!.File);
        }
        finally
        {
            using var chmod = Process.Start("chmod", ["700", shut]);
            chmod.WaitForExit();
        }
    }
}
