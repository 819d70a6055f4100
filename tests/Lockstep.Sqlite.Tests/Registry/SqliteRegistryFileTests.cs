using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.Registry;
using Lockstep.Sqlite.Registry;
using Microsoft.Data.Sqlite;

namespace Lockstep.Sqlite.Tests.Registry;

/// <summary>Files that are not as they should be: each has its message, and nothing in it is lost.</summary>
public sealed class SqliteRegistryFileTests : IDisposable
{
    static readonly CancellationToken None = CancellationToken.None;
    readonly string _folder = Directory.CreateTempSubdirectory("lockstep-registry-").FullName;
    readonly string _path;

    public SqliteRegistryFileTests() => _path = Path.Combine(_folder, "registry.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    internal static async Task<RegistryPlan> Plan(IRegistry registry, string text, int entities = 1)
    {
        var yaml = string.Join("\n---\n", Enumerable.Range(0, entities).Select(i => $"kind: entity\nname: e{i}\njoin_keys: {{ k: string }}\ndescription: \"{text}\""));
        var read = DefinitionReader.Read([("a.yaml", yaml)]);
        return await new RegistryService(registry, TimeProvider.System).PlanAsync(read.Definitions, read.Problems, SchemaProbe.None, None, partial: true);
    }

    internal static async Task Apply(IRegistry registry, string text, int entities = 1)
        => await new RegistryService(registry, TimeProvider.System).ApplyAsync(await Plan(registry, text, entities), "ana", text, None);

    async Task Written(int applies = 2)
    {
        using var registry = new SqliteRegistry(_path);
        for (var i = 1; i <= applies; i++) await Apply(registry, $"text {i}");
    }

    async Task<LockstepException> Refused(Func<SqliteRegistry, Task> work)
    {
        using var registry = new SqliteRegistry(_path, patienceSeconds: 1);
        var e = await Assert.ThrowsAsync<LockstepException>(() => work(registry));
        Assert.Contains(_path, e.Message, StringComparison.Ordinal);
        return e;
    }

    static async Task Load(SqliteRegistry registry) => await registry.LoadAsync(None);

    void Sql(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Texts of this file.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    [Fact]
    public async Task Reading_makes_no_file()
    {
        using var registry = new SqliteRegistry(Path.Combine(_folder, "data", "registry.db"));
        await Load(registry);
        Assert.Equal(0, await registry.NumberAsync(None));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public async Task The_format_is_pinned()
    {
        await Written();
        using var connection = new SqliteConnection($"Data Source={_path};Pooling=False");
        connection.Open();
        string Scalar(string sql)
        {
            using var command = connection.CreateCommand();
#pragma warning disable CA2100
            command.CommandText = sql;
#pragma warning restore CA2100
            using var reader = command.ExecuteReader();
            List<string> rows = [];
            while (reader.Read()) rows.Add(string.Join(",", Enumerable.Range(0, reader.FieldCount).Select(i => reader.GetValue(i).ToString())));
            return string.Join("|", rows);
        }
        Assert.Equal("1280004679", Scalar("pragma application_id"));
        Assert.Equal("1", Scalar("pragma user_version"));
        Assert.Equal("wal", Scalar("pragma journal_mode"));
        Assert.Equal("entity,e0,,1,active,entity|entity,e0,,2,active,entity", Scalar("select category, name, version, apply, state, kind from objects order by apply"));
        Assert.Equal("""{"format":1,"kind":"entity","name":"e0","join_keys":[{"name":"k","type":"string"}],"description":"text 2"}""", Scalar("select definition from objects where apply = 2"));
        Assert.Equal("1,ana,text 1,apply,,1|2,ana,text 2,apply,,1", Scalar("select number, author, reason, verb, restored, changes from applies order by number"));
    }

    [Fact]
    public async Task A_newer_format_is_refused_and_left_alone()
    {
        await Written();
        Sql("pragma user_version = 2");
        foreach (var work in (Func<SqliteRegistry, Task>[])[Load, r => Apply(r, "new")])
            Assert.Contains("has format 2; this program reads formats up to 1. Use a newer lockstep.", (await Refused(work)).Message, StringComparison.Ordinal);
        Sql("pragma user_version = 1");
        using var registry = new SqliteRegistry(_path);
        Assert.Equal(2, await registry.NumberAsync(None));
    }

    [Fact]
    public async Task A_foreign_database_is_refused_and_left_alone()
    {
        Sql("create table mine (x); insert into mine values (1)");
        Assert.Contains("is a SQLite file, but not a Lockstep registry", (await Refused(r => Apply(r, "new"))).Message, StringComparison.Ordinal);
        Sql("insert into mine values (2)");
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_named()
    {
        await File.WriteAllTextAsync(_path, new string('x', 5000), None);
        Assert.Contains("is not a SQLite file", (await Refused(Load)).Message, StringComparison.Ordinal);
        Assert.Contains("is not a SQLite file", (await Refused(r => Apply(r, "new"))).Message, StringComparison.Ordinal);
        Assert.Equal(new string('x', 5000), await File.ReadAllTextAsync(_path, None));
    }

    [Fact]
    public async Task A_folder_in_its_place_is_named()
    {
        Directory.CreateDirectory(_path);
        Assert.Contains("is a folder", (await Refused(r => Apply(r, "new"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_in_place_of_its_folder_is_named()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "data"), "", None);
        using var registry = new SqliteRegistry(Path.Combine(_folder, "data", "registry.db"));
        var e = await Assert.ThrowsAsync<LockstepException>(() => Apply(registry, "new"));
        Assert.Contains("cannot be made", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_file_is_an_empty_registry()
    {
        await File.WriteAllBytesAsync(_path, [], None);
        using var registry = new SqliteRegistry(_path);
        Assert.Equal(0, (await registry.LoadAsync(None)).Number);
        await Apply(registry, "first");
        Assert.Equal(1, await registry.NumberAsync(None));
    }

    [Fact]
    public async Task A_changed_row_does_not_match_its_checksum()
    {
        await Written();
        Sql("drop trigger objects_stay; update objects set definition = replace(definition, 'text 2', 'text 3') where apply = 2");
        Assert.Contains("what it holds of entity 'e0' from apply 2 does not match its checksum", (await Refused(Load)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_history_cannot_be_rewritten_by_sql()
    {
        await Written();
        foreach (var sql in (string[])["update objects set state = 'removed'", "delete from objects", "update applies set author = 'x'", "delete from applies"])
            Assert.Contains("append-only", Assert.Throws<SqliteException>(() => Sql(sql)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damaged_bytes_are_refused_or_do_not_show()
    {
        await Written(applies: 30);
        var whole = await File.ReadAllBytesAsync(_path, None);
        var random = new Random(7);
        var refused = 0;
        for (var round = 0; round < 150; round++)
        {
            var damaged = (byte[])whole.Clone();
            var at = random.Next(100, damaged.Length);
            for (var i = at; i < Math.Min(at + 40, damaged.Length); i++) damaged[i] = (byte)random.Next(256);
            await File.WriteAllBytesAsync(_path, damaged, None);
            try
            {
                using var registry = new SqliteRegistry(_path);
                var snapshot = await registry.LoadAsync(None);
                // An object is what some apply wrote, or it is not there; never anything else.
                Assert.All(snapshot.Objects, o => Assert.Contains(o.Record.Definition, Texts(30), StringComparer.Ordinal));
            }
            catch (LockstepException e)
            {
                Assert.Contains(_path, e.Message, StringComparison.Ordinal);
                refused++;
            }
        }
        Assert.InRange(refused, 1, 150);
    }

    static IEnumerable<string> Texts(int applies) => Enumerable.Range(1, applies)
        .Select(i => $$"""{"format":1,"kind":"entity","name":"e0","join_keys":[{"name":"k","type":"string"}],"description":"text {{i}}"}""");

    [Fact]
    public async Task A_truncated_file_is_named()
    {
        await Written(applies: 30);
        var whole = await File.ReadAllBytesAsync(_path, None);
        await File.WriteAllBytesAsync(_path, whole.AsMemory(0, whole.Length / 2).ToArray(), None);
        Assert.Contains("is damaged", (await Refused(Load)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_locked_registry_is_named_and_can_still_be_read()
    {
        await Written();
        using var other = new SqliteConnection($"Data Source={_path};Pooling=False");
        other.Open();
        using (var transaction = other.BeginTransaction(deferred: false))
        {
            var e = await Refused(r => Apply(r, "third"));
            Assert.Equal(ErrorKind.Failed, e.Kind);
            Assert.Contains("is locked by another process", e.Message, StringComparison.Ordinal);
            using var reader = new SqliteRegistry(_path);
            Assert.Equal(2, (await reader.LoadAsync(None)).Number);
        }
        using var registry = new SqliteRegistry(_path);
        await Apply(registry, "third");
        Assert.Equal(3, await registry.NumberAsync(None));
    }

    [Fact]
    public async Task A_full_disk_is_named_and_nothing_is_half_written()
    {
        await Written();
        using (var registry = new SqliteRegistry(_path, 1, maxPages: 12))
        {
            var e = await Assert.ThrowsAsync<LockstepException>(() => Apply(registry, "many", entities: 400));
            Assert.Contains("the disk is full. Nothing was changed.", e.Message, StringComparison.Ordinal);
            Assert.Equal((2L, 1), ((await registry.LoadAsync(None)).Number, (await registry.LoadAsync(None)).Objects.Count));
        }
        using var roomy = new SqliteRegistry(_path);
        await Apply(roomy, "many", entities: 400);
        Assert.Equal((3L, 400), ((await roomy.LoadAsync(None)).Number, (await roomy.LoadAsync(None)).Objects.Count));
    }

    [Fact]
    public async Task A_read_only_folder_can_be_read_and_an_apply_says_why_it_cannot_write()
    {
        await Written();
        var (code, output) = await RegistryChild.ReadOnlyMount(_folder, nameof(RegistryChild.Reads_and_tries_to_write));
        if (code < 0) Assert.Skip($"no read-only mount here: {output}");
        Assert.True(code == 0, output);
        using var registry = new SqliteRegistry(_path);
        Assert.Equal(2, await registry.NumberAsync(None));
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public async Task A_registry_killed_during_applies_holds_whole_ones(int seed)
    {
        var random = new Random(seed);
        var acknowledged = 0L;
        for (var round = 0; round < 3; round++)
        {
            using var child = RegistryChild.Start(nameof(RegistryChild.Applies_until_it_is_killed), _folder);
            for (var left = random.Next(1, 12); left > 0 && await child.StandardOutput.ReadLineAsync(None) is { } line;)
                if (line.StartsWith("applied ", StringComparison.Ordinal))
                {
                    acknowledged = long.Parse(line.AsSpan(8), System.Globalization.CultureInfo.InvariantCulture);
                    left--;
                }
            child.Kill();
            await child.WaitForExitAsync(None);

            using var registry = new SqliteRegistry(_path);
            var snapshot = await registry.LoadAsync(None);
            // What was reported is there; one more may be, whole.
            Assert.True(snapshot.Number >= acknowledged, $"seed {seed}, round {round}: apply {acknowledged} was reported, {snapshot.Number} is there");
            Assert.Equal(RegistryChild.Entities, snapshot.Objects.Count);
            Assert.All(snapshot.Objects, o => Assert.Equal($"round {snapshot.Number}", o.Definition.Metadata.Description));
            Assert.Equal(Enumerable.Range(1, (int)snapshot.Number).Select(n => (long)n), snapshot.History.Select(a => a.Number));
            acknowledged = snapshot.Number;
        }
    }
}
