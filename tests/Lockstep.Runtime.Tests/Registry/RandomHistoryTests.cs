using Lockstep.Core;
using Lockstep.Runtime.Registry;

namespace Lockstep.Runtime.Tests.Registry;

/// <summary>Random applies, retirements and rollbacks, each held against a judge that only knows the rules.</summary>
public sealed class RandomHistoryTests
{
    static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task S23_S24_random_histories_end_as_the_judge_says(int seed)
    {
        var random = new Random(seed);
        var judge = new RegistryJudge();
        using var registry = new RegistryFixture();
        var (applied, refused) = (0, 0);
        for (var step = 0; step < 60; step++)
        {
            var what = random.Next(10);
            bool? expected, actual;
            string did;
            if (what == 0)
            {
                var number = random.Next(judge.States.Count);
                did = $"rollback {number}";
                expected = judge.Rollback(number);
                actual = await Outcome(async () => await registry.Service.RollbackAsync(number, "ana", "", None));
            }
            else if (what <= 2 && judge.Now.Where(i => i.Value.State is "active" or "retired" && i.Key != "source").Select(i => i.Key).Order(StringComparer.Ordinal).ToList() is { Count: > 0 } ids)
            {
                var id = ids[random.Next(ids.Count)];
                did = $"retire {id}";
                expected = judge.Retire(id);
                actual = await Outcome(async () => await registry.Service.RetireAsync(id, "ana", "", None));
            }
            else
            {
                var project = Project(random, judge);
                did = $"apply {project.SourcePath} {string.Join(",", project.Views)} {string.Join(",", project.Services)}";
                expected = judge.Apply(project);
                actual = await Outcome(async () => await registry.Apply(Text(project)));
                if (expected is null) refused++;
                else applied++;
            }
            Assert.True(expected == actual, $"seed {seed}, step {step}: {did}: expected {Show(expected)}, was {Show(actual)}");
            var now = await registry.Load();
            Assert.Equal(RegistryJudge.Lines(judge.Now), Lines(now));
            Assert.True(now.Number == judge.States.Count - 1, $"seed {seed}, step {step}: {did}: apply {now.Number}, expected {judge.States.Count - 1}");
        }
        for (var number = 0; number < judge.States.Count; number++) Assert.Equal(RegistryJudge.Lines(judge.States[number]), Lines(await registry.Load(number)));
        Assert.InRange(applied, 5, 60);
        Assert.InRange(refused, 2, 55);
        // One id, one meaning, through all of history.
        foreach (var name in (string[])["a", "b"])
            Assert.All((await registry.Registry.RevisionsAsync(ObjectCategory.View, name, None)).GroupBy(r => r.Record.Key), g => Assert.Single(g.Select(r => r.Record.Fingerprint).Distinct()));
    }

    static string Show(bool? outcome) => outcome switch { null => "refused", true => "changed", false => "nothing to do" };

    static async Task<bool?> Outcome(Func<Task<ApplyResult>> work)
    {
        try
        {
            return (await work()).Apply is not null;
        }
        catch (LockstepException e) when (e.Kind == ErrorKind.Conflict)
        {
            return null;
        }
    }

    static IEnumerable<string> Lines(RegistrySnapshot snapshot) => snapshot.Objects.Where(o => o.Key.IsVersioned)
        .Select(o => $"{o.Key} {o.State.ToString().ToLowerInvariant()} {string.Join(",", o.Pins)}".TrimEnd()).Order(StringComparer.Ordinal);

    // Few names, versions and meanings, so that everything meets everything. Services ask only for what there will be.
    static JudgedProject Project(Random random, RegistryJudge judge)
    {
        List<JudgedView> views = [];
        foreach (var name in (string[])["a", "b"])
            if (random.Next(5) > 0)
            {
                var patch = random.Next(3);
                // Mostly what the version already means, so that histories get long.
                var known = judge.Now.TryGetValue($"{name}@1.0.{patch}", out var item) && random.Next(4) > 0 ? item.Meaning.Split(' ')[1] : null;
                views.Add(new(name, patch, known is null ? random.Next(1, 3) : int.Parse(known, System.Globalization.CultureInfo.InvariantCulture), random.Next(2) == 0 ? "ana" : "bob"));
            }
        List<JudgedService> services = [];
        foreach (var version in Enumerable.Range(1, 3).OrderBy(_ => random.Next()).Take(random.Next(3)).Order())
        {
            if (views.Count == 0) break;
            var view = views[random.Next(views.Count)];
            int? selector = random.Next(3) == 0 ? view.Patch : null;
            // A retired version is not there for a service, whoever defines it.
            var served = judge.Now.Where(i => i.Value.State == "active" && i.Key.StartsWith(view.Name + "@", StringComparison.Ordinal)).Select(i => i.Key).ToHashSet();
            var retired = judge.Now.TryGetValue(view.Id, out var own) && own.State == "retired";
            if (retired && (selector is not null || served.Count == 0)) continue;
            services.Add(new(version, view.Name, selector, random.Next(6) == 0));
        }
        return new(random.Next(12) == 0 ? 1 : 0, views, services);
    }

    static string Text(JudgedProject project) => Yaml.All([Yaml.Airport, Yaml.Weather.Replace("data/weather", $"data/{project.SourcePath}", StringComparison.Ordinal),
        .. project.Views.Select(v => Yaml.View(v.Name, $"1.0.{v.Patch}", $"{v.Ttl}h", more: $"owner: {v.Owner}")),
        .. project.Services.Select(s => Yaml.Service(s.Version, s.Wide ? $"\"{s.View}{At(s)}:*\"" : $"\"{s.View}{At(s)}:wind\"", "svc"))]);

    static string At(JudgedService service) => service.Selector is { } patch ? $"@1.0.{patch}" : "";
}
