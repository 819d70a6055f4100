using System.Text.Json;
using Lockstep.Runtime.OfflineStore;

namespace Lockstep.Runtime.Materialization;

/// <summary>What the stored rows of a SQL view stand on: in the commit that stored them, so that neither is ever there without the other.</summary>
/// <param name="Fingerprint">Of the view.</param>
/// <param name="Sources">The tables that the SQL read, by the names of their sources.</param>
internal sealed record SqlState(string Fingerprint, SortedDictionary<string, TableState> Sources)
{
    public string ToJson() => JsonSerializer.Serialize(this, TableState.JsonOptions);

    /// <summary>Null: there is none, or it cannot be read, and all has to be computed.</summary>
    public static SqlState? Parse(string? json)
    {
        try
        {
            return json is null ? null : JsonSerializer.Deserialize<SqlState>(json, TableState.JsonOptions);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
