using System.Globalization;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.Registry;

namespace Lockstep.Compliance;

/// <summary>What every registry promises. A new one is a subclass that opens it.</summary>
public abstract class RegistryCompliance
{
    static readonly CancellationToken None = CancellationToken.None;

    /// <summary>A further handle on the same registry, which is empty at a test's start; the caller disposes it.</summary>
    protected abstract IRegistry Open();

    /// <summary>Two objects that carry the same text, so that half of an apply would show.</summary>
    protected static async Task<ChangeSet> Changes(IRegistry registry, string text, string author = "ana")
    {
        ArgumentNullException.ThrowIfNull(registry);
        var read = DefinitionReader.Read([("a.yaml", $$"""
            kind: entity
            name: airport
            join_keys: { airport: string }
            description: "{{text}}"
            ---
            kind: source
            name: weather
            table: { path: weather.parquet, timestamp: at }
            description: "{{text}}"
            """)]);
        var plan = await new RegistryService(registry, TimeProvider.System).PlanAsync(read.Definitions, read.Problems, SchemaProbe.None, None, partial: true);
        return new() { Base = plan.Base, RegistryId = plan.RegistryId, At = plan.Base * 1000, Author = author, Reason = text, Records = [.. plan.Changes.Select(c => c.After)] };
    }

    static string Text(RegistrySnapshot snapshot) => string.Join("|", snapshot.Objects.Select(o => o.Definition.Metadata.Description));

    [Fact]
    public async Task An_empty_registry_reads_as_one()
    {
        using var registry = Open();
        Assert.Equal(0, await registry.NumberAsync(None));
        var snapshot = await registry.LoadAsync(None);
        Assert.Equal((0L, ""), (snapshot.Number, snapshot.RegistryId));
        Assert.Empty(snapshot.Objects);
        Assert.Empty(await registry.RevisionsAsync(ObjectCategory.Entity, "airport", None));
    }

    [Fact]
    public async Task What_was_appended_is_read_by_everybody()
    {
        using var writer = Open();
        using var reader = Open();
        var changes = await Changes(writer, "one");
        var apply = await writer.AppendAsync(changes, None);
        Assert.Equal(new(1, 0, "ana", "one", ApplyVerb.Apply, null, 2), apply);
        Assert.Equal(1, await reader.NumberAsync(None));
        var snapshot = await reader.LoadAsync(None);
        Assert.Equal(changes.Records, snapshot.Objects.Select(o => o.Record));
        Assert.Equal([apply], snapshot.History);
        Assert.Equal(1, snapshot.Catalog.Number);
        Assert.Equal("one", snapshot.Catalog.Entities["airport"].Metadata.Description);
    }

    [Fact]
    public async Task Every_apply_can_be_read_again()
    {
        using var registry = Open();
        for (var i = 1; i <= 5; i++) await registry.AppendAsync(await Changes(registry, i.ToString(CultureInfo.InvariantCulture)), None);
        for (var i = 1; i <= 5; i++)
        {
            var then = await registry.LoadAsync(None, i);
            Assert.Equal((i, $"{i}|{i}"), (then.Number, Text(then)));
        }
        Assert.Equal(0, (await registry.LoadAsync(None, 0)).Number);
        var revisions = await registry.RevisionsAsync(ObjectCategory.Source, "weather", None);
        Assert.Equal([1L, 2, 3, 4, 5], revisions.Select(r => r.Apply.Number));
        Assert.Equal(["1", "2", "3", "4", "5"], revisions.Select(r => DefinitionJson.Read(r.Record.Definition).Metadata.Description));
    }

    [Fact]
    public async Task A_stale_change_is_a_conflict_and_changes_nothing()
    {
        using var registry = Open();
        var early = await Changes(registry, "early");
        await registry.AppendAsync(await Changes(registry, "first", "bob"), None);
        var e = await Assert.ThrowsAsync<LockstepException>(async () => await registry.AppendAsync(early, None));
        Assert.Equal(ErrorKind.Conflict, e.Kind);
        Assert.Contains("bob", e.Message, StringComparison.Ordinal);
        Assert.Equal("first|first", Text(await registry.LoadAsync(None)));
        var late = await Changes(registry, "late") with { Base = 7 };
        Assert.Equal(ErrorKind.Conflict, (await Assert.ThrowsAsync<LockstepException>(async () => await registry.AppendAsync(late, None))).Kind);
        Assert.Equal(1, await registry.NumberAsync(None));
    }

    [Fact]
    public async Task Changes_for_another_registry_are_a_conflict()
    {
        using var registry = Open();
        await registry.AppendAsync(await Changes(registry, "one"), None);
        var foreign = await Changes(registry, "two") with { RegistryId = "another" };
        Assert.Equal(ErrorKind.Conflict, (await Assert.ThrowsAsync<LockstepException>(async () => await registry.AppendAsync(foreign, None))).Kind);
    }

    [Fact]
    public async Task An_apply_that_fails_on_the_way_leaves_nothing()
    {
        using var registry = Open();
        await registry.AppendAsync(await Changes(registry, "one"), None);
        var changes = await Changes(registry, "two");
        var twice = changes with { Records = [.. changes.Records, changes.Records[0]] };
        await Assert.ThrowsAnyAsync<Exception>(async () => await registry.AppendAsync(twice, None));
        var snapshot = await registry.LoadAsync(None);
        Assert.Equal((1L, "one|one"), (snapshot.Number, Text(snapshot)));
        await registry.AppendAsync(changes, None);
        Assert.Equal("two|two", Text(await registry.LoadAsync(None)));
    }

    [Fact]
    public async Task Of_two_applies_for_one_number_one_wins()
    {
        const int Writers = 4, Each = 8;
        var wins = 0;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(w => Task.Run(async () =>
        {
            using var registry = Open();
            for (var i = 0; i < Each; i++)
                try
                {
                    await registry.AppendAsync(await Changes(registry, $"{w}-{i}"), None);
                    Interlocked.Increment(ref wins);
                }
                catch (LockstepException e) when (e.Kind == ErrorKind.Conflict)
                {
                }
        })));
        using var reader = Open();
        var snapshot = await reader.LoadAsync(None);
        Assert.Equal(wins, snapshot.Number);
        Assert.InRange(wins, Each, Writers * Each);
        Assert.Equal(Enumerable.Range(1, wins).Select(n => (long)n), snapshot.History.Select(a => a.Number));
        Assert.Equal($"{snapshot.History[^1].Reason}|{snapshot.History[^1].Reason}", Text(snapshot));
    }

    [Fact]
    public async Task S21_a_reader_sees_a_registry_before_or_after_an_apply()
    {
        const int Applies = 60;
        var done = false;
        var readers = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            using var registry = Open();
            var seen = 0L;
            while (!Volatile.Read(ref done))
            {
                var snapshot = await registry.LoadAsync(None);
                Assert.InRange(snapshot.Number, seen, Applies);
                seen = snapshot.Number;
                Assert.Equal(snapshot.Number == 0 ? "" : $"{snapshot.Number}|{snapshot.Number}", Text(snapshot));
                Assert.Equal(snapshot.Number, snapshot.Catalog.Number);
            }
            return seen;
        })).ToList();
        using (var writer = Open())
            for (var i = 1; i <= Applies; i++) await writer.AppendAsync(await Changes(writer, i.ToString(CultureInfo.InvariantCulture)), None);
        Volatile.Write(ref done, true);
        Assert.All(await Task.WhenAll(readers), seen => Assert.InRange(seen, 0, Applies));
    }
}
