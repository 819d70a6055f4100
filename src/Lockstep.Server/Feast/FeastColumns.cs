using System.Text;
using System.Text.Json;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Serving.Json;

namespace Lockstep.Server.Feast;

/// <summary>What a column of a request's entities is: a join key that the plan needs, or one that is only repeated in the answer.</summary>
/// <param name="Key">The join key, in the type that it is understood as.</param>
/// <param name="JsonName">Its name as JSON text.</param>
/// <param name="Fields">The plan's fields of that name: more than one where entities disagree on its type, none where nothing needs it.</param>
sealed record FeastColumn(KeyField Key, byte[] JsonName, int[] Fields);

/// <summary>
/// The names that entity columns can have, found out once a plan: join keys of every entity of the project, and for an entity of one
/// key its own name, unless a join key is called so.
/// </summary>
sealed class FeastColumns
{
    readonly Dictionary<byte[], FeastColumn> _columns = new(new Utf8Comparer());
    readonly Dictionary<byte[], int> _requests = new(new Utf8Comparer());

    public FeastColumns(ServingPlan plan)
    {
        var entities = plan.Catalog.Entities.Values.OrderBy(e => e.Name, StringComparer.Ordinal).ToList();
        foreach (var field in plan.Fields) Add(field.Name, field);
        foreach (var key in entities.SelectMany(e => e.JoinKeys)) Add(key.Name, new(key.Name, key.Type));
        foreach (var entity in entities.Where(e => e.JoinKeys.Count == 1))
            _columns.TryAdd(Encoding.UTF8.GetBytes(entity.Name), Find(Encoding.UTF8.GetBytes(entity.JoinKeys[0].Name))!);

        for (var i = 0; i < plan.OnDemand?.RequestFields.Length; i++) _requests.Add(plan.OnDemand.RequestFields[i].Utf8Name, i);

        void Add(string name, KeyField key) => _columns.TryAdd(Encoding.UTF8.GetBytes(name), new(key, JsonSerializer.SerializeToUtf8Bytes(name, JsonText.Options),
            [.. Enumerable.Range(0, plan.Fields.Length).Where(i => plan.Fields[i].Name == name)]));
    }

    /// <summary>Null: a column that means nothing here.</summary>
    public FeastColumn? Find(ReadOnlySpan<byte> name) => _columns.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out var column) ? column : null;

    /// <summary>The request field of that name, which on-demand features read; -1: there is none.</summary>
    public int FindRequest(ReadOnlySpan<byte> name) => _requests.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out var field) ? field : -1;
}
