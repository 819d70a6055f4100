using Lockstep.Core;
using Lockstep.Core.Aggregation.Tiles;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.Registry;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.History;

/// <summary>Which value, of whom, as of when.</summary>
public sealed record LineageRequest
{
    public required Catalog Catalog { get; init; }

    /// <summary>One feature.</summary>
    public required FeatureSelection Feature { get; init; }

    /// <summary>By the names of the keys.</summary>
    public required IReadOnlyDictionary<string, Value> Keys { get; init; }

    /// <summary>The fields that an on-demand feature reads.</summary>
    public IReadOnlyDictionary<string, Value> Request { get; init; } = new Dictionary<string, Value>();

    public required long At { get; init; }

    /// <summary>Events to show of those that lie within.</summary>
    public int Limit { get; init; } = 20;

    /// <summary>And of those that lie next to them, on each side.</summary>
    public int Around { get; init; } = 3;
}

// Reads the rows of one key, file by file, says of each what became of it, and computes the value from those that count, one by one: a
// second way to the value, that neither sweeps nor tiles. History (`get --at`) is asked for it too, and both are compared.
/// <summary>The raw events that made a value.</summary>
public sealed class ValueLineage(IBatchEngine engine, ITables tables, FeatureHistory history, IRunStore runs, string projectFolder)
{
    /// <summary>The feature that is meant: exactly one.</summary>
    public static FeatureSet Resolve(Catalog catalog, FeatureSelection feature)
    {
        ArgumentNullException.ThrowIfNull(feature);
        var set = FeatureSet.Resolve(catalog, [feature]);
        return set.Outputs.Count == 1 ? set
            : throw new LockstepException(ErrorKind.BadArguments, $"'{feature}' names {set.Outputs.Count} features; a value has one. Name one of: {string.Join(", ", set.Outputs.Select(o => $"{feature.View}{feature.Version}:{o.Feature}"))}.");
    }

    public async Task<LineageReport> TraceAsync(LineageRequest request, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Limit < 0) throw new LockstepException(ErrorKind.BadArguments, $"{request.Limit} events cannot be shown. Ask for 0 or more.");
        for (var attempt = 1; ; attempt++)
        {
            var report = await OnceAsync(request, token);
            if (report.IsEqual || attempt == Attempts) return report; // events may come between the two ways
        }
    }

    const int Attempts = 3;

    async Task<LineageReport> OnceAsync(LineageRequest request, CancellationToken token)
    {
        var set = Resolve(request.Catalog, request.Feature);
        var output = set.Outputs[0];
        var row = HistoryRow.Of(set, request.Keys, request.Request);
        var served = history.Get(set, [row], request.At, token).Rows[0][0];
        if (!output.IsOnDemand) return await StoredAsync(output.View, output.Ordinal, row.Keys[0], served, request, token);

        var plan = set.OnDemand!;
        List<LineageReport> inputs = [];
        foreach (var input in plan.Inputs.Where(i => i.Lookup >= 0))
        {
            var (view, key) = (set.Lookups[input.Lookup].View, row.Keys[input.Lookup]);
            var alone = FeatureSet.Resolve(request.Catalog, [new() { View = view.Name, Version = FeatureHistory.Exactly(view), Features = [view.Features[input.Ordinal].Name] }]);
            inputs.Add(await StoredAsync(view, input.Ordinal, key, history.Get(alone, [new([key], row.Request)], request.At, token).Rows[0][0], request, token));
        }
        var stored = plan.Inputs.Where(i => i.Lookup >= 0).Zip(inputs).ToDictionary(i => (i.First.Lookup, i.First.Ordinal), i => i.Second.Raw);
        var raw = FeatureHistory.Compute(plan, [row], (lookup, ordinal, _) => stored[(lookup, ordinal)], request.At)[output.Ordinal].GetValue(0);
        var definition = (OnDemandView)output.View.View;
        return new()
        {
            View = output.View.Id,
            Feature = output.Feature,
            Type = output.Type,
            Key = [.. request.Keys],
            At = request.At,
            Computed = definition.CSharp ?? definition.Features.FirstOrDefault(f => f.Name == output.Feature)?.Expression,
            Inputs = inputs,
            Request = [.. plan.RequestFields.Select(f => KeyValuePair.Create(f.Name, row.Request[f.Name]))],
            Raw = raw,
            Value = raw.IsNull ? output.Default : raw,
            Status = inputs.Any(i => i.Key.Any(k => k.Value.IsNull)) ? FeatureStatus.NotFound : raw.IsNull ? FeatureStatus.NullValue : FeatureStatus.Present,
            Served = served,
        };
    }

    async Task<LineageReport> StoredAsync(ViewVersion view, int ordinal, Value[] key, ServedValue served, LineageRequest request, CancellationToken token)
    {
        var feature = view.Features[ordinal];
        LineageReport report = new()
        {
            View = view.Id,
            Feature = feature.Name,
            Type = feature.Type,
            Key = [.. view.Keys.Fields.Zip(key, (f, v) => KeyValuePair.Create(f.Name, v))],
            At = request.At,
            Value = Value.Null,
            Status = FeatureStatus.NotFound,
            Served = served,
        };
        var table = tables.View(view, request.Catalog);
        Value raw;
        FeatureStatus status;
        if (view.View is AggregationView windows)
        {
            var declared = windows.Features.First(f => f.Windows.Any(w => $"{f.Name}_{w.Name}" == feature.Name));
            WindowTrace trace = new(view, ordinal, request.At, await EndAsync(view, token), request.Limit, request.Around);
            Read(new(engine, trace.Program, key, projectFolder), trace.TimeColumn, trace.ReadFrom, trace.ReadTo, trace.Take);
            (raw, status, report) = trace.Finish(report with { Computed = ObjectDescription.Of(declared) }, declared);
            if (key.Any(k => k.IsNull)) (raw, status) = (Value.Null, FeatureStatus.NotFound); // counts included (S20)
        }
        else
        {
            var columns = ViewColumns.Of(view, request.Catalog);
            var declared = columns.Definition.Features.FirstOrDefault(f => f.Name == feature.Name);
            var trace = Rows(whole: false);
            if (trace.Finish(report).Status == FeatureStatus.NotFound && columns.Definition.Ttl > 0) trace = Rows(whole: true);
            (raw, status, report) = trace.Finish(report with { Computed = declared?.Expression ?? (declared is null || declared.Column == feature.Name ? null : declared.Column) });

            RowTrace Rows(bool whole)
            {
                RowTrace rows = new(columns, ordinal, request.At, request.Limit, request.Around, whole);
                Read(new(engine, rows.Program, key, projectFolder), rows.TimeColumn, rows.ReadFrom, rows.ReadTo, rows.Take);
                return rows;
            }
        }
        return report with { Raw = raw, Value = raw.IsNull ? view.Defaults[ordinal] : raw, Status = status };

        void Read(KeyRows rows, string time, long notBefore, long notAfter, KeyRows.Taker take)
        {
            // A source with a stream alone has no files of its own.
            rows.Read(table with { More = [] }, false, time, notBefore, notAfter, take, token);
            foreach (var log in table.More) rows.Read(log, true, time, notBefore, notAfter, take, token);
        }
    }

    async Task<long> EndAsync(ViewVersion view, CancellationToken token)
        => ViewEnds.Fixed(EventProgram.Of(view).Source) ?? ((await ViewEnds.ForTrainingAsync(runs, view, token)) is { Count: > 0 } ends ? ends[^1].End : TileCell.LogAlone);
}
