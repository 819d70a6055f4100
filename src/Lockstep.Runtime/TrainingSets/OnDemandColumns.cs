using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.OnDemand;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>Rows of a spine, for messages; they count from 1.</summary>
internal readonly record struct SpinePlace(string Spine, long FirstRow);

/// <summary>
/// Computes the on-demand features of a batch of a training set, by the program that serves them (S16): request fields are columns of
/// the spine, stored features those that were just looked up, <c>now()</c> the row's own timestamp.
/// </summary>
internal sealed class OnDemandColumns(OnDemandPlan onDemand, TrainingSetPlan plan)
{
    readonly Column[] _outputs = [.. onDemand.Program.Outputs.Select(o => Column.Create(o.Type))];
    readonly Column[] _found = [.. onDemand.Inputs.Select(i => Column.Create(i.Input.Type))];
    readonly Column[] _inputs = new Column[onDemand.Inputs.Count];
    readonly Scratch _scratch = new();

    /// <param name="batch">Rows of the spine.</param>
    /// <param name="answers">What the lookups found.</param>
    /// <param name="rows">For each lookup the rows in its answer that stand for those of the batch.</param>
    /// <param name="place">Where the batch stands.</param>
    public void Compute(ColumnBatch batch, Answer[] answers, int[][] rows, SpinePlace place)
    {
        var request = 0;
        for (var i = 0; i < _inputs.Length; i++)
        {
            var input = onDemand.Inputs[i];
            if (input.Request is { } field)
                _inputs[i] = ColumnConversion.Convert(batch[plan.RequestColumns[request++]], field.Type, new(place.Spine, place.FirstRow, field.Name, $"the request field '{field.Name}'"));
            else if (input.IsNow) _inputs[i] = batch[plan.Time];
            else
            {
                // Without the view's default: the program has it in its trees, for serving as well.
                var answer = answers[input.Lookup];
                _found[i].Clear();
                answer.AppendTo(_found[i], Array.IndexOf(answer.Ordinals, input.Ordinal), Value.Null, rows[input.Lookup].AsSpan(0, batch.Count));
                _inputs[i] = _found[i];
            }
        }
        foreach (var output in _outputs) output.Clear();
        try
        {
            onDemand.Program.Run(_inputs, _outputs, batch.Count, _scratch);
        }
        catch (CSharpViewException thrown)
        {
            throw thrown.At($"{place.Spine}, row {place.FirstRow + thrown.Row}");
        }
    }

    /// <summary>One output for all rows; null, and so the default, for a row without a timestamp (S18). Valid until the next call, in <paramref name="scratch"/> where nulls are replaced.</summary>
    public Column Output(int output, Value defaultValue, ColumnBatch batch, Column scratch)
    {
        var (from, time) = (_outputs[output], batch[plan.Time]);
        if (!time.HasNulls && (defaultValue.IsNull || !from.HasNulls)) return from;
        scratch.Clear();
        for (var row = 0; row < from.Count; row++)
        {
            if (!time.IsNull(row) && !from.IsNull(row)) scratch.AppendFrom(from, row);
            else if (defaultValue.IsNull) scratch.AppendNull();
            else scratch.Append(defaultValue);
        }
        return scratch;
    }
}
