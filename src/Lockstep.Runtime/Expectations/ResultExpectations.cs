using Lockstep.Core.Definitions;
using Lockstep.Core.Expectations;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Expectations;

/// <summary>
/// The expectations of the views in a training set, over the values that it gives. An expectation that reads a feature which was not
/// asked for is left out. Values count as they are in the data: a default does not hide that there is none.
/// </summary>
internal sealed class ResultExpectations
{
    readonly List<(ExpectationTally Tally, int[] Outputs, int[] Keys)> _tallies = [];
    readonly int _time;
    readonly Schema _result;

    /// <param name="features">What was asked for.</param>
    /// <param name="result">The result's columns: the spine's, then the features.</param>
    /// <param name="time">The place of the instant in it.</param>
    /// <param name="spine">How many of them are the spine's.</param>
    public ResultExpectations(FeatureSet features, Schema result, int time, int spine)
    {
        (_time, _result) = (time, result);
        var all = features.Outputs.Index().ToList();
        foreach (var group in all.Where(o => o.Item.View.View.Expect.Count > 0).GroupBy(o => (o.Item.View.Id, Alias: o.Item.Lookup < 0 ? null : features.Lookups[o.Item.Lookup].Alias, o.Item.Lookup)))
        {
            var view = group.First().Item.View;
            var given = group.DistinctBy(o => o.Item.Feature).ToDictionary(o => o.Item.Feature, o => o.Index, StringComparer.Ordinal);
            var program = ExpectationProgram.Compile(group.Key.Alias is null ? view.Id : $"{view.Id} as {group.Key.Alias}", view.View.Expect,
                new($"view '{view.Id}'", given.Select(g => new Field(g.Key, features.Outputs[g.Value].Type)), []));
            if (program is null) continue;
            var keys = group.Key.Lookup < 0 ? [] : features.Lookups[group.Key.Lookup].KeyColumns.Select(result.IndexOf).Where(k => k >= 0 && k < spine);
            _tallies.Add((new(program), [.. program.Inputs.Select(i => given[i.Name])], [.. keys]));
        }
        Outputs = _tallies.SelectMany(t => t.Outputs).ToHashSet();
    }

    /// <summary>Places of the features, among those asked for, whose values are wanted as they are in the data.</summary>
    public IReadOnlySet<int> Outputs { get; }

    public IReadOnlyList<ExpectationResult> Results => [.. _tallies.SelectMany(t => t.Tally.Results)];

    /// <param name="spine">The columns of the spine.</param>
    /// <param name="values">For each feature asked for its values without default; those that are not among <see cref="Outputs"/> are not looked at.</param>
    /// <param name="rows">How many.</param>
    public void Add(IReadOnlyList<Column> spine, IReadOnlyList<Column> values, int rows)
    {
        foreach (var (tally, outputs, keys) in _tallies)
            tally.Add([.. outputs.Select(o => values[o])], rows, spine[_time] as FixedColumn<long>, [.. keys.Select(k => (_result[k].Name, spine[k]))]);
    }

    /// <summary>Ends a training set before anything of it is visible.</summary>
    public void ThrowIfBlocked()
    {
        if (Results is var results && results.Any(r => r.Blocks)) throw new ExpectationsFailedException("No training set was written.", results);
    }
}
