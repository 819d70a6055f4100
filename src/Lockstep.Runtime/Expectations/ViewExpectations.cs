using Lockstep.Core.Definitions;
using Lockstep.Core.Expectations;
using Lockstep.Core.Rows;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Expectations;

/// <summary>The expectations of a value view over its features, and of its source over its columns, counted over the rows that a run reads.</summary>
internal sealed class ViewExpectations
{
    readonly List<(ExpectationTally Tally, string Prefix, IReadOnlyList<Field> Inputs)> _tallies = [];
    readonly ViewColumns _columns;

    ViewExpectations(ViewColumns columns)
    {
        _columns = columns;
        var view = columns.View;
        Add(ExpectationProgram.Compile(view.Id, columns.Definition.Expect, new($"view '{view.Id}'", view.Features.Fields, [])), "feature:");
        if (Add(ExpectationProgram.Compile(columns.TableName, columns.SourceExpect, columns.Rows), "expect:") is { } source)
            Reads = [.. source.Inputs.Select(i => new RowOutput(new($"expect:{i.Name}", i.Type), i.Name))];

        ExpectationProgram? Add(ExpectationProgram? program, string prefix)
        {
            if (program is not null) _tallies.Add((new(program), prefix, program.Inputs));
            return program;
        }
    }

    /// <summary>Null: there are none.</summary>
    public static ViewExpectations? Of(ViewColumns columns) => new ViewExpectations(columns) is { _tallies.Count: > 0 } some ? some : null;

    /// <summary>Columns that have to be read for them beside the view's own.</summary>
    public IReadOnlyList<RowOutput> Reads { get; } = [];

    public IReadOnlyList<ExpectationResult> Results => [.. _tallies.SelectMany(t => t.Tally.Results)];

    /// <summary>Counts the rows of a batch of <see cref="ViewColumns.Program"/>.</summary>
    public void Add(ColumnBatch batch)
    {
        var keys = _columns.View.Keys.Fields.Select((k, i) => (k.Name, batch[i])).ToList();
        var time = (FixedColumn<long>)batch[keys.Count];
        foreach (var (tally, prefix, inputs) in _tallies)
            tally.Add([.. inputs.Select(i => batch[batch.Schema.IndexOf(prefix + i.Name)])], batch.Count, time, keys);
    }

    /// <summary>Ends a run before it has written anything.</summary>
    public void ThrowIfBlocked()
    {
        if (Results is var results && results.Any(r => r.Blocks)) throw new ExpectationsFailedException("Nothing of this run was brought online.", results);
    }
}
