using Lockstep.Core.Definitions;
using Lockstep.Core.FeatureTests;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving;

namespace Lockstep.Runtime.FeatureTests;

/// <summary>One feature of one case: what was right, what training gave and what serving gave.</summary>
public sealed record FeatureComparison
{
    /// <summary>As the author wrote it, or <c>view:feature</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Null: no value was expected of it, only that training and serving agree.</summary>
    public ExpectedValue? Expected { get; init; }

    public string? ExpectedStatus { get; init; }
    public required Value Trained { get; init; }

    /// <summary>Null: its view is not served.</summary>
    public ServedValue? Served { get; init; }

    public bool TrainedRight => Expected?.Matches(Trained) != false;
    public bool ServedRight => Served is not { } served || Expected?.Matches(served.Value) != false;
    public bool StatusRight => Served is not { } served || ExpectedStatus is null || ExpectedStatus == served.Status.ToText();

    /// <summary>Bit for bit (S22).</summary>
    public bool Agrees => Served is not { } served || served.Value == Trained;

    public bool Passed => TrainedRight && ServedRight && StatusRight && Agrees;
}

/// <summary>What became of one case.</summary>
public sealed record CaseResult(FeatureTest Test, FeatureCase Case)
{
    public IReadOnlyList<FeatureComparison> Features { get; init; } = [];

    /// <summary>Why it could not be run; empty: it ran.</summary>
    public IReadOnlyList<Problem> Problems { get; init; } = [];

    public TimeSpan Elapsed { get; init; }
    public bool Passed => Problems.Count == 0 && Features.All(f => f.Passed);

    /// <summary>The test's name, and the case's where there are several.</summary>
    public string Name => Case.Name.Length == 0 ? Test.Name : $"{Test.Name}: {Case.Name}";
}

/// <summary>Which features the tests expect values of, among those that the files define.</summary>
public sealed record TestCoverage(IReadOnlyList<string> Tested, IReadOnlyList<string> Untested)
{
    public int Features => Tested.Count + Untested.Count;
    public double Percent => Features == 0 ? 100 : 100.0 * Tested.Count / Features;
}

/// <summary>What became of all, in the order of the files.</summary>
public sealed record FeatureTestReport(IReadOnlyList<CaseResult> Results, TestCoverage Coverage, IReadOnlyList<Problem> Warnings)
{
    public int Passed => Results.Count(r => r.Passed);
    public int Failed => Results.Count - Passed;
}
