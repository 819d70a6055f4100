using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Runtime.Serving;

/// <summary>
/// Answers requests for features from an online store by the catalog that was current when they arrived. Safe for any number of
/// threads; requests take no lock.
/// </summary>
public sealed class FeatureServer(IOnlineStore store, TimeProvider clock, ServerSettings settings, Catalog? catalog = null)
{
    volatile ServingCatalog _current = new(catalog ?? Catalog.Empty, settings.MaxFeatures);
    readonly FreeSlots<ServingRequest> _free = new(64);

    public ServerSettings Settings => settings;
    public TimeProvider Clock => clock;
    public IOnlineStore Store => store;

    /// <summary>What requests that arrive now are answered by. A request takes it once and keeps it.</summary>
    public ServingCatalog Current => _current;

    /// <summary>Puts a catalog in the slot, whole; requests that are under way keep theirs. False: it is the one that is there.</summary>
    public bool Replace(Catalog next)
    {
        ArgumentNullException.ThrowIfNull(next);
        if (ReferenceEquals(_current.Catalog, next)) return false;
        _current = new(next, settings.MaxFeatures);
        return true;
    }

    /// <summary>State for one request; give it back by <see cref="Return"/>, also after an error.</summary>
    public ServingRequest Rent() => _free.Take() ?? new(store);

    public void Return(ServingRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.End();
        if (request.IsWorthKeeping) _free.Leave(request);
    }

    /// <summary>
    /// Typed access for tools: each row gives the plan's fields by name, in the types of the keys, and each row of
    /// <paramref name="requests"/> the fields that on-demand features read, in their types.
    /// </summary>
    /// <param name="at">The instant; null: now. The store keeps what the last seconds (<see cref="ValueCell.Grace"/>) need, and of older ones what has not been replaced.</param>
    public async ValueTask<FeatureVectors> GetAsync(
        FeatureQuery query, IReadOnlyList<IReadOnlyDictionary<string, Value>> rows, CancellationToken token, IReadOnlyList<IReadOnlyDictionary<string, Value>>? requests = null, long? at = null)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var now = at ?? Instant.Now(clock);
        if (rows.Count > settings.MaxEntities) throw new LimitException(Limits.MaxEntities, settings.MaxEntities, $"The request has {rows.Count} entity rows");
        var plan = Current.Compile(query);
        var request = Rent();
        try
        {
            request.Begin(plan, now);
            foreach (var row in rows)
            {
                for (var i = 0; i < plan.Fields.Length; i++)
                    request.RowParts[i] = row.TryGetValue(plan.Fields[i].Name, out var value) ? KeyParts.Write(request.Parts, Check(plan.Fields[i], value, request.Rows)) : KeyPart.Missing;
                request.AddRow(request.RowParts);
            }
            if (request.Requests is { } fields) RequestRows.Append(plan.OnDemand!, fields, requests ?? [], rows.Count);
            await request.ReadAsync(token);
            return FeatureVectors.Of(request);
        }
        finally
        {
            Return(request);
        }
    }

    static Value Check(KeyField field, Value value, int row) => value.IsNull || value.Kind == field.Type.Kind
        ? value
        : throw new LockstepException(ErrorKind.BadArguments, $"entities[{row}].{field.Name} is {value} ({value.Kind}); the join key is {field.Type}.");
}
