namespace Lockstep.Runtime.Tests.Model;

/// <summary>The moving parts as a model of a page, driven at random against the plain judge; each clause of the rules is needed; the real thing plays the same histories.</summary>
public sealed class ModelTests
{
    const int Histories = 4_000, Length = 25;

    static World Model(bool windows, Clause broken = Clause.None) => windows ? new WindowsModel(broken) : new NewestModel(broken);

    /// <summary>Plays a history, settling now and then; what the judge says first.</summary>
    static string? Play(World model, int seed)
    {
        var acts = new HistoryMaker(seed).Make(Length);
        for (var i = 0; i < acts.Count; i++)
        {
            model.Play(acts[i]);
            if (i % 8 != 7 && i != acts.Count - 1) continue;
            model.Settle();
            if (model.Judge() is { } wrong) return $"seed {seed}, after action {i}: {wrong}\n{string.Join("\n", acts.Take(i + 1).Select(Text))}";
        }
        return null;
    }

    static string Text(Act act) => act switch
    {
        Put put => $"put {put.File}: {string.Join(" ", put.Rows.Select(Text))}",
        Remove remove => $"remove {remove.File}",
        Pass pass => $"pass {pass.Seconds}",
        Push push => $"push {push.Key} to {push.Server}: {string.Join(" ", push.Events.Select(Text))}, {Middle(push.At, push.Within, push.End == PushEnd.Dies)}{(push.End == PushEnd.Sleeps ? " and sleeps" : "")}",
        CatchUp catchUp => $"catch up {catchUp.Server}",
        Run run => $"run, {Middle(run.At, run.Within, run.Dies)}",
        _ => act.ToString(),
    };

    static string Text(Item item) => $"{item.Key}#{item.Id}@{item.Time}";

    static string Middle(int at, Act[] within, bool dies) => within.Length == 0 && !dies ? "undisturbed" : $"at step {at} [{string.Join("; ", within.Select(Text))}]{(dies ? " and dies" : "")}";

    [Theory, InlineData(true), InlineData(false)]
    public void S7_S14_S15_S25_the_rules_hold_in_thousands_of_histories(bool windows)
    {
        for (var seed = 1; seed <= Histories; seed++)
        {
            var wrong = Play(Model(windows), seed);
            Assert.True(wrong is null, wrong);
        }
    }

    [Theory, InlineData(true, 1, 150), InlineData(false, 1, 100)]
    public async Task S7_S14_S15_S25_the_real_thing_plays_the_histories_of_the_model(bool windows, int first, int histories)
    {
        for (var seed = first; seed < first + histories; seed++)
        {
            var acts = new HistoryMaker(seed).Make(Length);
            using var player = await RealPlayer.CreateAsync(windows);
            for (var i = 0; i < acts.Count; i++)
            {
                await player.PlayAsync(acts[i]);
                if (i % 8 == 7 || i == acts.Count - 1) await player.JudgeAsync($"seed {seed}, after action {i}:\n{string.Join("\n", acts.Take(i + 1).Select(Text))}\n");
            }
        }
    }

    public static TheoryData<string> Clauses() => [.. Enum.GetNames<Clause>().Skip(1)];

    [Theory, MemberData(nameof(Clauses))]
    public void S7_S14_S15_S25_each_clause_is_needed(string clause)
    {
        var broken = Enum.Parse<Clause>(clause);
        for (var seed = 1; seed <= Histories; seed++)
            if (Play(new WindowsModel(broken), seed) is not null || Play(new NewestModel(broken), seed) is not null) return;
        Assert.Fail($"Without {clause} all is well in {Histories} histories: either it is not needed, or the histories do not reach it.");
    }
}
