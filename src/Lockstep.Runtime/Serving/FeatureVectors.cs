using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Serving;

/// <summary>One served value, why it is what it is, and the instant of its row.</summary>
public readonly record struct ServedValue(Value Value, FeatureStatus Status, long? EventTimestamp);

/// <summary>An answer as typed values: for tools. HTTP writes its text straight from the packed rows.</summary>
/// <param name="Names">Names in the order asked for.</param>
/// <param name="Types">Their types.</param>
/// <param name="Versions">View, or alias, and the version that answered.</param>
/// <param name="AsOf">The instant of all values.</param>
/// <param name="Rows">For each entity row a value for each name.</param>
public sealed record FeatureVectors(
    IReadOnlyList<string> Names, IReadOnlyList<FeatureType> Types, IReadOnlyList<KeyValuePair<string, string>> Versions, long AsOf, IReadOnlyList<IReadOnlyList<ServedValue>> Rows)
{
    internal static FeatureVectors Of(ServingRequest request)
    {
        var plan = request.Plan;
        var rows = new IReadOnlyList<ServedValue>[request.Rows];
        for (var row = 0; row < rows.Length; row++)
        {
            var values = new ServedValue[plan.Outputs.Length];
            for (var i = 0; i < values.Length; i++)
            {
                var (value, status, time) = request.Get(row, i);
                values[i] = new(value, status, time);
            }
            rows[row] = values;
        }
        return new([.. plan.Outputs.Select(o => o.Name)], [.. plan.Outputs.Select(o => o.Type)], plan.Versions, request.AsOf, rows);
    }
}
