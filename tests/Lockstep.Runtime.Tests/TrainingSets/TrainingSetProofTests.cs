using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Tests.TrainingSets;

public sealed class TrainingSetProofTests
{
    [Theory, InlineData(false), InlineData(true)]
    public void S19_holds_and_the_report_says_what_was_done(bool asKnown)
    {
        using var lab = Lab();

        var proof = lab.Prove(lab.Request("v:x", "v:y") with { AsKnown = asKnown });

        Assert.True(proof.Holds, proof.ToString());
        Assert.Equal(3, proof.Cuts.Count);
        Assert.All(proof.Cuts, c => Assert.True(c.Compared > 0 && c.MadeUp > 0, proof.ToString()));
        Assert.True(proof.Cuts[0].Dropped > 0, proof.ToString());
        Assert.Contains("training rows up to it are the same, bit for bit.", proof.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("Nothing after a row's own instant changed the row (S19).", proof.ToString(), StringComparison.Ordinal);
    }

    // Builders that leak: by looking a microsecond ahead, and, under as_known, by not asking when a row was created.
    [Theory, InlineData("ahead"), InlineData("created")]
    public void S19_a_leak_is_found(string leak)
    {
        using var lab = Lab();
        var request = lab.Request("v:x", "v:y") with { AsKnown = leak == "created" };
        var proof = new TrainingSetProof(lab.Engine, lab, (tables, asked, token) => new TrainingSetBuilder(lab.Engine, tables, lab.Clock)
            .Run(leak == "ahead" ? asked with { Timestamp = "a_moment_later" } : asked with { AsKnown = false }, null, token)).Run(request, 3, null, CancellationToken.None);

        Assert.False(proof.Holds, proof.ToString());
        Assert.Contains("when what came later is changed", proof.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("S19 does not hold.", proof.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void S19_rows_that_are_lost_are_a_difference()
    {
        using var lab = Lab();
        var runs = 0;
        var proof = new TrainingSetProof(lab.Engine, lab, (tables, asked, token) =>
        {
            var report = new TrainingSetBuilder(lab.Engine, tables, lab.Clock).Run(asked, null, token);
            if (runs++ > 0) lab.Engine[asked.Output!.Path].Rows.RemoveAt(49);
            return report;
        }).Run(lab.Request("v:x"), 1, null, CancellationToken.None);

        Assert.False(proof.Holds, proof.ToString());
    }

    [Fact]
    public void A_spine_that_is_read_once_cannot_be_proven()
    {
        using var lab = Lab();
        using var reader = lab.Engine.Scan(new() { Table = new() { Name = "s", Format = Core.Definitions.TableFormat.Parquet, Files = [new(TrainingSetLab.SpinePath)] }, Columns = [] }, CancellationToken.None);

        var refused = Assert.Throws<LockstepException>(() => lab.Prove(lab.Request("v:x") with { Spine = Spine.Of(reader) }));

        Assert.Equal(ErrorKind.BadArguments, refused.Kind);
    }

    static TrainingSetLab Lab()
    {
        var lab = new TrainingSetLab();
        var random = new Random(5);
        lab.View("v", [new("id", FeatureType.String)], [new("x", FeatureType.Int64), new("y", FeatureType.Float64)], Enumerable.Range(0, 200).Select(i =>
            new[] { Value.Of($"k{random.Next(4)}"), Value.Timestamp(random.Next(100)), Value.Timestamp(random.Next(120)), Value.Of((long)i), Value.Of(i * 0.5) }), created: true);
        lab.Spine([new("id", FeatureType.String), new("event_timestamp", FeatureType.Timestamp), new("a_moment_later", FeatureType.Timestamp)],
            [.. Enumerable.Range(0, 50).Select(_ => random.Next(100)).Select(t => new[] { Value.Of($"k{random.Next(4)}"), Value.Timestamp(t), Value.Timestamp(t + 1) })]);
        return lab;
    }
}
