using Lockstep.Core;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Serving;

/// <summary>The rules of request rows, whatever they are written in: one for each entity row or one for all, every field in each.</summary>
public static class RequestRows
{
    /// <summary>Takes typed values.</summary>
    internal static void Append(ServedOnDemand served, ColumnBatch to, IReadOnlyList<IReadOnlyDictionary<string, Value>> rows, int entities)
    {
        for (var row = 0; row < rows.Count; row++)
        {
            for (var i = 0; i < served.RequestFields.Length; i++)
            {
                var field = served.RequestFields[i];
                if (!rows[row].TryGetValue(field.Name, out var value)) throw Missing(served, row, f => rows[row].ContainsKey(f.Name));
                if (!value.IsNull && value.Kind != field.Type.Kind) throw new LockstepException(ErrorKind.BadArguments, $"request[{row}].{field.Name} is {value} ({value.Kind}); {field.Expected}.");
                to[i].Append(value);
            }
        }
        Check(served, rows.Count, entities);
    }

    /// <summary>Checks how many rows came.</summary>
    public static void Check(ServedOnDemand served, int requests, int entities)
    {
        ArgumentNullException.ThrowIfNull(served);
        if (served.RequestFields.Length == 0 || requests == 1 || requests == entities) return;
        if (requests == 0) throw new LockstepException(ErrorKind.BadArguments, $"The request lacks \"request\": {Needs(served.RequestFields)}. Give an object for each entity row, or one for all of them.");
        throw Count(requests, entities);
    }

    /// <summary>Rows that do not go together.</summary>
    public static LockstepException Count(int requests, int entities)
        => new(ErrorKind.BadArguments, $"\"request\" has {requests} rows and \"entities\" {entities}; they go together, row by row. One object instead of an array holds for all rows.");

    /// <summary>All the fields that a row lacks.</summary>
    public static LockstepException Missing(ServedOnDemand served, int row, Func<RequestField, bool> isThere)
    {
        ArgumentNullException.ThrowIfNull(served);
        var missing = served.RequestFields.Where(f => !isThere(f)).ToList();
        return new(ErrorKind.BadArguments, $"request[{row}] lacks {Needs(missing)}. Give a value, or null for none.");
    }

    static string Needs(IReadOnlyList<RequestField> fields)
        => $"{string.Join(", ", fields)}, read by {string.Join(", ", fields.SelectMany(f => f.Readers).Distinct().Select(r => $"'{r}'"))}";
}
