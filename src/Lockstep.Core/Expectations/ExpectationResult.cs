using System.Globalization;
using System.Text.Json.Serialization;
using Lockstep.Core.Definitions;

namespace Lockstep.Core.Expectations;

/// <summary>What became of one expectation over the rows of a run or training set.</summary>
public sealed record ExpectationResult
{
    /// <summary>Whose it is: <c>weather@1.0.0</c>, <c>source 'weather'</c>; in a training set with the alias, <c>weather@1.0.0 as dest_weather</c>.</summary>
    public required string Of { get; init; }

    public required string That { get; init; }
    public decimal Mostly { get; init; } = 1;
    public FailureAction OnFailure { get; init; }

    /// <summary>Rows where the condition is true.</summary>
    public long Passed { get; init; }

    /// <summary>Rows where it is false.</summary>
    public long Failed { get; init; }

    /// <summary>Rows where it is null: they count neither way.</summary>
    public long Nulls { get; init; }

    /// <summary>Some of the rows where it is false, the newest first: keys, instant, and the values that the condition reads.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Examples { get; init; } = [];

    public long Rows => Passed + Failed + Nulls;

    /// <summary>True among true and false; 1 where there is neither.</summary>
    public double Share => Passed + Failed == 0 ? 1 : (double)Passed / (Passed + Failed);

    // In whole numbers times the share as it was written: no rounding decides.
    public bool Holds => Passed >= Mostly * (Passed + Failed);

    [JsonIgnore]
    public bool Blocks => !Holds && OnFailure == FailureAction.Block;

    /// <summary>One sentence for people: what was expected, and how far it holds.</summary>
    public string Describe()
    {
        var culture = CultureInfo.InvariantCulture;
        var asked = Mostly == 1 ? "" : string.Create(culture, $" (the share of {Share:0.######} is below {Mostly})");
        var example = Examples.Count == 0 ? "" : $" For example: {string.Join(", ", Examples[0].Select(v => $"{v.Key}={v.Value}"))}.";
        return string.Create(culture, $"{Of}: {Failed:N0} of {Passed + Failed:N0} rows fail '{That}'{asked}.{example}");
    }
}

/// <summary>Expectations that block did not hold: nothing of the run, or of the training set, was made visible.</summary>
public sealed class ExpectationsFailedException(string what, IReadOnlyList<ExpectationResult> results)
    : LockstepException(ErrorKind.ExpectationsFailed, $"{what} {string.Join(" ", results.Where(r => r.Blocks).Select(r => r.Describe()))}")
{
    /// <summary>All results, also of those that hold.</summary>
    public IReadOnlyList<ExpectationResult> Results { get; } = results;
}
